-- Moves between places of which two may have the same name.
--
-- A campaign that leaves notes to which database, and of which copy there it has left: each that is brought has an id of
-- its own, drawn at random. Nothing else ever arrives.

-- Which database this is, as no other is: by the server's system identifier and its number there. A promoted standby has
-- the same, a restored dump another one.
CREATE FUNCTION customersms.database_id() RETURNS text LANGUAGE sql STABLE SECURITY INVOKER SET search_path = pg_catalog
AS $$
  SELECT c.system_identifier || '/' || d.oid FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()
$$;

ALTER TABLE customersms.campaign_moves
  ADD COLUMN database text NOT NULL DEFAULT '', -- where it is moved to; empty: into a file
  ADD COLUMN copy text NOT NULL DEFAULT ''; -- which copy was brought there

-- What arrives is the copy that was brought here.
CREATE FUNCTION customersms.campaign_moves_copy() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
BEGIN
  IF NEW.copy IS DISTINCT FROM (
    SELECT m.copy FROM campaign_moves m WHERE m.campaign = NEW.campaign ORDER BY m.number DESC LIMIT 1
  ) THEN
    RAISE EXCEPTION USING ERRCODE = 'CSM01', MESSAGE = 'it is not the copy that was brought here';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER copies BEFORE INSERT ON customersms.campaign_moves
  FOR EACH ROW WHEN (NEW.state = 'arrived') EXECUTE FUNCTION customersms.campaign_moves_copy();

DROP FUNCTION IF EXISTS customersms.campaign_say_of_move(integer, bigint, boolean, bytea, bigint, text, text, bytea, bytea);
-- Append what is said of a move from now on. The verdict:
--   said       it is so, also for a copy of the call
--   doubted    another server took over, which may lack intents: the campaign can't leave
--   fenced     somebody else is the runner by now; for all but an arrival
--   elsewhere  it was brought to another database: this one has a copy of it
--   sending    so many may still be sent to, until then: the campaign can't leave
--   other      it does not follow on what was said last
CREATE FUNCTION customersms.campaign_say_of_move(
  of_campaign integer, clock bigint, trusting boolean, of_holder bytea, of_epoch bigint, of_move text, of_state text,
  of_place bytea, by_whom bytea, of_database text, of_copy text
) RETURNS TABLE (verdict text, sending bigint, until_us bigint)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  grace constant bigint := 5000000; -- as in campaign_recover
  now_us constant bigint := coalesce(clock, wall_us());
  since constant bigint := doubted_since(now_us);
  m campaign_moves%ROWTYPE;
BEGIN
  PERFORM pg_advisory_xact_lock(1129536340, of_campaign); -- whatever changes the campaign has ended, or waits for this
  SELECT * INTO m FROM campaign_moves c WHERE c.campaign = of_campaign ORDER BY c.number DESC LIMIT 1;
  IF m.move = of_move AND m.state = of_state AND m.copy = of_copy THEN
    verdict := 'said';
    PERFORM campaign_found_durably();
  ELSIF of_state = 'leaving' AND NOT trusting AND since IS NOT NULL AND NOT EXISTS (
    SELECT FROM campaign_vouched v WHERE v.campaign = of_campaign AND v.place = (SELECT max(p.place) FROM places p)
  ) THEN
    verdict := 'doubted';
  ELSIF of_state = 'arrived' AND of_database NOT IN ('', database_id()) THEN
    verdict := 'elsewhere';
  ELSIF of_state <> 'arrived' AND NOT EXISTS (
    SELECT FROM campaign_leases l WHERE l.campaign = of_campaign AND l.holder = of_holder AND l.epoch = of_epoch
  ) THEN
    verdict := 'fenced';
  ELSIF of_state = 'leaving' AND EXISTS (SELECT FROM campaign_flying f WHERE f.campaign = of_campaign) THEN
    verdict := 'sending';
    SELECT sum(array_length(f.places, 1)), max(f.deadline_us) + grace INTO sending, until_us
      FROM campaign_flying f WHERE f.campaign = of_campaign;
  ELSE
    BEGIN
      INSERT INTO campaign_moves
        VALUES (
          of_campaign, coalesce(m.number, 0) + 1, now_us, of_move, of_state, of_place, by_whom, of_database, of_copy
        );
      verdict := 'said';
    EXCEPTION WHEN SQLSTATE 'CSM01' THEN
      verdict := 'other';
    END;
  END IF;
  PERFORM commit_durably(true);
  RETURN NEXT;
END $$;
