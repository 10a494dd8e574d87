-- What a request of a campaign costs its database: an intent before it leaves, and the record of its answer.
--
-- Both are for a hundred recipients, so that what is done for each row, and for each statement, is all there is to save.
-- What is as it should be is found out by the update itself; why it is not is asked only then.
--
-- Places that follow each other, as they mostly do, are one stretch of the index; others are looked for one by one, which
-- costs a quarter more. All plans are made once (force_generic_plan): that of a stretch would be made anew with each call, or
-- be compiled anew (jit), as the server takes any stretch for half a percent of everybody.

-- The time by this server's clock, in microseconds since 1970. In PL/pgSQL, as a function in SQL that has a search_path of
-- its own is read and planned anew with each call. The one in base.sql is there for what is made before this.
CREATE OR REPLACE FUNCTION customersms.wall_us() RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET search_path = pg_catalog
AS $$
BEGIN
  RETURN (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
END $$;

-- The transitions of campaign/states.py, and no other: those of requests stand in the trigger, and all others in its function.
-- Its condition is read anew by each statement, so it is short. It is asked after the update, as the server locks each row
-- before it asks what comes before.
CREATE OR REPLACE FUNCTION customersms.campaign_other_transitions() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog
AS $$
BEGIN
  IF OLD.state <> NEW.state AND NOT (
    (OLD.state = 'planned' AND NEW.state = 'accepted' AND OLD.attempts > 0)
    OR (OLD.state = 'rejected' AND NEW.state = 'planned')
    OR (OLD.state = 'unknown' AND NEW.state IN ('accepted', 'planned'))
    OR (OLD.state = 'unknown' AND NEW.state = 'rejected' AND OLD.code = 'INTERRUPTED')
    OR (OLD.state = 'skipped' AND NEW.state = 'planned' AND OLD.code IN ('CAPPED', 'EXPIRED', 'NO_ZONE'))
  ) THEN
    RAISE EXCEPTION USING ERRCODE = 'CSM01', MESSAGE = 'the ledger has no such move';
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS moves ON customersms.campaign_recipients;
CREATE TRIGGER moves AFTER UPDATE OF state ON customersms.campaign_recipients FOR EACH ROW
  WHEN (NOT (
    (OLD.state = 'planned' AND NEW.state IN ('sending', 'skipped'))
    OR (OLD.state = 'sending' AND NEW.state IN ('accepted', 'planned', 'rejected', 'unknown'))
  )) EXECUTE FUNCTION customersms.campaign_other_transitions();

-- Keep the counts, whoever changes a recipient; in one order, so that no two transactions wait for each other. They are
-- sorted when they are few: materialized, as the planner would sort the recipients.
CREATE OR REPLACE FUNCTION customersms.campaign_count() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, customersms, pg_temp
AS $$
BEGIN
  WITH changed AS MATERIALIZED (
    SELECT (c.id >> 32)::integer AS campaign, c.state, c.code, sum(c.n) AS recipients, sum(c.segments) AS segments
    FROM (SELECT id, state, code, segments, 1 AS n FROM is_now UNION ALL SELECT id, state, code, -segments, -1 FROM was) c
    GROUP BY 1, 2, 3 HAVING sum(c.n) <> 0
  )
  INSERT INTO campaign_counts AS k SELECT * FROM changed c ORDER BY c.campaign, c.state, c.code
    ON CONFLICT (campaign, state, code)
    DO UPDATE SET recipients = k.recipients + excluded.recipients, segments = k.segments + excluded.segments;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER counted AFTER UPDATE ON customersms.campaign_recipients
  REFERENCING OLD TABLE AS was NEW TABLE AS is_now FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_count();

-- Make it durable that a request to the recipients at these places is about to leave. The verdict:
--   begun      nothing may keep it; so it is for a copy of the call, too
--   doubted    another server took over, which may lack intents
--   fenced     somebody else is the runner by now
--   unwanted   something else than a run is wanted
--   done       these (`place`) were suppressed meanwhile, or accepted by a late answer; the others are planned still
--   ended      what became of the attempt was recorded before this call came: nothing left
-- Raises CSM02 where somebody is not planned any more; then nobody was moved.
CREATE OR REPLACE FUNCTION customersms.campaign_begin(
  of_campaign integer, clock bigint, trusting boolean, of_holder bytea, of_epoch bigint, of_attempt bigint,
  places integer[], listed text, length bigint, credits text, on_the_list bytea
) RETURNS TABLE (verdict text, place integer)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
  SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  since constant bigint := doubted_since(now_us);
  base constant bigint := of_campaign::bigint << 32;
  size constant integer := cardinality(places);
  in_a_row constant boolean := CASE WHEN places[size] - places[1] = size - 1
    THEN places = ARRAY(SELECT generate_series(places[1], places[size])) END; -- or NULL
  one record;
  moved integer;
  may_be_suppressed boolean;
  is_wanted boolean;
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
  PERFORM FROM campaign_leases l WHERE l.campaign = of_campaign AND l.holder = of_holder AND l.epoch = of_epoch;
  IF NOT FOUND THEN
    verdict := 'fenced';
    RETURN NEXT;
    RETURN;
  END IF;
  PERFORM FROM campaign_suppressed s WHERE s.campaign = of_campaign LIMIT 1;
  may_be_suppressed := FOUND;
  is_wanted := (campaign_wanted_last(of_campaign)).state IS NOT DISTINCT FROM 'run';
  BEGIN
    IF in_a_row THEN
      UPDATE campaign_recipients r
        SET state = 'sending', attempts = r.attempts + 1, attempt = of_attempt, updated_us = now_us
        WHERE is_wanted AND r.id BETWEEN base + places[1] AND base + places[size] AND r.state = 'planned'
          AND NOT (may_be_suppressed AND (
            SELECT true FROM campaign_suppressed s WHERE s.campaign = of_campaign AND s.phone = r.phone LIMIT 1
          ) IS TRUE); -- not EXISTS, for which the server may read all who are suppressed
    ELSE
      UPDATE campaign_recipients r
        SET state = 'sending', attempts = r.attempts + 1, attempt = of_attempt, updated_us = now_us
        WHERE is_wanted AND r.id = ANY (ARRAY(SELECT base + p.place FROM unnest(places) AS p (place)))
          AND r.state = 'planned' AND NOT (may_be_suppressed AND (
            SELECT true FROM campaign_suppressed s WHERE s.campaign = of_campaign AND s.phone = r.phone LIMIT 1
          ) IS TRUE);
    END IF;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> size THEN
      RAISE EXCEPTION USING ERRCODE = 'CSM02', MESSAGE = 'somebody is not planned any more';
    END IF;
  EXCEPTION WHEN SQLSTATE 'CSM02' THEN -- nobody was moved; what keeps them comes in this order
    FOR one IN
      SELECT r.id, r.state FROM campaign_recipients r
      WHERE r.id = ANY (ARRAY(SELECT base + p.place FROM unnest(places) AS p (place)))
        AND (r.state = 'accepted' OR (may_be_suppressed AND EXISTS (
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
    ELSIF NOT is_wanted THEN
      verdict := 'unwanted';
      RETURN NEXT;
    ELSE
      RAISE;
    END IF;
    RETURN;
  END;
  INSERT INTO campaign_attempts
    VALUES (of_attempt, of_campaign, now_us, size, listed, credits, now_us + length);
  INSERT INTO campaign_flying VALUES (of_campaign, of_attempt, of_holder, now_us + length, places);
  PERFORM commit_durably(true);
  verdict := 'begun';
  RETURN NEXT;
END $$;

-- Make durable what became of an attempt, whether or not its beginning has come; a copy of the call changes nothing.
-- `listed` says whom it was about, for the log.
-- Recipients that were taken for cut off meanwhile are what the answer says, as long as no newer attempt was begun, and
-- who is planned again is accepted if it says so; who may have got a text twice is noted.
CREATE OR REPLACE FUNCTION customersms.campaign_record(
  of_campaign integer, clock bigint, of_attempt bigint, listed text, places integer[], states text[], codes bytea[],
  errors bytea[], message_ids bytea[], status integer, of_error bytea, credits text
) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
  SET enable_hashjoin = off SET enable_mergejoin = off
  SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  base constant bigint := of_campaign::bigint << 32;
  unsent constant integer := cardinality(array_positions(states, 'planned'));
  size constant integer := cardinality(places);
  in_a_row constant boolean := CASE WHEN places[size] - places[1] = size - 1
    THEN places = ARRAY(SELECT generate_series(places[1], places[size])) END; -- or NULL
  before constant bigint := base + places[1] - 1;
  w campaign_wanted%ROWTYPE;
BEGIN
  PERFORM campaign_is_here(of_campaign);
  IF unsent > 0 THEN
    PERFORM campaign_lock(of_campaign, false); -- no run ends meanwhile as if nobody were left
  END IF;
  PERFORM pg_advisory_xact_lock(of_attempt);
  INSERT INTO campaign_answers
    VALUES (
      of_attempt, now_us, status, cardinality(array_positions(states, 'accepted')),
      cardinality(array_positions(states, 'rejected')), cardinality(array_positions(states, 'unknown')), unsent, of_error,
      credits
    )
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    PERFORM campaign_found_durably();
    RETURN;
  END IF;
  DELETE FROM campaign_flying f WHERE f.campaign = of_campaign AND f.attempt = of_attempt;
  IF NOT FOUND THEN -- else it began, and its recipients are being sent to by nobody else, as nobody has made them unknown
    IF unsent < cardinality(states) AND NOT EXISTS (SELECT FROM campaign_attempts a WHERE a.attempt = of_attempt)
    THEN -- it was begun before another server took over, which lacks that
      INSERT INTO campaign_attempts
        VALUES (of_attempt, of_campaign, now_us, size, listed, NULL, now_us);
      UPDATE campaign_recipients r SET state = 'sending', attempts = r.attempts + 1, attempt = of_attempt
        FROM unnest(places, states) AS a (place, state)
        WHERE r.id = base + a.place AND r.state = 'planned' AND a.state <> 'planned';
    END IF;
    INSERT INTO campaign_doubles
      SELECT r.id, of_attempt, now_us FROM unnest(places, states) AS a (place, state)
      JOIN campaign_recipients r ON r.id = base + a.place
      WHERE a.state = 'accepted' AND r.attempt <> of_attempt AND r.state <> 'planned';
  END IF;
  IF in_a_row THEN
    UPDATE campaign_recipients r
      SET state = states[(r.id - before)::integer], code = codes[(r.id - before)::integer],
        error = errors[(r.id - before)::integer], message_id = message_ids[(r.id - before)::integer],
        updated_us = now_us
      WHERE r.id BETWEEN before + 1 AND before + size AND (
        (r.attempt = of_attempt AND (r.state = 'sending' OR (r.state = 'unknown' AND r.code = 'INTERRUPTED')))
        OR (r.state = 'planned' AND r.attempts > 0 AND states[(r.id - before)::integer] = 'accepted')
      );
  ELSE
    UPDATE campaign_recipients r
      SET state = a.state, code = a.code, error = a.error, message_id = a.message_id, updated_us = now_us
      FROM unnest(places, states, codes, errors, message_ids) AS a (place, state, code, error, message_id)
      WHERE r.id = base + a.place AND (
        (r.attempt = of_attempt AND (r.state = 'sending' OR (r.state = 'unknown' AND r.code = 'INTERRUPTED')))
        OR (r.state = 'planned' AND r.attempts > 0 AND a.state = 'accepted')
      );
  END IF;
  IF unsent > 0 THEN
    w := campaign_wanted_last(of_campaign);
    IF w.state = 'done' AND campaign_anyone_left(of_campaign) THEN -- it had ended before this was known
      INSERT INTO campaign_wanted VALUES (of_campaign, w.number + 1, now_us, 'run', 'late', '', '', '', w.terms)
        ON CONFLICT DO NOTHING; -- another late answer has said so just now
    END IF;
  END IF;
  PERFORM commit_durably(true);
END $$;
