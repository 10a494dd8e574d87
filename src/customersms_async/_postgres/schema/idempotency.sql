-- The rule of _core/idempotency_record.py over keys in rows. One call, one atomic decision over all keys that it names.
--
-- The keys of a call are locked in one order, so that no two calls wait for each other. A key's time is the latest that
-- was seen of it: a clock that steps back stands still. Texts of people are bytes, as the server's own can't hold all.

CREATE TABLE customersms.idempotency_keys (
  space bytea NOT NULL, key bytea NOT NULL, state smallint NOT NULL, claim bytea NOT NULL, content bytea NOT NULL,
  began_us bigint NOT NULL, deadline_us bigint NOT NULL, ended_us bigint NOT NULL, seen_us bigint NOT NULL,
  outcome bytea NOT NULL, label bytea NOT NULL, decided_by bytea NOT NULL, PRIMARY KEY (space, key)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.1);
-- Neither begins with the space: a plan for one key that was made while there were few would take any index that does.
CREATE INDEX idempotency_by_end ON customersms.idempotency_keys (ended_us, space);
CREATE INDEX idempotency_open ON customersms.idempotency_keys (began_us, space) WHERE state IN (1, 2, 3);

-- The record as it stands now: a claim lapses, and what was kept for long enough is forgotten (a state of NULL).
CREATE FUNCTION customersms.idempotency_as_of(r customersms.idempotency_keys, clock bigint, keep bigint)
  RETURNS customersms.idempotency_keys LANGUAGE plpgsql IMMUTABLE SECURITY INVOKER
  SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  spent constant bigint := 600000000; -- as in _core/idempotency_record.py
BEGIN
  r.seen_us := greatest(r.seen_us, clock);
  IF r.state = 1 AND r.seen_us >= r.ended_us THEN
    r.state := 2; r.outcome := ''; r.decided_by := '';
  END IF;
  IF r.state <> 1 AND r.seen_us >= r.ended_us + (CASE WHEN r.state = 0 AND r.decided_by = '' THEN spent ELSE keep END) THEN
    r.state := NULL;
  END IF;
  RETURN r;
END $$;

-- A row for each of the keys, in their order: its place from 1, and how it stands, unless it may be claimed.
CREATE FUNCTION customersms.idempotency_look(of_space bytea, clock bigint, keep bigint, keys bytea[])
  RETURNS TABLE (place bigint, state smallint, claim bytea, content bytea, outcome bytea, left_us bigint)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$ -- a look-up for each, where a join may read the whole table, as long as nobody has counted its rows
#variable_conflict use_column
DECLARE
  r idempotency_keys%ROWTYPE;
  now_us bigint := coalesce(clock, wall_us());
BEGIN
  FOR i IN 1 .. coalesce(array_length(keys, 1), 0) LOOP
    SELECT * INTO r FROM idempotency_keys k WHERE k.space = of_space AND k.key = keys[i];
    CONTINUE WHEN NOT FOUND;
    r := idempotency_as_of(r, now_us, keep);
    IF r.state > 0 THEN
      place := i; state := r.state; claim := r.claim; content := r.content; outcome := r.outcome;
      left_us := CASE r.state WHEN 1 THEN r.ended_us - r.seen_us ELSE 0 END;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;

-- Claim all of the keys and give nothing, or claim none and give how each of those stands that is not to be had; or only
-- the place 0, where claims may be missing, as another server took over.
CREATE FUNCTION customersms.idempotency_claim(
  of_space bytea, clock bigint, keep bigint, trusting boolean, of_claim bytea, length bigint, of_label bytea,
  keys bytea[], contents bytea[]
) RETURNS TABLE (place bigint, state smallint, claim bytea, content bytea, outcome bytea, left_us bigint)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  grace constant bigint := 5000000; -- as in _core/buckets.py
  now_us bigint;
  since bigint := doubted_since(coalesce(clock, wall_us()));
  one record;
  found_key idempotency_keys%ROWTYPE;
  made bytea[] := '{}'; -- what was not there
  renewed idempotency_keys[] := '{}';
  is_taken boolean := false;
BEGIN
  now_us := coalesce(clock, wall_us());
  IF NOT trusting AND now_us < since + keep THEN
    place := 0; -- no error, as this call may be the first that knows of it, and what it wrote of that must stay
    RETURN NEXT;
    PERFORM commit_durably(true);
    RETURN;
  END IF;
  FOR one IN SELECT asked.key, asked.content, asked.number
    FROM unnest(keys, contents) WITH ORDINALITY AS asked (key, content, number) ORDER BY asked.key
  LOOP
    LOOP
      now_us := greatest(now_us, coalesce(clock, wall_us()));
      INSERT INTO idempotency_keys VALUES (
        of_space, one.key, 1, of_claim, one.content, now_us, now_us + length, now_us + length + grace, now_us, '',
        of_label, ''
      ) ON CONFLICT DO NOTHING;
      IF FOUND THEN
        made := made || one.key;
        EXIT;
      END IF;
      SELECT * INTO found_key FROM idempotency_keys k WHERE k.space = of_space AND k.key = one.key FOR UPDATE;
      EXIT WHEN FOUND; -- else somebody has dropped it meanwhile
    END LOOP;
    CONTINUE WHEN made[array_upper(made, 1)] = one.key;
    found_key := idempotency_as_of(found_key, coalesce(clock, wall_us()), keep);
    IF found_key.state = 0 AND found_key.claim = of_claim THEN
      is_taken := true; -- it was given back before it came
      place := one.number; state := 1; claim := of_claim; content := ''; outcome := ''; left_us := 0;
      RETURN NEXT;
    ELSIF found_key.state > 0
      AND NOT (found_key.state = 1 AND found_key.claim = of_claim AND found_key.content = one.content)
    THEN
      is_taken := true;
      place := one.number; state := found_key.state; claim := found_key.claim; content := found_key.content;
      outcome := found_key.outcome;
      left_us := CASE found_key.state WHEN 1 THEN found_key.ended_us - found_key.seen_us ELSE 0 END;
      RETURN NEXT;
    ELSIF found_key.state IS DISTINCT FROM 1 THEN
      renewed := renewed || ROW(
        of_space, one.key, 1, of_claim, one.content, found_key.seen_us, found_key.seen_us + length,
        found_key.seen_us + length + grace, found_key.seen_us, '', of_label, ''
      )::idempotency_keys;
    END IF;
    UPDATE idempotency_keys k SET seen_us = found_key.seen_us
      WHERE k.space = of_space AND k.key = one.key AND k.seen_us < found_key.seen_us AND found_key.state = 1;
  END LOOP;
  IF is_taken THEN
    DELETE FROM idempotency_keys k WHERE k.space = of_space AND k.key = ANY (made);
    PERFORM commit_durably(false);
    RETURN;
  END IF;
  IF array_length(renewed, 1) > 0 THEN
    UPDATE idempotency_keys k SET state = n.state, claim = n.claim, content = n.content, began_us = n.began_us,
      deadline_us = n.deadline_us, ended_us = n.ended_us, seen_us = n.seen_us, outcome = '', label = n.label,
      decided_by = ''
      FROM unnest(renewed) n WHERE k.space = n.space AND k.key = n.key;
  END IF;
  -- Now and then a few go that were kept for long enough; all at once would make somebody wait.
  IF get_byte(of_claim, 0) < 16 THEN
    DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
      SELECT k.ctid FROM idempotency_keys k WHERE k.space = of_space AND k.ended_us <= now_us - keep AND k.state <> 1
      ORDER BY k.ended_us LIMIT 300 FOR UPDATE SKIP LOCKED
    ));
  END IF;
  PERFORM commit_durably(true);
END $$;

-- Store what became of the texts of a claim: for each key its state then, and its outcome.
CREATE FUNCTION customersms.idempotency_end(
  of_space bytea, clock bigint, keep bigint, of_claim bytea, keys bytea[], states smallint[], outcomes bytea[]
) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  one record;
  r idempotency_keys%ROWTYPE;
  now_us bigint;
BEGIN
  IF NOT 0 = ANY (states) THEN -- all were answered, or not: of these nothing has to be made
    FOR one IN SELECT asked.key, asked.state, asked.outcome
      FROM unnest(keys, states, outcomes) WITH ORDINALITY AS asked (key, state, outcome, number)
      ORDER BY asked.key, number
    LOOP -- a look-up for each: a join may read the whole table, where nobody has counted its rows yet
      now_us := coalesce(clock, wall_us());
      UPDATE idempotency_keys k SET state = one.state, outcome = one.outcome, ended_us = greatest(k.seen_us, now_us),
        seen_us = greatest(k.seen_us, now_us), decided_by = ''
        WHERE k.space = of_space AND k.key = one.key AND k.claim = of_claim AND k.state IN (1, 2)
          AND greatest(k.seen_us, now_us) < k.ended_us + keep;
    END LOOP;
    PERFORM commit_durably(true);
    RETURN;
  END IF;
  FOR one IN SELECT asked.key, asked.state, asked.outcome
    FROM unnest(keys, states, outcomes) WITH ORDINALITY AS asked (key, state, outcome, number) ORDER BY asked.key, number
  LOOP
    LOOP
      SELECT * INTO r FROM idempotency_keys k WHERE k.space = of_space AND k.key = one.key FOR UPDATE;
      EXIT WHEN FOUND OR one.state <> 0;
      now_us := coalesce(clock, wall_us());
      INSERT INTO idempotency_keys VALUES ( -- given back before it came
        of_space, one.key, 0, of_claim, '', now_us, now_us, now_us, now_us, '', '', ''
      ) ON CONFLICT DO NOTHING;
      EXIT WHEN FOUND;
    END LOOP;
    CONTINUE WHEN r.key IS NULL;
    r := idempotency_as_of(r, coalesce(clock, wall_us()), keep);
    IF r.state IS NULL AND one.state = 0 THEN
      UPDATE idempotency_keys k SET state = 0, claim = of_claim, content = '', began_us = r.seen_us,
        deadline_us = r.seen_us, ended_us = r.seen_us, seen_us = r.seen_us, outcome = '', label = '', decided_by = ''
        WHERE k.space = of_space AND k.key = one.key;
    ELSIF r.claim = of_claim AND r.state IN (1, 2) THEN
      UPDATE idempotency_keys k SET state = one.state, outcome = one.outcome, ended_us = r.seen_us, seen_us = r.seen_us,
        decided_by = '' WHERE k.space = of_space AND k.key = one.key;
    END IF;
  END LOOP;
  PERFORM commit_durably(true);
END $$;

-- The keys whose texts may have been sent, oldest first.
CREATE FUNCTION customersms.idempotency_unknown(of_space bytea, clock bigint, keep bigint)
  RETURNS TABLE (key bytea, state smallint, claim bytea, age_us bigint, label bytea)
  LANGUAGE sql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
  SELECT r.key, r.state, r.claim, r.seen_us - r.began_us, r.label
  FROM idempotency_keys k CROSS JOIN LATERAL idempotency_as_of(k, coalesce(clock, wall_us()), keep) r
  WHERE k.space = of_space AND k.state IN (1, 2, 3) AND r.state IN (2, 3) ORDER BY 4 DESC, 1
$$;

-- Decide as a person: 0, or in how many microseconds he may; -1 where that claim has nothing to decide about.
CREATE FUNCTION customersms.idempotency_resolve(
  of_space bytea, clock bigint, keep bigint, of_key bytea, of_claim bytea, said smallint, name bytea
) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  unsent_after constant bigint := 600000000; -- as in _core/idempotency_record.py
  r idempotency_keys%ROWTYPE;
BEGIN
  SELECT * INTO r FROM idempotency_keys k WHERE k.space = of_space AND k.key = of_key FOR UPDATE;
  IF NOT FOUND THEN
    RETURN -1;
  END IF;
  r := idempotency_as_of(r, coalesce(clock, wall_us()), keep);
  IF r.state IS NULL OR r.claim <> of_claim THEN
    RETURN -1;
  ELSIF r.state = said AND r.decided_by = name THEN
    RETURN 0; -- the message came twice
  ELSIF r.state NOT IN (2, 3) THEN
    RETURN -1;
  ELSIF said = 0 AND r.deadline_us + unsent_after > r.seen_us THEN
    RETURN r.deadline_us + unsent_after - r.seen_us;
  END IF;
  UPDATE idempotency_keys k SET state = said, outcome = '', ended_us = r.seen_us, seen_us = r.seen_us, decided_by = name
    WHERE k.space = of_space AND k.key = of_key;
  PERFORM commit_durably(true);
  RETURN 0;
END $$;
