-- Campaigns that get more people while they run, and recipients with time zones of their own.

-- Recipients that were added together, the first input too: from which file, with which hash, and from which place on.
CREATE TABLE customersms.campaign_additions (
  campaign integer NOT NULL, number integer NOT NULL, source bytea NOT NULL, hash text NOT NULL, added_us bigint NOT NULL,
  added_by bytea NOT NULL, recipients integer NOT NULL, first_place bigint NOT NULL, PRIMARY KEY (campaign, number)
);
INSERT INTO customersms.campaign_additions
  SELECT c.campaign, 1, '', c.hash, c.added_us, coalesce((
    SELECT w.decided_by FROM customersms.campaign_wanted w WHERE w.campaign = c.campaign AND w.event = 'added'
    ORDER BY w.number LIMIT 1
  ), ''), c.recipients, 0
  FROM customersms.campaigns c WHERE c.hash IS NOT NULL;
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON customersms.campaign_additions
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('additions are only ever appended');

-- The time zones of recipients who have brought one of their own.
CREATE TABLE customersms.campaign_zones (id bigint PRIMARY KEY, zone bytea NOT NULL);
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON customersms.campaign_zones
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('zones are only ever appended');

-- The next ones to be sent to, in the input's order, each with the time zone of its own, if it has one. A campaign without
-- any asks once for all of them.
CREATE FUNCTION customersms.campaign_planned_with_zones(of_campaign integer, start integer, most integer)
  RETURNS TABLE (place bigint, phone bytea, text bytea, segments integer, zone bytea)
  LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
  SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  base constant bigint := of_campaign::bigint << 32;
BEGIN
  IF NOT EXISTS (SELECT FROM campaign_zones z WHERE z.id >= base AND z.id < base + (1::bigint << 32)) THEN
    RETURN QUERY SELECT p.place, p.phone, p.text, p.segments, NULL::bytea FROM campaign_planned(of_campaign, start, most) p;
    RETURN;
  END IF;
  RETURN QUERY SELECT r.id - base, r.phone, t.text, r.segments, z.zone
    FROM campaign_recipients r LEFT JOIN campaign_texts t ON t.campaign = of_campaign AND t.number = r.text
    LEFT JOIN campaign_zones z ON z.id = r.id
    WHERE r.id >= base + start AND r.id < base + (1::bigint << 32) AND r.state = 'planned' ORDER BY r.id LIMIT most;
END $$;
