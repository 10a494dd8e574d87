-- What all stores in this schema share: which server it is, and since when.
--
-- Functions read by indexes alone (enable_seqscan = off): a plan that was made while a table was empty reads all of it, and
-- stays until the server has counted its rows.
--
-- A server is known by its system identifier and its WAL timeline: a promoted standby has another timeline, a restored
-- dump another identifier. The last place is the one that is in use. One that comes after the first may lack what the
-- one before it had acknowledged, until a person says that it does not (trusted).

CREATE TABLE customersms.places (
  place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, system bigint NOT NULL, timeline text NOT NULL,
  noticed_us bigint NOT NULL, trusted boolean NOT NULL,
  hold_us bigint NOT NULL DEFAULT 0 -- the longest hold of any key until then
);

CREATE FUNCTION customersms.wall_us() RETURNS bigint LANGUAGE sql VOLATILE
  SET search_path = pg_catalog
AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint $$;

INSERT INTO customersms.places (system, timeline, noticed_us, trusted)
  SELECT system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), customersms.wall_us(), true
  FROM pg_control_system();

-- Since when commits may be missing that were acknowledged, as another server took over; NULL if none are.
CREATE FUNCTION customersms.doubted_since(now_us bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET search_path = pg_catalog, customersms, pg_temp
AS $$
DECLARE
  known record;
  here bigint;
  line text;
BEGIN
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION USING ERRCODE = '25006', MESSAGE = 'nothing can be written while it recovers';
  END IF;
  line := left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
  SELECT system_identifier INTO here FROM pg_control_system();
  SELECT * INTO known FROM places ORDER BY place DESC LIMIT 1;
  IF known.system IS DISTINCT FROM here OR known.timeline IS DISTINCT FROM line THEN
    PERFORM pg_advisory_xact_lock(4854276180216214096);
    SELECT * INTO known FROM places ORDER BY place DESC LIMIT 1;
    IF known.system IS DISTINCT FROM here OR known.timeline IS DISTINCT FROM line THEN
      INSERT INTO places (system, timeline, noticed_us, trusted, hold_us)
        SELECT here, line, doubted_since.now_us, false, coalesce(max(q.hold_us), 0) FROM quota_keys q RETURNING * INTO known;
    END IF;
  END IF;
  RETURN CASE WHEN NOT known.trusted THEN known.noticed_us END;
END $$;
