-- A campaign as a whole: opened, wanted, and waiting for a runner.

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
