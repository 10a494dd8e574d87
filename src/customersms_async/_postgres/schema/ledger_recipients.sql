-- The recipients of a campaign: read page by page, suppressed, skipped, and decided about by people.

-- The next ones to be sent to, in the input's order.
CREATE FUNCTION customersms.campaign_planned(of_campaign integer, start integer, most integer)
  RETURNS TABLE (place bigint, phone bytea, text bytea, segments integer)
  LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
  SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  base constant bigint := of_campaign::bigint << 32;
BEGIN
  RETURN QUERY SELECT r.id - base, r.phone, t.text, r.segments
    FROM campaign_recipients r LEFT JOIN campaign_texts t ON t.campaign = of_campaign AND t.number = r.text
    WHERE r.id >= base + start AND r.id < base + (1::bigint << 32) AND r.state = 'planned' ORDER BY r.id LIMIT most;
END $$;

-- The next ones in any of these states, in the input's order.
CREATE FUNCTION customersms.campaign_entries(of_campaign integer, start integer, states text[], most integer)
  RETURNS TABLE (
    place bigint, phone bytea, state text, code bytea, error bytea, message_id bytea, attempts integer, updated_us bigint,
    line bigint, kept bytea
  )
  LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
  SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
#variable_conflict use_column
DECLARE
  base constant bigint := of_campaign::bigint << 32;
BEGIN
  RETURN QUERY SELECT r.id - base, r.phone, r.state, r.code, r.error, r.message_id, r.attempts, r.updated_us, o.line, o.kept
    FROM campaign_recipients r LEFT JOIN campaign_origins o ON o.id = r.id
    WHERE r.id >= base + start AND r.id < base + (1::bigint << 32) AND r.state = ANY (states) ORDER BY r.id LIMIT most;
END $$;

-- Suppress numbers for good, and skip everyone planned who is suppressed; gives how many.
CREATE FUNCTION customersms.campaign_suppress(
  of_campaign integer, clock bigint, phones bytea[], of_source bytea, on_the_list bytea
) RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
AS $$
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  base constant bigint := of_campaign::bigint << 32;
  skipped bigint;
BEGIN
  PERFORM campaign_is_here(of_campaign);
  INSERT INTO campaign_suppressed SELECT DISTINCT of_campaign, p.phone, of_source, now_us FROM unnest(phones) AS p (phone)
    ON CONFLICT DO NOTHING;
  UPDATE campaign_recipients r SET state = 'skipped', code = 'SUPPRESSED', error = on_the_list, updated_us = now_us
    WHERE r.id >= base AND r.id < base + (1::bigint << 32) AND r.state = 'planned'
      AND r.phone IN (SELECT s.phone FROM campaign_suppressed s WHERE s.campaign = of_campaign);
  GET DIAGNOSTICS skipped = ROW_COUNT;
  PERFORM commit_durably(true);
  RETURN skipped;
END $$;

-- Skip those at these places who are planned, each with its code and words.
CREATE FUNCTION customersms.campaign_skip(
  of_campaign integer, clock bigint, places integer[], codes bytea[], errors bytea[]
) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
  SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  base constant bigint := of_campaign::bigint << 32;
BEGIN
  PERFORM campaign_is_here(of_campaign);
  UPDATE campaign_recipients r SET state = 'skipped', code = a.code, error = a.error, updated_us = now_us
    FROM unnest(places, codes, errors) AS a (place, code, error)
    WHERE r.id = base + a.place AND r.state = 'planned';
  PERFORM commit_durably(true);
END $$;

-- Do what a person says of recipients in these states with these codes (empty: any), or of those with these numbers.
-- Gives how many that were; or, of whom to be planned may still be sent to, how many those are, and until when: then
-- nothing is done. A copy of a call that has done something does nothing more, and gives what the call gave.
CREATE FUNCTION customersms.campaign_resolve(
  of_campaign integer, clock bigint, of_call bytea, of_states text[], of_codes bytea[], new_state text, phones bytea[], by_whom bytea,
  cut_off bigint
) RETURNS TABLE (resolved bigint, held bigint, until_us bigint)
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  now_us constant bigint := coalesce(clock, wall_us());
  base constant bigint := of_campaign::bigint << 32;
  chosen bigint[];
  listed text;
  w campaign_wanted%ROWTYPE;
BEGIN
  PERFORM campaign_is_here(of_campaign);
  PERFORM campaign_lock(of_campaign, true);
  held := 0; until_us := 0;
  SELECT c.recipients INTO resolved FROM campaign_resolutions c WHERE c.campaign = of_campaign AND c.call = of_call;
  IF FOUND THEN
    PERFORM campaign_found_durably();
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT array_agg(r.id ORDER BY r.id) INTO chosen FROM (
    SELECT r.id FROM campaign_recipients r
    WHERE r.id >= base AND r.id < base + (1::bigint << 32)
      AND EXISTS (
        SELECT FROM unnest(of_states, of_codes) AS c (state, code)
        WHERE c.state = r.state AND (c.code = '' OR c.code = r.code)
      )
      AND (phones IS NULL OR r.phone = ANY (phones))
      AND NOT (new_state = 'planned' AND EXISTS (
        SELECT FROM campaign_suppressed s WHERE s.campaign = of_campaign AND s.phone = r.phone
      ))
    ORDER BY r.id FOR UPDATE
  ) r;
  resolved := coalesce(array_length(chosen, 1), 0);
  IF resolved = 0 THEN
    RETURN NEXT;
    RETURN;
  END IF;
  IF new_state = 'planned' THEN
    SELECT count(*), max(a.deadline_us) + cut_off INTO held, until_us
      FROM campaign_recipients r JOIN campaign_attempts a ON a.attempt = r.attempt
      WHERE r.id = ANY (chosen) AND r.state = 'unknown' AND r.code = 'INTERRUPTED' AND a.deadline_us > now_us - cut_off;
    IF held > 0 THEN
      resolved := 0;
      RETURN NEXT;
      RETURN;
    END IF;
  END IF;
  UPDATE campaign_recipients r SET state = new_state, code = '', error = NULL, updated_us = now_us
    WHERE r.id = ANY (chosen);
  SELECT string_agg(CASE WHEN g.low = g.high THEN g.low::text ELSE g.low || '-' || g.high END, ' ' ORDER BY g.low)
    INTO listed FROM (
      SELECT min(n.place) AS low, max(n.place) AS high FROM (
        SELECT i.id - base AS place, i.id - row_number() OVER (ORDER BY i.id) AS run FROM unnest(chosen) AS i (id)
      ) n GROUP BY n.run
    ) g;
  INSERT INTO campaign_resolutions
    SELECT of_campaign, coalesce(max(c.number), 0) + 1, now_us, by_whom, new_state, resolved, listed, of_call
    FROM campaign_resolutions c WHERE c.campaign = of_campaign;
  w := campaign_wanted_last(of_campaign);
  IF new_state = 'planned' AND w.state = 'done' THEN
    INSERT INTO campaign_wanted
      VALUES (of_campaign, w.number + 1, now_us, 'draft', 'plan', by_whom, '', '', w.terms);
  END IF;
  PERFORM commit_durably(true);
  RETURN NEXT;
END $$;
