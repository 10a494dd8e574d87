-- The rules of campaigns that the tables keep by themselves, whoever changes a row, and those that every call keeps.

CREATE FUNCTION customersms.campaign_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'CSM01', MESSAGE = TG_ARGV[0]; END $$;

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

-- What follows in campaign/move_states.py on what was said last of a move, and nothing else.
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

-- The transitions of campaign/wanted_states.py, and no other: what was wanted before (nothing: ''), and whether a guard or an
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
