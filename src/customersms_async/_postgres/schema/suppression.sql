-- Numbers of people who said no: what was told of each, of which the last counts. A phone number is its digits.
--
-- A change is what one call changed: its time and words stand once, and its entries have the numbers from first to
-- before upto. No table says who is suppressed now: two that tell the same could disagree. Words of people are bytes,
-- as the server's own texts can't hold all of them.

CREATE TABLE customersms.suppression_changes (
  first bigint PRIMARY KEY CHECK (first >= 0), upto bigint NOT NULL CHECK (upto > first), at_us bigint NOT NULL,
  why bytea NOT NULL, decided_by bytea NOT NULL
);
CREATE TABLE customersms.suppression_entries (
  phone bigint NOT NULL CHECK (phone BETWEEN 1000000 AND 999999999999999), number bigint NOT NULL,
  suppressed boolean NOT NULL, PRIMARY KEY (phone, number)
);

-- Those that are suppressed now.
CREATE FUNCTION customersms.suppressed(phones bigint[]) RETURNS SETOF bigint
  LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$ -- no function of SQL alone, which is planned anew with each call
BEGIN
  RETURN QUERY SELECT asked.phone FROM unnest(phones) asked (phone) CROSS JOIN LATERAL (
    SELECT e.suppressed FROM suppression_entries e WHERE e.phone = asked.phone ORDER BY e.number DESC LIMIT 1
  ) last WHERE last.suppressed;
END $$;

-- Make an entry for each of the numbers, in their order, for which this changes anything; gives how many.
CREATE FUNCTION customersms.suppression_change(phones bigint[], adds boolean, clock bigint, words bytea, name bytea)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, customersms, pg_temp SET enable_seqscan = off
AS $$
DECLARE
  start bigint;
  changed bigint[];
BEGIN
  PERFORM pg_advisory_xact_lock(4854276180216214098); -- one change after the other, so that numbers are in their order
  IF adds THEN
    SELECT array_agg(asked.phone ORDER BY asked.place) INTO changed
      FROM unnest(phones) WITH ORDINALITY AS asked (phone, place)
      WHERE asked.phone NOT IN (SELECT suppressed(phones));
  ELSE
    SELECT array_agg(asked.phone ORDER BY asked.place) INTO changed
      FROM unnest(phones) WITH ORDINALITY AS asked (phone, place)
      WHERE asked.phone IN (SELECT suppressed(phones));
  END IF;
  IF changed IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM commit_durably(true);
  SELECT coalesce(max(upto), 0) INTO start FROM suppression_changes;
  INSERT INTO suppression_changes
    VALUES (start, start + array_length(changed, 1), coalesce(clock, wall_us()), words, name);
  INSERT INTO suppression_entries SELECT one.phone, start + one.place - 1, adds
    FROM unnest(changed) WITH ORDINALITY AS one (phone, place);
  RETURN array_length(changed, 1);
END $$;
