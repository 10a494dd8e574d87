-- The attempts of a run: the intent before the first byte, what became of it, and what a lost host has left.

-- Make it durable that a request to the recipients at these places is about to leave. The verdict:
--   begun      nothing may keep it; so it is for a copy of the call, too
--   doubted    another server took over, which may lack intents
--   fenced     somebody else is the runner by now
--   unwanted   something else than a run is wanted
--   done       these (`place`) were suppressed meanwhile, or accepted by a late answer; the others are planned still
--   ended      what became of the attempt was recorded before this call came: nothing left
-- Raises CSM02 where somebody is not planned any more; then nobody was moved.
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

-- Make durable what became of an attempt, whether or not its beginning has come; a copy of the call changes nothing.
-- `listed` says whom it was about, for the log.
-- Recipients that were taken for cut off meanwhile are what the answer says, as long as no newer attempt was begun, and
-- who is planned again is accepted if it says so; who may have got a text twice is noted.
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

-- Make unknown who was being sent to in attempts that can have no answer any more. Gives the microseconds until the next
-- of other holders may be such a one; NULL if there is none.
CREATE FUNCTION customersms.campaign_recover(of_campaign integer, clock bigint, of_holder bytea, words bytea) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  grace constant bigint := 5000000; -- as in _core/buckets.py
  now_us constant bigint := coalesce(clock, wall_us());
  base constant bigint := of_campaign::bigint << 32;
  f campaign_flying%ROWTYPE;
  left_us bigint;
BEGIN
  FOR f IN SELECT * FROM campaign_flying c
    WHERE c.campaign = of_campaign AND c.deadline_us + grace <= now_us ORDER BY c.attempt FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE campaign_recipients r SET state = 'unknown', code = 'INTERRUPTED', error = words, updated_us = now_us
      WHERE r.id = ANY (ARRAY(SELECT base + p.place FROM unnest(f.places) AS p (place)))
        AND r.attempt = f.attempt AND r.state = 'sending';
    DELETE FROM campaign_flying c WHERE c.campaign = of_campaign AND c.attempt = f.attempt;
    PERFORM commit_durably(true);
  END LOOP;
  SELECT min(c.deadline_us) + grace - now_us INTO left_us FROM campaign_flying c
    WHERE c.campaign = of_campaign AND c.holder <> of_holder;
  RETURN left_us;
END $$;
