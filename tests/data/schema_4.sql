-- What the schema customersms of version 4 had where ledger_requests.sql stands now, word for word.

CREATE TRIGGER moves BEFORE UPDATE OF state ON customersms.campaign_recipients FOR EACH ROW
  WHEN (OLD.state <> NEW.state AND NOT (
    (OLD.state = 'planned' AND NEW.state IN ('sending', 'skipped'))
    OR (OLD.state = 'planned' AND NEW.state = 'accepted' AND OLD.attempts > 0)
    OR (OLD.state = 'sending' AND NEW.state IN ('accepted', 'planned', 'rejected', 'unknown'))
    OR (OLD.state = 'rejected' AND NEW.state = 'planned')
    OR (OLD.state = 'unknown' AND NEW.state IN ('accepted', 'planned'))
    OR (OLD.state = 'unknown' AND NEW.state = 'rejected' AND OLD.code = 'INTERRUPTED')
    OR (OLD.state = 'skipped' AND NEW.state = 'planned' AND OLD.code IN ('CAPPED', 'EXPIRED', 'NO_ZONE'))
  )) EXECUTE FUNCTION customersms.campaign_refuse('the ledger has no such move');

CREATE FUNCTION customersms.campaign_count() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, customersms, pg_temp
AS $$
DECLARE
  one record;
BEGIN
  FOR one IN
    SELECT (c.id >> 32)::integer AS campaign, c.state, c.code, sum(c.n) AS n, sum(c.n * c.segments) AS segments
    FROM (SELECT id, state, code, segments, 1 AS n FROM is_now UNION ALL SELECT id, state, code, segments, -1 FROM was) c
    GROUP BY 1, 2, 3 HAVING sum(c.n) <> 0 ORDER BY 1, 2, 3
  LOOP
    INSERT INTO campaign_counts AS k VALUES (one.campaign, one.state, one.code, one.n, one.segments)
      ON CONFLICT (campaign, state, code)
      DO UPDATE SET recipients = k.recipients + one.n, segments = k.segments + one.segments;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER counted AFTER UPDATE ON customersms.campaign_recipients
  REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_count();

CREATE FUNCTION customersms.campaign_begin(
  of_campaign integer, clock bigint, trusting boolean, of_holder bytea, of_epoch bigint, of_attempt bigint,
  places integer[], listed text, length bigint, credits text, on_the_list bytea
) RETURNS TABLE (verdict text, place integer)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  now_us bigint := coalesce(clock, wall_us());
  since bigint := doubted_since(now_us);
  base constant bigint := of_campaign::bigint << 32;
  ids bigint[];
  found_lease record;
  one record;
  moved integer;
  may_be_suppressed boolean;
BEGIN
  IF NOT trusting AND since IS NOT NULL AND NOT EXISTS (
    SELECT FROM campaign_vouched v WHERE v.campaign = of_campaign AND v.place = (SELECT max(p.place) FROM places p)
  ) THEN
    verdict := 'doubted'; -- no error, as what this call wrote of that must stay
    PERFORM commit_durably(true);
    RETURN NEXT;
    RETURN;
  END IF;
  PERFORM campaign_is_here(of_campaign);
  PERFORM campaign_lock(of_campaign, false);
  PERFORM pg_advisory_xact_lock(of_attempt); -- what is said of one attempt comes one after the other
  PERFORM FROM campaign_answers a WHERE a.attempt = of_attempt;
  IF FOUND THEN
    verdict := 'ended';
    RETURN NEXT;
    RETURN;
  END IF;
  PERFORM FROM campaign_attempts a WHERE a.attempt = of_attempt;
  IF FOUND THEN
    verdict := 'begun';
    PERFORM campaign_found_durably();
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT l.epoch, l.holder INTO found_lease FROM campaign_leases l WHERE l.campaign = of_campaign;
  IF found_lease.holder IS DISTINCT FROM of_holder OR found_lease.epoch IS DISTINCT FROM of_epoch THEN
    verdict := 'fenced';
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT array_agg(base + p.place ORDER BY p.place) INTO ids FROM unnest(places) AS p (place);
  PERFORM FROM campaign_suppressed s WHERE s.campaign = of_campaign LIMIT 1;
  may_be_suppressed := FOUND;
  FOR one IN
    SELECT r.id, r.state FROM campaign_recipients r
    WHERE r.id = ANY (ids) AND (r.state = 'accepted' OR (may_be_suppressed AND EXISTS (
      SELECT FROM campaign_suppressed s WHERE s.campaign = of_campaign AND s.phone = r.phone
    ))) ORDER BY r.id
  LOOP
    IF one.state = 'planned' THEN
      UPDATE campaign_recipients r SET state = 'skipped', code = 'SUPPRESSED', error = on_the_list, updated_us = now_us
        WHERE r.id = one.id AND r.state = 'planned';
    END IF;
    verdict := 'done'; place := one.id - base;
    RETURN NEXT;
  END LOOP;
  IF verdict IS NOT NULL THEN
    PERFORM commit_durably(true);
    RETURN;
  END IF;
  IF (campaign_wanted_last(of_campaign)).state IS DISTINCT FROM 'run' THEN
    verdict := 'unwanted';
    RETURN NEXT;
    RETURN;
  END IF;
  UPDATE campaign_recipients r
    SET state = 'sending', attempts = r.attempts + 1, attempt = of_attempt, updated_us = now_us
    WHERE r.id = ANY (ids) AND r.state = 'planned';
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved <> array_length(ids, 1) THEN
    RAISE EXCEPTION USING ERRCODE = 'CSM02', MESSAGE = 'somebody is not planned any more';
  END IF;
  INSERT INTO campaign_attempts
    VALUES (of_attempt, of_campaign, now_us, array_length(ids, 1), listed, credits, now_us + length);
  INSERT INTO campaign_flying VALUES (of_campaign, of_attempt, of_holder, now_us + length, places);
  PERFORM commit_durably(true);
  verdict := 'begun';
  RETURN NEXT;
END $$;

CREATE FUNCTION customersms.campaign_record(
  of_campaign integer, clock bigint, of_attempt bigint, listed text, places integer[], states text[], codes bytea[],
  errors bytea[], message_ids bytea[], status integer, of_error bytea, credits text
) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
  SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  base constant bigint := of_campaign::bigint << 32;
  w campaign_wanted%ROWTYPE;
BEGIN
  PERFORM campaign_is_here(of_campaign);
  IF 'planned' = ANY (states) THEN
    PERFORM campaign_lock(of_campaign, false); -- no run ends meanwhile as if nobody were left
  END IF;
  PERFORM pg_advisory_xact_lock(of_attempt);
  INSERT INTO campaign_answers
    SELECT of_attempt, now_us, status, count(*) FILTER (WHERE s.state = 'accepted'),
      count(*) FILTER (WHERE s.state = 'rejected'), count(*) FILTER (WHERE s.state = 'unknown'),
      count(*) FILTER (WHERE s.state = 'planned'), of_error, credits
    FROM unnest(states) AS s (state)
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    PERFORM campaign_found_durably();
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM unnest(states) AS s (state) WHERE s.state <> 'planned')
    AND NOT EXISTS (SELECT FROM campaign_attempts a WHERE a.attempt = of_attempt)
  THEN -- it was begun before another server took over, which lacks that
    INSERT INTO campaign_attempts
      VALUES (of_attempt, of_campaign, now_us, array_length(places, 1), listed, NULL, now_us);
    UPDATE campaign_recipients r SET state = 'sending', attempts = r.attempts + 1, attempt = of_attempt
      FROM unnest(places, states) AS a (place, state)
      WHERE r.id = base + a.place AND r.state = 'planned' AND a.state <> 'planned';
  END IF;
  DELETE FROM campaign_flying f WHERE f.campaign = of_campaign AND f.attempt = of_attempt;
  INSERT INTO campaign_doubles
    SELECT r.id, of_attempt, now_us FROM unnest(places, states) AS a (place, state)
    JOIN campaign_recipients r ON r.id = base + a.place
    WHERE a.state = 'accepted' AND r.attempt <> of_attempt AND r.state <> 'planned';
  UPDATE campaign_recipients r
    SET state = a.state, code = a.code, error = a.error, message_id = a.message_id, updated_us = now_us
    FROM unnest(places, states, codes, errors, message_ids) AS a (place, state, code, error, message_id)
    WHERE r.id = base + a.place AND (
      (r.attempt = of_attempt AND (r.state = 'sending' OR (r.state = 'unknown' AND r.code = 'INTERRUPTED')))
      OR (r.state = 'planned' AND r.attempts > 0 AND a.state = 'accepted')
    );
  IF 'planned' = ANY (states) THEN
    w := campaign_wanted_last(of_campaign);
    IF w.state = 'done' AND campaign_anyone_left(of_campaign) THEN -- it had ended before this was known
      INSERT INTO campaign_wanted VALUES (of_campaign, w.number + 1, now_us, 'run', 'late', '', '', '', w.terms)
        ON CONFLICT DO NOTHING; -- another late answer has said so just now
    END IF;
  END IF;
  PERFORM commit_durably(true);
END $$;
