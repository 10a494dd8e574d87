-- The one function of a key's quota, over the tables and functions of quota.sql.
--
-- Calls, and what `given` holds for each:
--   take: request, hold, how many nobody heard of, these, the layers (requests, window); renew: what is given back, and
--   then as take; settle, give_back: the request; pause: its number, its length; usage: the layers; look: the longest
--   window of a line; settled_at: numbers of requests.
-- `clock`: the time for tests, or NULL for the server's own. `trusting`: a fail-over lost nothing.
CREATE OR REPLACE FUNCTION customersms.quota(of_key_id text, clock bigint, call text, trusting boolean, given bigint[])
  RETURNS bigint[]
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  kept constant bigint := 86417280000; -- as in _core/history.py
  copies constant bigint := 60000000; -- how late a copy of a call may come and find its number
  pause_copies constant bigint := 600000000; -- how long after the end of a pause
  never constant bigint := 4611686018427387904; -- as in _core/settle_times.py
  cut_after constant bigint := 64; -- settle times, as one call in so many looks for what is to be cut
  k quota_keys%ROWTYPE;
  place tid;
  now_us bigint;
  doubted bigint; -- since when another server is used, which may lack what the one before had acknowledged
  longest_hold bigint := 0; -- of any key until then
  settled_before bigint;
  reaches_rest bigint := 0; -- 1 if it does; and 2 more where a window counts as full as another server took over
  durably boolean := false;
  answer bigint[] := '{}';
  first integer := 1; -- of the layers
  wanted bigint; -- a request
  longest bigint := 0;
  free bigint;
  past bigint;
  at bigint;
  which bigint;
  used bigint;
  is_held boolean;
  until bigint;
  one record;
BEGIN
  LOOP
    SELECT q.ctid, q.key, q.now_us, q.paused_us, q.longest_us, q.hold_us, q.held, q.cut, q.settled, q.rest, q.began_us,
        q.sweep_us
      INTO place, k.key, k.now_us, k.paused_us, k.longest_us, k.hold_us, k.held, k.cut, k.settled, k.rest, k.began_us,
        k.sweep_us
      FROM quota_keys q WHERE q.key_id = of_key_id FOR NO KEY UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO quota_keys (key_id) VALUES (of_key_id) ON CONFLICT DO NOTHING;
  END LOOP;
  -- a clock that steps back stands still
  k.now_us := greatest(k.now_us, coalesce(clock, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint));
  now_us := k.now_us;
  settled_before := k.settled;
  IF call IN ('take', 'renew', 'usage', 'look') THEN
    SELECT p.trusted INTO is_held FROM (SELECT * FROM places ORDER BY places.place DESC LIMIT 1) p, pg_control_system() c
      WHERE p.system = c.system_identifier AND p.timeline = left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
    IF is_held IS DISTINCT FROM true THEN -- else all is as it was, in the shortest way to find out
      doubted := doubted_since(now_us);
      IF trusting THEN
        doubted := NULL;
      ELSE
        SELECT p.hold_us INTO longest_hold FROM places p ORDER BY p.place DESC LIMIT 1;
      END IF;
    END IF;
  END IF;

  -- Settle what has lapsed, in order, and forget what was done with long ago.
  IF now_us >= k.sweep_us THEN
    FOR one IN SELECT r.number, r.until_us FROM quota_requests r
      WHERE r.key = k.key AND r.held AND r.until_us <= now_us ORDER BY r.until_us, r.number
    LOOP
      UPDATE quota_requests r SET held = false, until_us = now_us + copies WHERE r.key = k.key AND r.number = one.number;
      INSERT INTO quota_log VALUES (k.key, k.settled, one.until_us);
      k.settled := k.settled + 1;
      k.held := k.held - 1;
    END LOOP;
    DELETE FROM quota_requests r WHERE r.key = k.key AND NOT r.held AND r.until_us <= now_us;
    SELECT min(r.until_us) INTO until FROM quota_requests r WHERE r.key = k.key AND r.held;
    k.sweep_us := least(now_us + copies, coalesce(until, never));
  END IF;

  IF call IN ('settle', 'give_back') THEN
    UPDATE quota_requests r SET held = false, until_us = now_us + copies
      WHERE r.key = k.key AND r.number = given[1] AND r.held;
    IF FOUND THEN
      k.held := k.held - 1;
      IF call = 'settle' THEN
        INSERT INTO quota_log VALUES (k.key, k.settled, now_us);
        k.settled := k.settled + 1;
      END IF;
    ELSE
      INSERT INTO quota_requests VALUES (k.key, given[1], now_us + copies, false)
        ON CONFLICT (key, number) DO UPDATE SET until_us = excluded.until_us;
    END IF;

  ELSIF call IN ('take', 'renew') THEN
    IF call = 'take' THEN
      wanted := given[1]; at := now_us + given[2]; k.hold_us := greatest(k.hold_us, given[2]);
      first := 4 + given[3];
    ELSE
      wanted := given[2]; at := now_us + given[3]; k.hold_us := greatest(k.hold_us, given[3]);
      first := 5 + given[4];
    END IF;
    -- Let go of what is renewed, and of what nobody heard of.
    FOREACH which IN ARRAY CASE call WHEN 'take' THEN given[4:first - 1] ELSE given[1:1] || given[5:first - 1] END LOOP
      UPDATE quota_requests r SET held = false, until_us = now_us + pause_copies
        WHERE r.key = k.key AND r.number = which AND r.held;
      IF FOUND THEN
        k.held := k.held - 1;
      ELSE
        INSERT INTO quota_requests VALUES (k.key, which, now_us + pause_copies, false)
          ON CONFLICT (key, number) DO UPDATE SET until_us = excluded.until_us;
      END IF;
    END LOOP;
  ELSIF call = 'pause' THEN
    durably := true;
    INSERT INTO quota_requests VALUES (k.key, given[1], now_us + given[2] + pause_copies, false)
      ON CONFLICT (key, number) DO NOTHING;
    IF FOUND THEN
      k.paused_us := greatest(k.paused_us, now_us + given[2]);
    END IF;
  END IF;

  -- Keep the log for as long as the longest window reaches; what those asked for before don't reach is coarse for good.
  IF call IN ('take', 'renew', 'usage') THEN
    FOR i IN first .. coalesce(array_length(given, 1), 0) BY 2 LOOP
      longest := greatest(longest, given[i + 1]);
    END LOOP;
  ELSIF call = 'look' THEN
    longest := given[1];
  END IF;
  IF longest > k.longest_us THEN
    k := quota_cut(k, now_us - k.longest_us, now_us - greatest(k.longest_us, kept), NULL);
    k.longest_us := longest;
    IF k.rest THEN
      SELECT newest_us INTO at FROM quota_steps WHERE key = k.key ORDER BY upto LIMIT 1;
      reaches_rest := (at > now_us - longest)::integer;
      at := CASE call WHEN 'take' THEN now_us + given[2] WHEN 'renew' THEN now_us + given[3] END;
    END IF;
  END IF;

  IF doubted + greatest(k.hold_us, longest_hold) + longest > now_us THEN
    reaches_rest := reaches_rest + 2;
  END IF;

  IF call IN ('take', 'renew') THEN
    free := k.paused_us;
    past := k.settled + k.held;
    FOR i IN first .. coalesce(array_length(given, 1), 0) BY 2 LOOP
      IF given[i] <= past THEN
        which := past - given[i];
        IF which >= k.settled THEN
          free := greatest(free, now_us + given[i + 1]);
        ELSIF which >= k.cut THEN
          SELECT l.at_us INTO STRICT used FROM quota_log l WHERE l.key = k.key AND l.number = which;
          free := greatest(free, used + given[i + 1]);
        ELSE
          free := greatest(free, quota_settled_at(k.key, k.cut, which) + given[i + 1]);
        END IF;
      END IF;
      free := greatest(free, doubted + greatest(k.hold_us, longest_hold) + given[i + 1]);
    END LOOP;
    durably := free <= now_us;
    INSERT INTO quota_requests VALUES (k.key, wanted, CASE WHEN durably THEN at ELSE now_us + copies END, durably)
      ON CONFLICT (key, number) DO NOTHING;
    IF NOT FOUND THEN -- it is a copy
      UPDATE quota_requests r SET until_us = greatest(at, r.until_us) WHERE r.key = k.key AND r.number = wanted AND r.held;
      IF FOUND THEN -- the copy of one that is held
        durably := true;
        answer := ARRAY[1, 0, reaches_rest];
      ELSE
        UPDATE quota_requests r SET until_us = now_us + copies, held = durably AND r.until_us <= now_us
          WHERE r.key = k.key AND r.number = wanted RETURNING r.held INTO durably;
        IF durably THEN -- done with so long ago that it is forgotten
          UPDATE quota_requests r SET until_us = at WHERE r.key = k.key AND r.number = wanted;
        END IF;
      END IF;
    END IF;
    IF answer = '{}' AND durably THEN
      k.held := k.held + 1;
      k.sweep_us := least(k.sweep_us, at);
      answer := ARRAY[1, 0, reaches_rest];
    ELSIF NOT durably THEN
      answer := ARRAY[0, greatest(1, free - now_us), reaches_rest];
    END IF;

  ELSIF call = 'usage' THEN
    answer := ARRAY[greatest(0, k.paused_us - now_us), reaches_rest];
    FOR i IN 1 .. coalesce(array_length(given, 1), 0) BY 2 LOOP
      which := quota_settled_until(k.key, k.cut, k.settled, now_us - given[i + 1]);
      used := k.settled - which + k.held;
      at := 0;
      IF used > 0 THEN
        at := CASE WHEN which < k.settled THEN quota_settled_at(k.key, k.cut, which) ELSE now_us END
          + given[i + 1] - now_us;
      END IF;
      free := doubted + greatest(k.hold_us, longest_hold) + given[i + 1];
      IF free > now_us THEN
        used := greatest(used, given[i]);
        at := free - now_us;
      END IF;
      answer := answer || used || at;
    END LOOP;

  ELSIF call = 'look' THEN -- what a forecast starts from
    free := greatest(k.paused_us, doubted + greatest(k.hold_us, longest_hold) + given[1]);
    answer := ARRAY[now_us, free, k.settled, k.held, reaches_rest];
  ELSIF call = 'settled_at' THEN
    FOREACH which IN ARRAY given LOOP
      answer := answer || CASE WHEN which < k.settled THEN quota_settled_at(k.key, k.cut, which) ELSE now_us END;
    END LOOP;
  END IF;

  IF k.settled / cut_after > settled_before / cut_after THEN
    k := quota_cut(k, now_us - k.longest_us, now_us - greatest(k.longest_us, kept), 4 * cut_after);
  END IF;
  UPDATE quota_keys q SET
    now_us = k.now_us, paused_us = k.paused_us, longest_us = k.longest_us, hold_us = k.hold_us, held = k.held,
    cut = k.cut, settled = k.settled, rest = k.rest, began_us = k.began_us, sweep_us = k.sweep_us
    WHERE q.ctid = place;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'the row of a key has moved';
  END IF;
  -- as commit_durably, without a call
  IF NOT durably THEN
    is_held := set_config('synchronous_commit', 'off', true) IS NULL;
  ELSE
    IF current_setting('synchronous_commit') IN ('off', 'local', 'remote_write') THEN
      is_held := set_config('synchronous_commit', 'on', true) IS NULL;
    END IF;
    IF current_setting('client_min_messages') NOT IN ('warning', 'notice') THEN
      is_held := set_config('client_min_messages', 'warning', true) IS NULL;
    END IF;
  END IF;
  RETURN answer;
END $$;
