-- What a lost host has left of its attempts; what a run does with each stands in ledger_requests.sql.

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
