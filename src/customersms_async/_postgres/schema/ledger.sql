-- Campaigns: who is to be sent to, every intent before its first byte, and what became of it.
--
-- Safety rests on committed intents alone: `campaign_begin` moves every recipient of a request from planned to sending, or
-- none, and two hosts can't both move a row, whatever they believe. Leases keep one runner at a time, for order and pace.
--
-- A recipient's id has the campaign in its high half and the place in the input in its low one, so that the next ones are
-- found by one index alone, also in a campaign that was added a moment ago; what changes has no index, so that a change
-- stays within its page. Words of people, of the gateway and of files are bytes, as the server's own texts can't hold all.
-- Times are microseconds since 1970.

CREATE TABLE customersms.campaigns (
  campaign integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name bytea NOT NULL UNIQUE, ledger text NOT NULL,
  made_us bigint NOT NULL,
  -- the input, once it was added:
  hash text, template bytea, recipients integer, added_us bigint, rehearsal boolean, kept bytea
);

CREATE TABLE customersms.campaign_texts (
  campaign integer NOT NULL, number integer NOT NULL, text bytea NOT NULL, PRIMARY KEY (campaign, number)
);

CREATE TABLE customersms.campaign_recipients (
  id bigint PRIMARY KEY, phone bytea NOT NULL, text integer, segments integer NOT NULL,
  state text NOT NULL CHECK (state IN ('planned', 'sending', 'accepted', 'rejected', 'unknown', 'skipped')),
  code bytea NOT NULL DEFAULT '', error bytea, message_id bytea, attempts integer NOT NULL DEFAULT 0, attempt bigint,
  updated_us bigint NOT NULL
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.1);

-- Where recipients stand in their file, and what was kept of their rows (a JSON object), if there is a file.
CREATE TABLE customersms.campaign_origins (id bigint PRIMARY KEY, line bigint NOT NULL, kept bytea);

-- How many recipients are in each state with each code, and their segments.
CREATE TABLE customersms.campaign_counts (
  campaign integer NOT NULL, state text NOT NULL, code bytea NOT NULL, recipients bigint NOT NULL, segments bigint NOT NULL,
  PRIMARY KEY (campaign, state, code)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Intents and what became of them: both are only ever appended. An attempt's number is drawn by whoever begins it.
CREATE TABLE customersms.campaign_attempts (
  attempt bigint PRIMARY KEY, campaign integer NOT NULL, began_us bigint NOT NULL, recipients integer NOT NULL,
  ids text NOT NULL, credits_before text, deadline_us bigint NOT NULL
);
CREATE INDEX campaign_attempts_by_time ON customersms.campaign_attempts (campaign, began_us);
CREATE TABLE customersms.campaign_answers (
  attempt bigint PRIMARY KEY, ended_us bigint NOT NULL, status_code integer, accepted integer NOT NULL,
  rejected integer NOT NULL, unknown integer NOT NULL, unsent integer NOT NULL, error bytea, credits_after text
);
-- Texts that came twice, as a person had one sent again whose first request was accepted all the same.
CREATE TABLE customersms.campaign_doubles (
  id bigint NOT NULL, attempt bigint NOT NULL, ended_us bigint NOT NULL, PRIMARY KEY (id, attempt)
);
-- The intents without an answer yet: all that has to be read to find those of dead processes.
CREATE TABLE customersms.campaign_flying (
  campaign integer NOT NULL, attempt bigint NOT NULL, holder bytea NOT NULL, deadline_us bigint NOT NULL,
  places integer[] NOT NULL, PRIMARY KEY (campaign, attempt)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE customersms.campaign_suppressed (
  campaign integer NOT NULL, phone bytea NOT NULL, source bytea NOT NULL, at_us bigint NOT NULL,
  PRIMARY KEY (campaign, phone, source)
);
CREATE TABLE customersms.campaign_resolutions (
  campaign integer NOT NULL, number integer NOT NULL, at_us bigint NOT NULL, decided_by bytea NOT NULL,
  becomes text NOT NULL, recipients integer NOT NULL, ids text NOT NULL, call bytea, PRIMARY KEY (campaign, number)
);

-- What is wanted of a campaign: each change is a row, of which the last counts, with the terms that stand since then.
CREATE TABLE customersms.campaign_terms (
  campaign integer NOT NULL, number integer NOT NULL, at_us bigint NOT NULL, terms bytea NOT NULL,
  PRIMARY KEY (campaign, number)
);
CREATE TABLE customersms.campaign_wanted (
  campaign integer NOT NULL, number integer NOT NULL, at_us bigint NOT NULL, state text NOT NULL, event text NOT NULL,
  decided_by bytea NOT NULL, guard bytea NOT NULL, why bytea NOT NULL, terms integer, call bytea,
  PRIMARY KEY (campaign, number)
);
-- The campaigns of which a run is wanted, kept by the trigger there: all that workers have to read.
CREATE TABLE customersms.campaign_runs_wanted (campaign integer PRIMARY KEY)
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Where a campaign was moved from and to, as campaign/moving.py has it: the last row counts.
CREATE TABLE customersms.campaign_moves (
  campaign integer NOT NULL, number integer NOT NULL, at_us bigint NOT NULL, move text NOT NULL, state text NOT NULL,
  place bytea NOT NULL, decided_by bytea NOT NULL, PRIMARY KEY (campaign, number)
);

-- Who runs a campaign: a holder, which is one open ledger of a host, which is one process. A host that has not been heard
-- of until its time is dead as far as leases go; it may still record what became of its intents.
CREATE TABLE customersms.campaign_hosts (host bytea PRIMARY KEY, words bytea NOT NULL, until_us bigint NOT NULL)
  WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- The campaigns whose runner lived on when another server took over, and has put its lost intents in again there.
CREATE TABLE customersms.campaign_vouched (campaign integer NOT NULL, place bigint NOT NULL, PRIMARY KEY (campaign, place));
CREATE TABLE customersms.campaign_leases (
  campaign integer PRIMARY KEY, epoch bigint NOT NULL, host bytea, holder bytea, since_us bigint
);

CREATE FUNCTION customersms.campaign_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'CSM01', MESSAGE = TG_ARGV[0]; END $$;

-- The moves of campaign/states.py, and no other.
CREATE TRIGGER moves BEFORE UPDATE OF state ON customersms.campaign_recipients FOR EACH ROW
  WHEN (OLD.state <> NEW.state AND NOT (
    (OLD.state = 'planned' AND NEW.state IN ('sending', 'skipped'))
    OR (OLD.state = 'planned' AND NEW.state = 'accepted' AND OLD.attempts > 0)
    OR (OLD.state = 'sending' AND NEW.state IN ('accepted', 'planned', 'rejected', 'unknown'))
    OR (OLD.state = 'rejected' AND NEW.state = 'planned')
    OR (OLD.state = 'unknown' AND NEW.state IN ('accepted', 'planned'))
    OR (OLD.state = 'unknown' AND NEW.state = 'rejected' AND OLD.code = 'INTERRUPTED')
    OR (OLD.state = 'skipped' AND NEW.state = 'planned' AND OLD.code = 'CAPPED')
  )) EXECUTE FUNCTION customersms.campaign_refuse('the ledger has no such move');

CREATE TRIGGER frozen BEFORE UPDATE OF id, phone, text, segments ON customersms.campaign_recipients
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('what was added is frozen');
CREATE TRIGGER kept BEFORE DELETE ON customersms.campaign_recipients
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('recipients are never removed');
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON customersms.campaign_attempts
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('attempts are only ever appended');
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON customersms.campaign_answers
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('answers are only ever appended');
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON customersms.campaign_suppressed
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('suppressed numbers are only ever appended');
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON customersms.campaign_resolutions
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('resolutions are only ever appended');
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON customersms.campaign_wanted
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('what was wanted is only ever appended');
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON customersms.campaign_moves
  FOR EACH STATEMENT EXECUTE FUNCTION customersms.campaign_refuse('moves are only ever appended');

-- What follows in campaign/moving.py on what was said last of a move, and nothing else.
CREATE FUNCTION customersms.campaign_moves_follow() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  m campaign_moves%ROWTYPE;
BEGIN
  SELECT * INTO m FROM campaign_moves c WHERE c.campaign = NEW.campaign ORDER BY c.number DESC LIMIT 1;
  PERFORM FROM (VALUES
    ('', 'leaving'), ('arrived', 'leaving'), ('arriving', 'arrived'), ('leaving', 'arriving'), ('leaving', 'left'),
    ('leaving', 'stayed'), ('stayed', 'leaving')
  ) AS f (was, becomes)
    WHERE f.was = coalesce(m.state, '') AND f.becomes = NEW.state
      AND (f.was = '' OR (NEW.move = m.move) = (NEW.state <> 'leaving'));
  IF NOT FOUND OR NEW.number <> coalesce(m.number, 0) + 1 THEN
    RAISE EXCEPTION USING ERRCODE = 'CSM01', MESSAGE = 'it does not follow on what was said of the move';
  END IF;
  IF NEW.state NOT IN ('stayed', 'arrived') THEN -- no worker has to look at it
    DELETE FROM campaign_runs_wanted r WHERE r.campaign = NEW.campaign;
  ELSIF EXISTS (
    SELECT FROM (SELECT c.state FROM campaign_wanted c WHERE c.campaign = NEW.campaign ORDER BY c.number DESC LIMIT 1) w
    WHERE w.state = 'run'
  ) THEN
    INSERT INTO campaign_runs_wanted VALUES (NEW.campaign) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER moves BEFORE INSERT ON customersms.campaign_moves
  FOR EACH ROW EXECUTE FUNCTION customersms.campaign_moves_follow();

-- Raise CSM03 unless the campaign is in this ledger, and see that it stays here until this transaction has ended. What
-- comes after a lock must see what was committed before it was had, which only one isolation level does.
CREATE FUNCTION customersms.campaign_is_here(of_campaign integer) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  said text;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION USING ERRCODE = 'CSM04', MESSAGE = 'the isolation level of this user''s transactions must be read'
      ' committed: see default_transaction_isolation of the role and of the database';
  END IF;
  PERFORM pg_advisory_xact_lock_shared(1129536340, of_campaign);
  SELECT m.state INTO said FROM campaign_moves m WHERE m.campaign = of_campaign ORDER BY m.number DESC LIMIT 1;
  IF said NOT IN ('stayed', 'arrived') THEN
    RAISE EXCEPTION USING ERRCODE = 'CSM03', MESSAGE = 'the campaign is not in this ledger';
  END IF;
END $$;

-- The moves of campaign/wanted_states.py, and no other: what was wanted before (nothing: ''), and whether a guard or an
-- interruption had stopped it; the event; what is wanted then, and whether a guard is named.
CREATE FUNCTION customersms.campaign_wants() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  w campaign_wanted%ROWTYPE;
BEGIN
  SELECT * INTO w FROM campaign_wanted c WHERE c.campaign = NEW.campaign ORDER BY c.number DESC LIMIT 1;
  PERFORM FROM (VALUES
    ('', false, 'added', 'draft', false), ('done', false, 'begun', 'run', false),
    ('done', false, 'late', 'run', false), ('done', false, 'pause', 'paused', false),
    ('done', false, 'plan', 'draft', false), ('done', false, 'stop', 'stopped', false),
    ('draft', false, 'begun', 'run', false), ('draft', false, 'pause', 'paused', false),
    ('draft', false, 'stop', 'stopped', false), ('paused', false, 'reopen', 'draft', false),
    ('paused', false, 'resume', 'run', false), ('paused', false, 'stop', 'stopped', false),
    ('run', false, 'begun', 'run', false), ('run', false, 'finished', 'done', false),
    ('run', false, 'guard', 'stopped', true), ('run', false, 'interrupted', 'stopped', true),
    ('run', false, 'pause', 'paused', false), ('run', false, 'stop', 'stopped', false),
    ('stopped', false, 'pause', 'paused', false), ('stopped', false, 'reopen', 'draft', false),
    ('stopped', false, 'resume', 'run', false), ('stopped', true, 'begun', 'run', false),
    ('stopped', true, 'pause', 'paused', false), ('stopped', true, 'reopen', 'draft', false),
    ('stopped', true, 'resume', 'run', false), ('stopped', true, 'stop', 'stopped', false)
  ) AS m (was, guarded, event, becomes, names_guard)
    WHERE m.was = coalesce(w.state, '') AND m.guarded = (coalesce(w.guard, '') <> '') AND m.event = NEW.event
      AND m.becomes = NEW.state AND m.names_guard = (NEW.guard <> '');
  IF NOT FOUND OR NEW.number <> coalesce(w.number, 0) + 1 OR (NEW.state = 'run' AND NEW.terms IS NULL) THEN
    RAISE EXCEPTION USING ERRCODE = 'CSM01', MESSAGE = 'nothing in the ledger leads to wanting that';
  END IF;
  IF NEW.state = 'run' THEN
    INSERT INTO campaign_runs_wanted VALUES (NEW.campaign) ON CONFLICT DO NOTHING;
  ELSE
    DELETE FROM campaign_runs_wanted r WHERE r.campaign = NEW.campaign;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER moves BEFORE INSERT ON customersms.campaign_wanted
  FOR EACH ROW EXECUTE FUNCTION customersms.campaign_wants();

-- Keep the counts, whoever changes a recipient; in one order, so that no two transactions wait for each other.
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

-- The campaign of that name, made if it may be: its number, and its id.
CREATE FUNCTION customersms.campaign_open(of_name bytea, clock bigint, of_ledger text)
  RETURNS TABLE (campaign integer, ledger text)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
  IF of_ledger <> '' THEN
    INSERT INTO campaigns (name, ledger, made_us) VALUES (of_name, of_ledger, coalesce(clock, wall_us()))
      ON CONFLICT DO NOTHING;
    IF FOUND THEN
      PERFORM commit_durably(true);
    END IF;
  END IF;
  RETURN QUERY SELECT c.campaign, c.ledger FROM campaigns c WHERE c.name = of_name;
END $$;

-- The next ones to be sent to, in the input's order.
CREATE FUNCTION customersms.campaign_planned(of_campaign integer, start integer, most integer)
  RETURNS TABLE (place bigint, phone bytea, text bytea, segments integer)
  LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
  SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  base constant bigint := of_campaign::bigint << 32;
BEGIN
  RETURN QUERY SELECT r.id - base, r.phone, t.text, r.segments
    FROM campaign_recipients r LEFT JOIN campaign_texts t ON t.campaign = of_campaign AND t.number = r.text
    WHERE r.id >= base + start AND r.id < base + (1::bigint << 32) AND r.state = 'planned' ORDER BY r.id LIMIT most;
END $$;

-- The next ones in any of these states, in the input's order.
CREATE FUNCTION customersms.campaign_entries(of_campaign integer, start integer, states text[], most integer)
  RETURNS TABLE (
    place bigint, phone bytea, state text, code bytea, error bytea, message_id bytea, attempts integer, updated_us bigint,
    line bigint, kept bytea
  )
  LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
  SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  base constant bigint := of_campaign::bigint << 32;
BEGIN
  RETURN QUERY SELECT r.id - base, r.phone, r.state, r.code, r.error, r.message_id, r.attempts, r.updated_us, o.line, o.kept
    FROM campaign_recipients r LEFT JOIN campaign_origins o ON o.id = r.id
    WHERE r.id >= base + start AND r.id < base + (1::bigint << 32) AND r.state = ANY (states) ORDER BY r.id LIMIT most;
END $$;

-- See that what a copy of this call has written, and this one only found, is where `commit_durably` has it, before this is
-- acknowledged: a transaction that writes nothing waits for nobody, so it writes a word into the log.
CREATE FUNCTION customersms.campaign_found_durably() RETURNS void LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET search_path = pg_catalog, customersms, pg_temp
AS $$
BEGIN
  PERFORM pg_current_xact_id();
  PERFORM pg_logical_emit_message(true, 'customersms', '');
  PERFORM commit_durably(true);
END $$;

-- What is wanted last of a campaign, and where it stands.
CREATE FUNCTION customersms.campaign_wanted_last(of_campaign integer) RETURNS customersms.campaign_wanted
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  w campaign_wanted%ROWTYPE;
BEGIN
  SELECT * INTO w FROM campaign_wanted c WHERE c.campaign = of_campaign ORDER BY c.number DESC LIMIT 1;
  RETURN w;
END $$;

-- The lock under which what is wanted changes, and, shared, under which requests begin.
CREATE FUNCTION customersms.campaign_lock(of_campaign integer, alone boolean) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog
AS $$
BEGIN
  IF alone THEN
    PERFORM pg_advisory_xact_lock(1129536339, of_campaign);
  ELSE
    PERFORM pg_advisory_xact_lock_shared(1129536339, of_campaign);
  END IF;
END $$;

-- Whether anyone is planned, or being sent to.
CREATE FUNCTION customersms.campaign_anyone_left(of_campaign integer) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM campaign_counts c
    WHERE c.campaign = of_campaign AND c.state IN ('planned', 'sending') AND c.recipients > 0
  );
END $$;

-- Append what is wanted from now on, if the last change is still the one that was `seen` (0: none), and somebody is left
-- or not as was seen; false if not. A copy of a call changes nothing, and gives what the call gave. Raises CSM05 for what
-- a run says (`of_holder`) that is not the runner any more.
CREATE FUNCTION customersms.campaign_want(
  of_campaign integer, clock bigint, of_call bytea, of_holder bytea, of_epoch bigint, seen integer, anyone boolean,
  of_state text, of_event text, by_whom bytea, of_guard bytea, of_why bytea, of_terms bytea
) RETURNS boolean
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  w campaign_wanted%ROWTYPE;
  t campaign_terms%ROWTYPE;
  now_us bigint;
BEGIN
  PERFORM campaign_is_here(of_campaign);
  PERFORM campaign_lock(of_campaign, true);
  PERFORM FROM campaign_wanted c WHERE c.campaign = of_campaign AND c.call = of_call;
  IF FOUND THEN
    PERFORM campaign_found_durably();
    RETURN true;
  END IF;
  IF of_holder IS NOT NULL AND NOT EXISTS (
    SELECT FROM campaign_leases l WHERE l.campaign = of_campaign AND l.holder = of_holder AND l.epoch = of_epoch
  ) THEN
    RAISE EXCEPTION USING ERRCODE = 'CSM05', MESSAGE = 'another process runs it by now';
  END IF;
  w := campaign_wanted_last(of_campaign);
  IF coalesce(w.number, 0) <> seen OR campaign_anyone_left(of_campaign) <> anyone THEN
    RETURN false;
  END IF;
  now_us := coalesce(clock, wall_us());
  SELECT * INTO t FROM campaign_terms c WHERE c.campaign = of_campaign ORDER BY c.number DESC LIMIT 1;
  IF of_terms IS NOT NULL AND t.terms IS DISTINCT FROM of_terms THEN
    INSERT INTO campaign_terms VALUES (of_campaign, coalesce(t.number, 0) + 1, now_us, of_terms) RETURNING * INTO t;
  END IF;
  INSERT INTO campaign_wanted
    VALUES (of_campaign, seen + 1, now_us, of_state, of_event, by_whom, of_guard, of_why, t.number, of_call);
  PERFORM commit_durably(true);
  RETURN true;
END $$;

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

-- Say that nothing of a campaign is missing on this server: its runner has put in again what was.
CREATE FUNCTION customersms.campaign_vouch(of_campaign integer) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
BEGIN
  INSERT INTO campaign_vouched SELECT of_campaign, max(p.place) FROM places p ON CONFLICT DO NOTHING;
  PERFORM commit_durably(true);
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

-- Be heard of: the host is alive for so long from now on.
CREATE FUNCTION customersms.campaign_host(of_host bytea, clock bigint, length bigint, of_words bytea) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
BEGIN
  INSERT INTO campaign_hosts VALUES (of_host, of_words, now_us + length)
    ON CONFLICT (host) DO UPDATE SET until_us = excluded.until_us; -- on the clock as it is now
END $$;

-- Become the one runner; `moving`: also where the campaign is not here. Gives the epoch, or 0 with who it is, and since
-- when.
CREATE FUNCTION customersms.campaign_lead(
  of_campaign integer, clock bigint, of_host bytea, of_holder bytea, length bigint, of_words bytea, moving boolean
) RETURNS TABLE (epoch bigint, words bytea, since_us bigint)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  l campaign_leases%ROWTYPE;
  h campaign_hosts%ROWTYPE;
BEGIN
  IF NOT moving THEN
    PERFORM campaign_is_here(of_campaign);
  END IF;
  PERFORM campaign_host(of_host, clock, length, of_words);
  INSERT INTO campaign_leases VALUES (of_campaign, 0) ON CONFLICT DO NOTHING;
  SELECT * INTO l FROM campaign_leases c WHERE c.campaign = of_campaign FOR UPDATE;
  SELECT * INTO h FROM campaign_hosts c WHERE c.host = l.host;
  IF l.holder IS NOT NULL AND l.holder <> of_holder AND h.until_us > now_us THEN
    epoch := 0; words := h.words; since_us := l.since_us;
    RETURN NEXT;
    RETURN;
  END IF;
  IF l.holder IS DISTINCT FROM of_holder OR l.host IS DISTINCT FROM of_host THEN
    UPDATE campaign_leases c SET epoch = l.epoch + 1, host = of_host, holder = of_holder, since_us = now_us
      WHERE c.campaign = of_campaign RETURNING c.* INTO l;
  END IF;
  PERFORM commit_durably(true);
  epoch := l.epoch; words := of_words; since_us := l.since_us;
  RETURN NEXT;
END $$;

-- Be the runner no more.
CREATE FUNCTION customersms.campaign_leave(of_campaign integer, of_holder bytea, of_epoch bigint) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
BEGIN
  UPDATE campaign_leases l SET host = NULL, holder = NULL
    WHERE l.campaign = of_campaign AND l.holder = of_holder AND l.epoch = of_epoch;
END $$;

-- Suppress numbers for good, and skip everyone planned who is suppressed; gives how many.
CREATE FUNCTION customersms.campaign_suppress(
  of_campaign integer, clock bigint, phones bytea[], of_source bytea, on_the_list bytea
) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
AS $$
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  base constant bigint := of_campaign::bigint << 32;
  skipped bigint;
BEGIN
  PERFORM campaign_is_here(of_campaign);
  INSERT INTO campaign_suppressed SELECT DISTINCT of_campaign, p.phone, of_source, now_us FROM unnest(phones) AS p (phone)
    ON CONFLICT DO NOTHING;
  UPDATE campaign_recipients r SET state = 'skipped', code = 'SUPPRESSED', error = on_the_list, updated_us = now_us
    WHERE r.id >= base AND r.id < base + (1::bigint << 32) AND r.state = 'planned'
      AND r.phone IN (SELECT s.phone FROM campaign_suppressed s WHERE s.campaign = of_campaign);
  GET DIAGNOSTICS skipped = ROW_COUNT;
  PERFORM commit_durably(true);
  RETURN skipped;
END $$;

-- Skip those at these places who are planned, each with its code and words.
CREATE FUNCTION customersms.campaign_skip(
  of_campaign integer, clock bigint, places integer[], codes bytea[], errors bytea[]
) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
  SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  base constant bigint := of_campaign::bigint << 32;
BEGIN
  PERFORM campaign_is_here(of_campaign);
  UPDATE campaign_recipients r SET state = 'skipped', code = a.code, error = a.error, updated_us = now_us
    FROM unnest(places, codes, errors) AS a (place, code, error)
    WHERE r.id = base + a.place AND r.state = 'planned';
  PERFORM commit_durably(true);
END $$;

-- Do what a person says of recipients in these states with these codes (empty: any), or of those with these numbers.
-- Gives how many that were; or, of whom to be planned may still be sent to, how many those are, and until when: then
-- nothing is done. A copy of a call that has done something does nothing more, and gives what the call gave.
CREATE FUNCTION customersms.campaign_resolve(
  of_campaign integer, clock bigint, of_call bytea, of_states text[], of_codes bytea[], new_state text, phones bytea[], by_whom bytea,
  cut_off bigint
) RETURNS TABLE (resolved bigint, held bigint, until_us bigint)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  base constant bigint := of_campaign::bigint << 32;
  chosen bigint[];
  listed text;
  w campaign_wanted%ROWTYPE;
BEGIN
  PERFORM campaign_is_here(of_campaign);
  PERFORM campaign_lock(of_campaign, true);
  held := 0; until_us := 0;
  SELECT c.recipients INTO resolved FROM campaign_resolutions c WHERE c.campaign = of_campaign AND c.call = of_call;
  IF FOUND THEN
    PERFORM campaign_found_durably();
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT array_agg(r.id ORDER BY r.id) INTO chosen FROM (
    SELECT r.id FROM campaign_recipients r
    WHERE r.id >= base AND r.id < base + (1::bigint << 32)
      AND EXISTS (
        SELECT FROM unnest(of_states, of_codes) AS c (state, code)
        WHERE c.state = r.state AND (c.code = '' OR c.code = r.code)
      )
      AND (phones IS NULL OR r.phone = ANY (phones))
      AND NOT (new_state = 'planned' AND EXISTS (
        SELECT FROM campaign_suppressed s WHERE s.campaign = of_campaign AND s.phone = r.phone
      ))
    ORDER BY r.id FOR UPDATE
  ) r;
  resolved := coalesce(array_length(chosen, 1), 0);
  IF resolved = 0 THEN
    RETURN NEXT;
    RETURN;
  END IF;
  IF new_state = 'planned' THEN
    SELECT count(*), max(a.deadline_us) + cut_off INTO held, until_us
      FROM campaign_recipients r JOIN campaign_attempts a ON a.attempt = r.attempt
      WHERE r.id = ANY (chosen) AND r.state = 'unknown' AND r.code = 'INTERRUPTED' AND a.deadline_us > now_us - cut_off;
    IF held > 0 THEN
      resolved := 0;
      RETURN NEXT;
      RETURN;
    END IF;
  END IF;
  UPDATE campaign_recipients r SET state = new_state, code = '', error = NULL, updated_us = now_us
    WHERE r.id = ANY (chosen);
  SELECT string_agg(CASE WHEN g.low = g.high THEN g.low::text ELSE g.low || '-' || g.high END, ' ' ORDER BY g.low)
    INTO listed FROM (
      SELECT min(n.place) AS low, max(n.place) AS high FROM (
        SELECT i.id - base AS place, i.id - row_number() OVER (ORDER BY i.id) AS run FROM unnest(chosen) AS i (id)
      ) n GROUP BY n.run
    ) g;
  INSERT INTO campaign_resolutions
    SELECT of_campaign, coalesce(max(c.number), 0) + 1, now_us, by_whom, new_state, resolved, listed, of_call
    FROM campaign_resolutions c WHERE c.campaign = of_campaign;
  w := campaign_wanted_last(of_campaign);
  IF new_state = 'planned' AND w.state = 'done' THEN
    INSERT INTO campaign_wanted
      VALUES (of_campaign, w.number + 1, now_us, 'draft', 'plan', by_whom, '', '', w.terms);
  END IF;
  PERFORM commit_durably(true);
  RETURN NEXT;
END $$;

-- The campaigns of which a run is wanted and that nobody alive runs, or that one of them (`of_name`), with the terms of the
-- run: those first that have been wanted for the longest time.
CREATE FUNCTION customersms.campaign_waiting(clock bigint, of_name bytea)
  RETURNS TABLE (name bytea, since_us bigint, terms bytea)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
  SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET join_collapse_limit = 1
AS $$
#variable_conflict use_column
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
BEGIN
  RETURN QUERY SELECT c.name, w.at_us, t.terms
    FROM campaign_runs_wanted r
    JOIN campaigns c ON c.campaign = r.campaign
    CROSS JOIN LATERAL (
      SELECT l.* FROM campaign_wanted l WHERE l.campaign = r.campaign ORDER BY l.number DESC LIMIT 1
    ) w
    LEFT JOIN campaign_terms t ON t.campaign = r.campaign AND t.number = w.terms
    LEFT JOIN campaign_leases e ON e.campaign = r.campaign
    LEFT JOIN campaign_hosts h ON h.host = e.host
    WHERE (of_name IS NULL OR c.name = of_name) AND w.state = 'run'
      AND (e.holder IS NULL OR h.host IS NULL OR h.until_us <= now_us)
    ORDER BY w.at_us, r.campaign;
END $$;
