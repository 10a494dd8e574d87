"""The table of the dashboard: every panel with its questions to Prometheus, in the order in which they are read.

``$on`` in a query stands for the selection of jobs, instances and keys. Counts that grow all the time are shown as
rates; rare ones as they stand, because a rate is blind to the first event of its kind: a counter's series begins with
it.
"""

from __future__ import annotations

from typing import Final

from .panels import Panel, Query, Row

_WAITED_BY = "sum by (le{}) (rate(customersms_client_wait_time_seconds_bucket{{$on{}}}[$__rate_interval]))"
_ANSWERED_BY = "sum by (le{}) (rate(messaging_client_operation_duration_seconds_bucket{{$on}}[$__rate_interval]))"
_USED = "max by (key, window) (customersms_quota_usage{$on} / customersms_quota_limit{$on})"
_UNKNOWN = 'customersms_client_outcomes_total{$on, status="unknown"}'
_BEFORE = f"{_UNKNOWN} offset $__rate_interval"
_BECAME_UNKNOWN = f"({_UNKNOWN} unless {_BEFORE}) or ({_UNKNOWN} > {_BEFORE})"
_CREDITS_SPENT = "(-deriv(customersms_credits{$on}[1h]) > 0)"
_PLANNED = 'customersms_campaign_recipients{$on, state="planned"}'


def _waited(share: float, by: str = "", only: str = "") -> str:
    return f"histogram_quantile({share}, {_WAITED_BY.format(by, only)})"


def _answered(share: float, by: str = "") -> str:
    return f"histogram_quantile({share}, {_ANSWERED_BY.format(by)})"


_URGENT = ', priority="urgent"'

GOING_OUT = Row(
    "Are texts going out?",
    (
        Panel(
            "Accepted / min",
            "Texts that the gateway took. Zero while people are planned or in line: look at what they wait for, below.",
            (Query('60 * sum(rate(customersms_client_outcomes_total{$on, status="accepted"}[$__rate_interval]))'),),
            kind="stat",
            width=4,
        ),
        Panel(
            "Unknown",
            "Texts that may or may not have gone out, since the processes began. They are never sent again by "
            "themselves: look the numbers up at the provider, then resolve them by hand.",
            (Query(f"sum({_UNKNOWN}) or vector(0)"),),
            kind="stat",
            width=4,
            warn=1,
        ),
        Panel(
            "In line",
            "Requests that wait to be let in, of all priorities. A campaign always has some; urgent ones are below.",
            (Query("sum(customersms_client_requests_waiting{$on})"),),
            kind="stat",
            width=4,
        ),
        Panel(
            "Fullest limit",
            "How much is used of the limit that is nearest to its end. Bulk sends stop at 95% and leave the rest to "
            "others, so above that one-time passwords are living on the reserve.",
            (Query(f"max({_USED})"),),
            "percentunit",
            "stat",
            width=4,
            warn=0.97,
        ),
        Panel(
            "Paused for",
            "The gateway answered 429, and nothing is sent with the key for so long. It goes on by itself; if it comes "
            "again, find out who else sends with the key past this quota.",
            (Query("max(customersms_quota_pause_seconds{$on})"),),
            "s",
            "stat",
            width=4,
            warn=1,
        ),
        Panel(
            "Credits left",
            "What the gateway said last, of the key that has least. Add credits at the provider before they end.",
            (Query("min(customersms_credits{$on})"),),
            kind="stat",
            width=4,
            warn=1_000,
            low=True,
        ),
        Panel(
            "Texts a minute by outcome",
            "Accepted: the gateway took it. Rejected: it said no. Unsent: nothing left this machine. Unknown: it may "
            "have gone out.",
            (
                Query(
                    "60 * sum by (status) (rate(customersms_client_outcomes_total{$on}[$__rate_interval]))",
                    "{{status}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Texts that left, a minute",
            "Texts in requests whose first byte may have left. Where it is far above what was accepted, the gateway "
            "refuses: see the codes.",
            (Query("60 * sum(rate(messaging_client_sent_messages_total{$on}[$__rate_interval]))", "left"),),
        ),
        Panel(
            "Not accepted, by code",
            "Texts since the processes began. The codes are explained in docs/client.md, and each message in "
            "docs/runbook.md.",
            (
                Query(
                    'sum by (status, code) (customersms_client_outcomes_total{$on, status!="accepted"})',
                    "{{status}} {{code}}",
                ),
            ),
        ),
    ),
)

WAITS = Row(
    "How long do one-time passwords wait, and for what?",
    (
        Panel(
            "Urgent: wait before the request",
            "Priority urgent. Above 5 s people ask for another password, which makes it worse: see what they wait for.",
            tuple(Query(_waited(share, only=_URGENT), f"{share:.0%}") for share in (0.5, 0.95, 0.99)),
            "s",
            warn=5,
        ),
        Panel(
            "Urgent: what they wait for",
            "Requests that were waiting, on average, by what they lacked at first. Connection: raise max_concurrency, "
            "or see why answers are slow. Store: see the store. Pace: raise the pace. Quota, pause: see the limits.",
            (
                Query(
                    f"sum by (reason) (rate(customersms_client_wait_time_seconds_sum{{$on{_URGENT}}}"
                    "[$__rate_interval]))",
                    "{{reason}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Urgent: let in a minute",
            "Requests by what they waited for; none: let in at once. Where processes share a store, all of them wait "
            "some milliseconds for it, as store. No line while some stand in line: nothing goes.",
            (
                Query(
                    f"60 * sum by (reason) (rate(customersms_client_wait_time_seconds_count{{$on{_URGENT}}}"
                    "[$__rate_interval]))",
                    "{{reason}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Wait by priority (95%)",
            "Bulk waits for its quota for up to a day, which is right. Urgent and normal should not.",
            (Query(_waited(0.95, ", priority"), "{{priority}}"),),
            "s",
        ),
        Panel(
            "In line by priority",
            "Requests that wait to be let in. Urgent ones go first: where they stand in line, nothing else goes.",
            (Query("sum by (priority) (customersms_client_requests_waiting{$on})", "{{priority}}"),),
            stacked=True,
        ),
        Panel(
            "On their way by priority",
            "Requests without an answer yet. Flat at max_concurrency: the gateway is slow, or max_concurrency too low.",
            (Query("sum by (priority) (customersms_client_requests_active{$on})", "{{priority}}"),),
            stacked=True,
        ),
    ),
)

LIMITS = Row(
    "How much of each limit is used?",
    (
        Panel(
            "Used of each limit",
            "By window in seconds. Bulk sends fill a limit up to 95%. Above 97% of an hour or a day urgent texts are "
            "about to wait: pause a campaign, or ask the provider for more.",
            (Query(_USED, "{{window}} s {{key}}"),),
            "percentunit",
            warn=0.97,
        ),
        Panel(
            "Requests left",
            "What each window still lets through. A request is one, however many numbers it holds.",
            (
                Query(
                    "min by (key, window) (customersms_quota_limit{$on} - customersms_quota_usage{$on})",
                    "{{window}} s {{key}}",
                ),
            ),
        ),
        Panel(
            "Pauses",
            "Seconds that a key still pauses for the gateway's 429. Often: see who else sends with the key, and "
            "whether the limits are the provider's.",
            (Query("max by (key) (customersms_quota_pause_seconds{$on})", "pause {{key}}"),),
            "s",
        ),
    ),
)

UNKNOWN = Row(
    "What is unknown, and since when?",
    (
        Panel(
            "Unknown, by code",
            "Texts since the processes began; each step is a moment in which texts became unknown. NO_ANSWER: raise "
            "the time-out or ask the provider; INTERRUPTED: a process ended before its answer.",
            (Query(f"sum by (code) ({_UNKNOWN})", "{{code}}"),),
            width=12,
        ),
        Panel(
            "First in this time",
            "When the first text of the time that is shown became unknown.",
            (
                Query(
                    f"1000 * min(min_over_time(timestamp({_BECAME_UNKNOWN})[$__range:$__rate_interval]))",
                ),
            ),
            "dateTimeFromNow",
            "stat",
            width=4,
        ),
        Panel(
            "Last in this time",
            "When the last text of the time that is shown became unknown. Not long ago: it goes on, so stop the "
            "campaign and ask the provider.",
            (
                Query(
                    f"1000 * max(max_over_time(timestamp({_BECAME_UNKNOWN})[$__range:$__rate_interval]))",
                ),
            ),
            "dateTimeFromNow",
            "stat",
            width=4,
        ),
        Panel(
            "Unknown in campaigns",
            "Recipients that wait for a person's word: `customersms campaign export` lists them, and `customersms "
            "campaign resolve` says what became of them.",
            (Query('sum(customersms_campaign_recipients{$on, state="unknown"}) or vector(0)'),),
            kind="stat",
            width=4,
            warn=1,
        ),
    ),
)

KEYS = Row(
    "Which key?",
    (
        Panel(
            "Keys",
            "One line for each key, where the program asked for labels: Telemetry(key_label=True). A key that is "
            "refused, paused or without credits stops alone.",
            (
                Query('sum by (key) (customersms_client_outcomes_total{$on, status="accepted"})', "accepted"),
                Query('sum by (key) (customersms_client_outcomes_total{$on, status="rejected"})', "rejected"),
                Query(f"sum by (key) ({_UNKNOWN})", "unknown"),
                Query('sum by (key) (customersms_client_outcomes_total{$on, status="unsent"})', "unsent"),
                Query("sum by (key) (customersms_client_requests_waiting{$on})", "in line"),
                Query(f"max by (key) ({_USED})", "fullest limit"),
                Query("max by (key) (customersms_quota_pause_seconds{$on})", "paused for"),
                Query("min by (key) (customersms_credits{$on})", "credits"),
            ),
            kind="table",
            width=24,
        ),
    ),
)

CREDITS = Row(
    "When will the credits end?",
    (
        Panel(
            "Credits",
            "What the gateway said last. A process that sends nothing shows what it knew, so the least counts.",
            (Query("min by (key) (customersms_credits{$on})", "credits {{key}}"),),
            width=16,
        ),
        Panel(
            "They last for",
            "At the pace of the last hour, of the key that ends first. Nothing is shown if nothing was spent, or in "
            "the hour after credits were added.",
            (Query(f"min(customersms_credits{{$on}} / {_CREDITS_SPENT})"),),
            "s",
            "stat",
            warn=21_600,
            low=True,
        ),
    ),
)

CAMPAIGN = Row(
    "How far is the campaign?",
    (
        Panel(
            "Recipients by state",
            "Planned falls as the limits allow. It stands still at night where there are hours, while the day's quota "
            "is used up, and in a pause; else the run is stuck.",
            (Query("sum by (state) (customersms_campaign_recipients{$on})", "{{state}}"),),
            width=16,
            stacked=True,
        ),
        Panel(
            "Planned, done in",
            "At the pace of the last hour. `customersms campaign status` knows limits and hours, and is exact.",
            (Query(f"sum({_PLANNED}) / (-sum(deriv({_PLANNED}[1h])) > 0)"),),
            "s",
            "stat",
        ),
    ),
)

REQUESTS = Row(
    "How does the gateway answer, and are the stores well?",
    (
        Panel(
            "Time to the answer",
            "From the moment when a request is let in. Near the time-out, texts become unknown: tell the provider.",
            tuple(Query(_answered(share), f"{share:.0%}") for share in (0.5, 0.95, 0.99)),
            "s",
        ),
        Panel(
            "Time to the answer, by status (95%)",
            "No status: no answer came, see the error's type.",
            (Query(_answered(0.95, ", http_response_status_code"), "{{http_response_status_code}}"),),
            "s",
        ),
        Panel(
            "Requests a minute, by status",
            "429: see the limits. 401: the key. 402: the credits. From 500 on texts are unknown: stop, and ask the "
            "provider.",
            (
                Query(
                    "60 * sum by (http_response_status_code, error_type) "
                    "(rate(messaging_client_operation_duration_seconds_count{$on}[$__rate_interval]))",
                    "{{http_response_status_code}} {{error_type}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Retries, by code",
            "Requests since the processes began that provably sent nothing, and were tried again. CONNECTION_FAILED: "
            "run `customersms doctor`.",
            (Query("sum by (code) (customersms_client_retries_total{$on})", "{{code}}"),),
        ),
        Panel(
            "Store errors",
            "Failures since the processes began of the stores that keep quota, idempotency keys and suppressed "
            "numbers. While the quota's store is away, nothing is sent: see its server, its disk, its network.",
            (Query("sum by (store) (customersms_store_errors_total{$on})", "{{store}}"),),
            warn=1,
        ),
        Panel(
            "Waiting for the store",
            "Requests that were waiting for the quota's store, on average. Above 1: it is slow, or away.",
            (
                Query(
                    "sum by (priority) (rate(customersms_client_wait_time_seconds_sum"
                    '{$on, reason="store"}[$__rate_interval]))',
                    "{{priority}}",
                ),
            ),
        ),
    ),
)

ROWS: Final = (GOING_OUT, WAITS, LIMITS, UNKNOWN, KEYS, CREDITS, CAMPAIGN, REQUESTS)
