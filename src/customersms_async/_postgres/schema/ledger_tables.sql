-- The tables of campaigns: who is to be sent to, every intent before its first byte, and what became of it.
--
-- Safety rests on committed intents alone: `campaign_begin` moves every recipient of a request from planned to sending, or
-- none, and two hosts can't both move a row, whatever they believe. Leases keep one runner at a time, for order and pace.
--
-- A recipient's id has the campaign in its high half and the place in the input in its low one, so that the next ones are
-- found by one index alone, also in a campaign that was added a moment ago; what changes has no index, so that a change
-- stays within its page. Words of people, of the gateway and of files are bytes, as the server's own texts can't hold all.
-- Times are microseconds since 1970.

CREATE TABLE customersms.campaigns (
  campaign integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name bytea NOT NULL UNIQUE, ledger text NOT NULL,
  made_us bigint NOT NULL,
  -- the input, once it was added:
  hash text, template bytea, recipients integer, added_us bigint, rehearsal boolean, kept bytea
);

CREATE TABLE customersms.campaign_texts (
  campaign integer NOT NULL, number integer NOT NULL, text bytea NOT NULL, PRIMARY KEY (campaign, number)
);

CREATE TABLE customersms.campaign_recipients (
  id bigint PRIMARY KEY, phone bytea NOT NULL, text integer, segments integer NOT NULL,
  state text NOT NULL CHECK (state IN ('planned', 'sending', 'accepted', 'rejected', 'unknown', 'skipped')),
  code bytea NOT NULL DEFAULT '', error bytea, message_id bytea, attempts integer NOT NULL DEFAULT 0, attempt bigint,
  updated_us bigint NOT NULL
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.1);

-- Where recipients stand in their file, and what was kept of their rows (a JSON object), if there is a file.
CREATE TABLE customersms.campaign_origins (id bigint PRIMARY KEY, line bigint NOT NULL, kept bytea);

-- How many recipients are in each state with each code, and their segments.
CREATE TABLE customersms.campaign_counts (
  campaign integer NOT NULL, state text NOT NULL, code bytea NOT NULL, recipients bigint NOT NULL, segments bigint NOT NULL,
  PRIMARY KEY (campaign, state, code)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Intents and what became of them: both are only ever appended. An attempt's number is drawn by whoever begins it.
CREATE TABLE customersms.campaign_attempts (
  attempt bigint PRIMARY KEY, campaign integer NOT NULL, began_us bigint NOT NULL, recipients integer NOT NULL,
  ids text NOT NULL, credits_before text, deadline_us bigint NOT NULL
);
CREATE INDEX campaign_attempts_by_time ON customersms.campaign_attempts (campaign, began_us);
CREATE TABLE customersms.campaign_answers (
  attempt bigint PRIMARY KEY, ended_us bigint NOT NULL, status_code integer, accepted integer NOT NULL,
  rejected integer NOT NULL, unknown integer NOT NULL, unsent integer NOT NULL, error bytea, credits_after text
);
-- Texts that came twice, as a person had one sent again whose first request was accepted all the same.
CREATE TABLE customersms.campaign_doubles (
  id bigint NOT NULL, attempt bigint NOT NULL, ended_us bigint NOT NULL, PRIMARY KEY (id, attempt)
);
-- The intents without an answer yet: all that has to be read to find those of dead processes.
CREATE TABLE customersms.campaign_flying (
  campaign integer NOT NULL, attempt bigint NOT NULL, holder bytea NOT NULL, deadline_us bigint NOT NULL,
  places integer[] NOT NULL, PRIMARY KEY (campaign, attempt)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

CREATE TABLE customersms.campaign_suppressed (
  campaign integer NOT NULL, phone bytea NOT NULL, source bytea NOT NULL, at_us bigint NOT NULL,
  PRIMARY KEY (campaign, phone, source)
);
CREATE TABLE customersms.campaign_resolutions (
  campaign integer NOT NULL, number integer NOT NULL, at_us bigint NOT NULL, decided_by bytea NOT NULL,
  becomes text NOT NULL, recipients integer NOT NULL, ids text NOT NULL, call bytea, PRIMARY KEY (campaign, number)
);

-- What is wanted of a campaign: each change is a row, of which the last counts, with the terms that stand since then.
CREATE TABLE customersms.campaign_terms (
  campaign integer NOT NULL, number integer NOT NULL, at_us bigint NOT NULL, terms bytea NOT NULL,
  PRIMARY KEY (campaign, number)
);
CREATE TABLE customersms.campaign_wanted (
  campaign integer NOT NULL, number integer NOT NULL, at_us bigint NOT NULL, state text NOT NULL, event text NOT NULL,
  decided_by bytea NOT NULL, guard bytea NOT NULL, why bytea NOT NULL, terms integer, call bytea,
  PRIMARY KEY (campaign, number)
);
-- The campaigns of which a run is wanted, kept by the trigger there: all that workers have to read.
CREATE TABLE customersms.campaign_runs_wanted (campaign integer PRIMARY KEY)
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Where a campaign was moved from and to, as campaign/move_states.py has it: the last row counts.
CREATE TABLE customersms.campaign_moves (
  campaign integer NOT NULL, number integer NOT NULL, at_us bigint NOT NULL, move text NOT NULL, state text NOT NULL,
  place bytea NOT NULL, decided_by bytea NOT NULL, PRIMARY KEY (campaign, number)
);

-- Who runs a campaign: a holder, which is one open ledger of a host, which is one process. A host that has not been heard
-- of until its time is dead as far as leases go; it may still record what became of its intents.
CREATE TABLE customersms.campaign_hosts (host bytea PRIMARY KEY, words bytea NOT NULL, until_us bigint NOT NULL)
  WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- The campaigns whose runner lived on when another server took over, and has put its lost intents in again there.
CREATE TABLE customersms.campaign_vouched (campaign integer NOT NULL, place bigint NOT NULL, PRIMARY KEY (campaign, place));
CREATE TABLE customersms.campaign_leases (
  campaign integer PRIMARY KEY, epoch bigint NOT NULL, host bytea, holder bytea, since_us bigint
);
