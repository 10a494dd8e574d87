-- The rule of _core/buckets.py over the rows of one key. One call, one atomic decision, as _redis/script.lua makes it.
--
-- The key's row is locked, and written again by each call: it is small, nothing in it that changes is indexed, and its
-- page has room, so that this stays a HOT update. Settle times have a row each, which is written once and deleted with
-- many others; requests are numbered from the first one ever, so that a layer's token is one look-up, and no old
-- snapshot makes it a longer one. Rejected: arrays of times, of which each call would write a new copy.
--
-- Calls may come late, twice, or after a later one. So no number is used twice, neither of a request nor of a pause: one
-- that is held is granted again and never loses its token to a copy; and one that is done with is never granted again.

CREATE TABLE customersms.quota_keys (
  key_id text PRIMARY KEY, key bigint GENERATED ALWAYS AS IDENTITY,
  now_us bigint NOT NULL DEFAULT 0, paused_us bigint NOT NULL DEFAULT 0,
  longest_us bigint NOT NULL DEFAULT 0, -- the longest window asked for so far
  hold_us bigint NOT NULL DEFAULT 0, -- the longest hold
  held bigint NOT NULL DEFAULT 0,
  cut bigint NOT NULL DEFAULT 0, -- requests before this number have no row of their own in quota_log
  settled bigint NOT NULL DEFAULT 0, -- how many, ever
  rest boolean NOT NULL DEFAULT false, -- whether the first step counts all before it
  began_us bigint NOT NULL DEFAULT 0, -- when the last step began
  sweep_us bigint NOT NULL DEFAULT 0 -- nothing lapses before
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- What is held until it lapses, and what is done with until it is forgotten.
CREATE TABLE customersms.quota_requests (
  key bigint NOT NULL, number bigint NOT NULL, until_us bigint NOT NULL, held boolean NOT NULL, PRIMARY KEY (key, number)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1);

CREATE TABLE customersms.quota_log (
  key bigint NOT NULL, number bigint NOT NULL, at_us bigint NOT NULL, PRIMARY KEY (key, number)
) WITH (autovacuum_vacuum_scale_factor = 0.1);

CREATE TABLE customersms.quota_steps (
  key bigint NOT NULL, upto bigint NOT NULL, newest_us bigint NOT NULL, PRIMARY KEY (key, upto)
);

-- When a request settled, exactly or by its step.
CREATE FUNCTION customersms.quota_settled_at(of_key bigint, cut bigint, which bigint) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  at bigint;
BEGIN
  IF which >= cut THEN
    SELECT at_us INTO STRICT at FROM quota_log WHERE key = of_key AND number = which;
  ELSE
    SELECT newest_us INTO STRICT at FROM quota_steps WHERE key = of_key AND upto > which ORDER BY upto LIMIT 1;
  END IF;
  RETURN at;
END $$;

-- How many requests had settled until then.
CREATE FUNCTION customersms.quota_settled_until(of_key bigint, cut bigint, settled bigint, until bigint) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  low bigint := cut;
  high bigint := settled;
  middle bigint;
BEGIN
  IF settled = cut OR quota_settled_at(of_key, cut, cut) > until THEN
    SELECT upto INTO low FROM quota_steps WHERE key = of_key AND newest_us <= until ORDER BY upto DESC LIMIT 1;
    RETURN coalesce(low, 0);
  END IF;
  WHILE low < high LOOP
    middle := (low + high) / 2;
    IF quota_settled_at(of_key, cut, middle) > until THEN
      high := middle;
    ELSE
      low := middle + 1;
    END IF;
  END LOOP;
  RETURN low;
END $$;

-- Make coarse what no window reaches any more, at most so many; _core/buckets.py says how. Gives the row as it is then.
CREATE FUNCTION customersms.quota_cut(k customersms.quota_keys, until bigint, dropped bigint, most bigint)
  RETURNS customersms.quota_keys
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  step constant bigint := 60000000; -- as in _core/history.py
  before constant bigint := k.cut;
  gone bigint[];
  upto_now bigint;
  newest bigint;
  one record;
BEGIN
  SELECT upto, newest_us INTO upto_now, newest FROM quota_steps WHERE key = k.key ORDER BY upto DESC LIMIT 1;
  FOR one IN SELECT number, at_us FROM quota_log WHERE key = k.key AND number >= k.cut ORDER BY number LIMIT most LOOP
    EXIT WHEN one.at_us > until;
    IF upto_now IS NULL OR one.at_us >= k.began_us + step THEN
      IF k.cut > before THEN
        DELETE FROM quota_steps WHERE key = k.key AND upto = upto_now;
        INSERT INTO quota_steps VALUES (k.key, k.cut, newest);
      END IF;
      upto_now := one.number + 1;
      k.began_us := one.at_us;
      INSERT INTO quota_steps VALUES (k.key, upto_now, one.at_us);
    END IF;
    k.cut := one.number + 1;
    newest := one.at_us;
  END LOOP;
  IF k.cut > before THEN
    DELETE FROM quota_steps WHERE key = k.key AND upto = upto_now;
    INSERT INTO quota_steps VALUES (k.key, k.cut, newest);
    DELETE FROM quota_log WHERE key = k.key AND number >= before AND number < k.cut;
  END IF;
  -- the steps whose newest request is a whole step older than that become the rest: no other may join them
  upto_now := NULL;
  FOR one IN SELECT upto, newest_us FROM quota_steps WHERE key = k.key ORDER BY upto LOOP
    EXIT WHEN one.newest_us + step > dropped;
    upto_now := one.upto;
  END LOOP;
  IF upto_now IS NOT NULL THEN
    k.rest := true;
    DELETE FROM quota_steps WHERE key = k.key AND upto < upto_now;
  END IF;
  RETURN k;
END $$;
