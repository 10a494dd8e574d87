-- Who runs a campaign: hosts that are alive, leases, and what a runner says of a server that took over.

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

-- Say that nothing of a campaign is missing on this server: its runner has put in again what was.
CREATE FUNCTION customersms.campaign_vouch(of_campaign integer) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
BEGIN
  INSERT INTO campaign_vouched SELECT of_campaign, max(p.place) FROM places p ON CONFLICT DO NOTHING;
  PERFORM commit_durably(true);
END $$;
