-- Commits that are where they must be before they are acknowledged.
--
-- A commit whose wait for a synchronous standby was cancelled is a success with a warning, which whoever asked must hear:
-- a role, a database or a server may have it not sent (client_min_messages).

-- Have this transaction's commit be on the disk, and on a synchronous standby, before it is acknowledged, and be warned if
-- it is not; or not wait.
CREATE OR REPLACE FUNCTION customersms.commit_durably(durably boolean) RETURNS void LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET search_path = pg_catalog
AS $$
BEGIN
  IF NOT durably THEN
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN;
  END IF;
  IF current_setting('synchronous_commit') IN ('off', 'local', 'remote_write') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  IF current_setting('client_min_messages') NOT IN ('warning', 'notice') THEN
    PERFORM set_config('client_min_messages', 'warning', true);
  END IF;
END $$;

-- A person says that nothing is missing here.
CREATE OR REPLACE FUNCTION customersms.trust() RETURNS void LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET search_path = pg_catalog, customersms, pg_temp
AS $$
BEGIN
  PERFORM doubted_since(wall_us());
  PERFORM commit_durably(true);
  UPDATE places SET trusted = true WHERE NOT trusted;
END $$;
