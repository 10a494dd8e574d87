-- The rule of _core/caps.py over rows: texts that count in a scope, each at a time, which is when it lapses as long as it
-- is held. One call, one atomic decision over a batch; the calls of one space come one after the other.
--
-- Calls may come late, twice, or after a later one. No id is used twice, so a take of what is counted already counts
-- nothing again; an answer only ever lowers a time that is to come; and what was given back, or has come again, is done:
-- a take of it that comes after that counts nothing. Nor does a second copy of a take that was refused.
--
-- Besides scopes, whose hashes have 16 bytes, there are rows of what is done (no bytes), and of the last try of a text
-- that may come again ('a' and its name). A pointer goes round and drops what no window reaches any more, some rows with
-- each call: no index leads to the oldest rows, whose dead entries everybody would have to pass.

CREATE TABLE customersms.caps_spaces (
  space bytea PRIMARY KEY, number integer GENERATED ALWAYS AS IDENTITY, now_us bigint NOT NULL DEFAULT 0,
  longest_us bigint NOT NULL DEFAULT 0, swept_scope bytea NOT NULL DEFAULT '', swept_id bytea NOT NULL DEFAULT ''
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

CREATE TABLE customersms.caps_texts (
  space integer NOT NULL, scope bytea NOT NULL, id bytea NOT NULL, at_us bigint NOT NULL, PRIMARY KEY (space, scope, id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.1);
CREATE INDEX caps_by_time ON customersms.caps_texts (space, scope, at_us);

-- The space's row, locked, with its time: a clock that steps back stands still.
CREATE FUNCTION customersms.caps_space(of_space bytea, clock bigint) RETURNS customersms.caps_spaces
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  s caps_spaces%ROWTYPE;
BEGIN
  LOOP
    SELECT * INTO s FROM caps_spaces c WHERE c.space = of_space FOR NO KEY UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO caps_spaces (space) VALUES (of_space) ON CONFLICT DO NOTHING;
  END LOOP;
  s.now_us := greatest(s.now_us, coalesce(clock, wall_us()));
  RETURN s;
END $$;

-- Look at the caps of texts, or count them (`counts`), each held for so long: for each text the place of the scope that
-- it hits, from 0, that of the layer, and the wait, or 0.
--   ids, agains: of each text; the latter empty for those that don't come again. scopes: the distinct ones. in_text,
--   in_scope, in_set: for each text's scopes, in their order, which text, which scope, and which set of layers, from 1.
--   of_set, requests, windows: the layers of each set.
CREATE FUNCTION customersms.caps_judge(
  of_space bytea, clock bigint, counts boolean, call bytea, hold bigint, longest bigint, ids bytea[], agains bytea[],
  scopes bytea[], in_text integer[], in_scope integer[], in_set integer[], of_set integer[], requests bigint[],
  windows bigint[]
) RETURNS bigint[] LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  copies constant bigint := 600000000; -- how late a copy of a call may come and find what it is about
  s caps_spaces%ROWTYPE := caps_space(of_space, clock);
  now_us constant bigint := s.now_us;
  kept bigint;
  n constant integer := coalesce(array_length(ids, 1), 0);
  layers constant integer := coalesce(array_length(of_set, 1), 0);
  first integer[] := array_fill(1, ARRAY[layers + 1]); -- where each set of layers begins
  used bigint[] := array_fill(-1::bigint, ARRAY[coalesce(array_length(scopes, 1), 0) * layers + 1]);
  taken bigint[] := array_fill(0::bigint, ARRAY[coalesce(array_length(scopes, 1), 0) + 1]);
  is_counted boolean[] := array_fill(false, ARRAY[n + 1]);
  gone_scope bytea[] := '{}';
  gone_id bytea[] := '{}';
  gone_at bigint[] := '{}';
  answer bigint[] := '{}';
  is_refused boolean := false;
  place integer := 1; -- in in_text
  upto integer;
  earlier bytea;
  moment bigint;
  wait bigint;
  worst bigint;
  worst_scope integer;
  worst_layer integer;
  slot integer;
  one record;
BEGIN
  s.longest_us := greatest(s.longest_us, longest);
  kept := greatest(s.longest_us, copies);
  FOR i IN REVERSE layers .. 1 LOOP
    first[of_set[i]] := i;
  END LOOP;

  -- Count earlier tries of these texts no more, in the scopes that both have.
  FOR i IN 1 .. n LOOP
    CONTINUE WHEN agains[i] = '';
    SELECT t.id INTO earlier FROM caps_texts t WHERE t.space = s.number AND t.scope = 'a'::bytea || agains[i];
    CONTINUE WHEN earlier IS NULL OR earlier = ids[i];
    FOR j IN 1 .. array_length(in_text, 1) LOOP
      CONTINUE WHEN in_text[j] <> i;
      DELETE FROM caps_texts t WHERE t.space = s.number AND t.scope = scopes[in_scope[j]] AND t.id = earlier
        RETURNING t.at_us INTO moment;
      IF FOUND THEN
        gone_scope := gone_scope || scopes[in_scope[j]]; gone_id := gone_id || earlier; gone_at := gone_at || moment;
      END IF;
    END LOOP;
  END LOOP;

  -- One text after the other: those for which there is room are counted before the next.
  FOR i IN 1 .. n LOOP
    upto := place;
    WHILE in_text[upto] = i LOOP
      upto := upto + 1;
    END LOOP;
    worst := 0; worst_scope := 0; worst_layer := 0;
    IF upto > place THEN
      PERFORM FROM caps_texts t WHERE t.space = s.number AND t.scope = scopes[in_scope[place]] AND t.id = ids[i];
      is_counted[i] := FOUND;
    END IF;
    IF NOT is_counted[i] THEN
      FOR j IN place .. upto - 1 LOOP
        FOR l IN first[in_set[j]] .. layers LOOP
          EXIT WHEN of_set[l] <> in_set[j];
          slot := (in_scope[j] - 1) * layers + l;
          IF used[slot] < 0 THEN
            SELECT count(*) INTO moment FROM (
              SELECT FROM caps_texts t
              WHERE t.space = s.number AND t.scope = scopes[in_scope[j]] AND t.at_us > now_us - windows[l]
              ORDER BY t.at_us DESC LIMIT requests[l]
            ) newest;
            used[slot] := moment;
          END IF;
          CONTINUE WHEN used[slot] + taken[in_scope[j]] < requests[l];
          wait := windows[l];
          IF taken[in_scope[j]] < requests[l] THEN
            SELECT least(t.at_us, now_us) + windows[l] - now_us INTO wait FROM caps_texts t
              WHERE t.space = s.number AND t.scope = scopes[in_scope[j]]
              ORDER BY t.at_us DESC OFFSET requests[l] - taken[in_scope[j]] - 1 LIMIT 1;
          END IF;
          IF wait > worst THEN
            worst := wait; worst_scope := j - place; worst_layer := l - first[in_set[j]];
          END IF;
        END LOOP;
      END LOOP;
      IF worst > 0 THEN
        is_refused := true;
      ELSE
        FOR j IN place .. upto - 1 LOOP
          taken[in_scope[j]] := taken[in_scope[j]] + 1;
        END LOOP;
      END IF;
    END IF;
    answer := answer || worst_scope::bigint || worst_layer::bigint || worst;
    place := upto;
  END LOOP;

  IF counts AND NOT is_refused THEN
    PERFORM FROM caps_texts t WHERE t.space = s.number AND t.scope = '' AND t.id = ANY (ids || call);
    IF FOUND THEN -- nobody waits for this answer
      is_refused := true;
      answer[3] := 1;
    END IF;
  END IF;
  IF NOT counts OR is_refused THEN
    INSERT INTO caps_texts SELECT s.number, g.scope, g.id, g.at_us
      FROM unnest(gone_scope, gone_id, gone_at) AS g (scope, id, at_us) ON CONFLICT DO NOTHING;
    IF counts THEN
      INSERT INTO caps_texts VALUES (s.number, '', call, now_us) ON CONFLICT DO NOTHING;
    END IF;
  ELSE
    INSERT INTO caps_texts SELECT s.number, scopes[a.scope], ids[a.text], now_us + hold
      FROM unnest(in_text, in_scope) AS a (text, scope) WHERE NOT is_counted[a.text] ON CONFLICT DO NOTHING;
    INSERT INTO caps_texts SELECT DISTINCT s.number, ''::bytea, g.id, now_us FROM unnest(gone_id) AS g (id)
      ON CONFLICT DO NOTHING;
    FOR i IN 1 .. n LOOP
      CONTINUE WHEN agains[i] = '' OR is_counted[i];
      DELETE FROM caps_texts t WHERE t.space = s.number AND t.scope = 'a'::bytea || agains[i];
      INSERT INTO caps_texts VALUES (s.number, 'a'::bytea || agains[i], ids[i], now_us + hold) ON CONFLICT DO NOTHING;
    END LOOP;
  END IF;

  -- Go round, a few rows more than a batch brings.
  IF counts THEN
    earlier := NULL;
    FOR one IN SELECT t.scope, t.id, t.at_us FROM caps_texts t
      WHERE t.space = s.number AND (t.scope, t.id) > (s.swept_scope, s.swept_id) ORDER BY t.scope, t.id
      LIMIT 16 + 2 * coalesce(array_length(in_text, 1), 0)
    LOOP
      earlier := one.id;
      s.swept_scope := one.scope; s.swept_id := one.id;
      IF one.at_us <= now_us - kept THEN
        DELETE FROM caps_texts t WHERE t.space = s.number AND t.scope = one.scope AND t.id = one.id;
      END IF;
    END LOOP;
    IF earlier IS NULL THEN
      s.swept_scope := ''; s.swept_id := '';
    END IF;
  END IF;
  UPDATE caps_spaces c SET now_us = s.now_us, longest_us = s.longest_us, swept_scope = s.swept_scope,
    swept_id = s.swept_id WHERE c.space = of_space;
  PERFORM commit_durably(counts AND NOT is_refused);
  RETURN answer;
END $$;

-- Hear of texts, each named with a scope that it counts in: the first so many are answered, the others never left.
CREATE FUNCTION customersms.caps_end(
  of_space bytea, clock bigint, scopes bytea[], ids bytea[], answered integer, not_sent bytea[]
) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  s caps_spaces%ROWTYPE := caps_space(of_space, clock);
BEGIN
  FOR i IN 1 .. coalesce(array_length(ids, 1), 0) LOOP -- a look-up for each, where a join may read the whole table
    IF i <= answered THEN
      UPDATE caps_texts t SET at_us = s.now_us
        WHERE t.space = s.number AND t.scope = scopes[i] AND t.id = ids[i] AND t.at_us > s.now_us;
    ELSE
      DELETE FROM caps_texts t
        WHERE t.space = s.number AND t.scope = scopes[i] AND t.id = ids[i] AND t.at_us > s.now_us;
    END IF;
  END LOOP;
  INSERT INTO caps_texts SELECT DISTINCT s.number, ''::bytea, a.id, s.now_us FROM unnest(not_sent) AS a (id)
    ON CONFLICT DO NOTHING;
  UPDATE caps_spaces c SET now_us = s.now_us WHERE c.space = of_space;
  PERFORM commit_durably(false);
END $$;
