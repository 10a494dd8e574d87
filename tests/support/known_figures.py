"""What the gateways know of the sends in ``metered_sends``, by the questions that Prometheus is asked about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from support.metered_sends import BULK_HOURLY, CREDITS, HOURLY, PAIR, PEOPLE

if TYPE_CHECKING:
    from collections.abc import Set

    from customersms_async import QuotaStatus
    from support.metered_sends import Programs

    Figures = dict[str, float]

ROUNDS = 2


class Fates(NamedTuple):
    """How many texts of one key had which end."""

    accepted: int
    rejected: int
    unknown: int
    unsent: int


class KnownFigures(NamedTuple):
    """Figures by their labels, written as ``key=shop status=accepted``.

    ``counters``: by queries for counters of which the dashboard shows rates; ``panels``: by title and letter;
    ``close``: how near panels come, as a share, or from 1 on as a difference; ``alerts``: whom an alert is about.
    """

    counters: dict[str, Figures]
    panels: dict[tuple[str, str], Figures]
    close: dict[str, float]
    alerts: dict[str, Set[str]]

    @classmethod
    async def of(cls, sending: Programs, seen_from: float) -> KnownFigures:
        """The figures at this moment, in which the programs stand still; nobody looked before ``seen_from``."""
        fates = {label: _fates(sending, label) for label in CREDITS}
        quotas = {label: await client.quota_status() for label, client in sending.clients.items()}
        return cls(_counters(sending, fates), _panels(sending, fates, quotas, seen_from), _CLOSE, _ALERTS)


_CLOSE = {"Paused for": 5.0, "Pauses": 5.0, "Keys": 5.0, "First in this time": 3_000.0, "Last in this time": 3_000.0}
_ALERTS: dict[str, Set[str]] = {
    "CustomersmsTextsUnknown": {"shop", "spring"},
    "CustomersmsCampaignUnknown": {"spring"},
    "CustomersmsUrgentGivenUp": {"halted"},
    "CustomersmsQuotaNearlyUsed": {"spring"},
    "CustomersmsPaused": {"halted"},
    "CustomersmsCreditsLow": {"codes"},
    "CustomersmsCreditsEndSoon": CREDITS.keys() - {"halted"},  # some in seconds, so few in six hours
    "CustomersmsStoreErrors": {"quota"},
}


def _fates(sending: Programs, label: str) -> Fates:
    faults = [(arrival.accepted, arrival.fault) for arrival in sending.arrivals(label)]
    known = {
        (True, None): "accepted",
        (True, "STATUS_502"): "unknown",
        (False, "ROW_REJECTED"): "rejected",
        (False, "STATUS_429"): "",  # and sent again, or given up
    }
    became = [known[each] for each in faults]
    unsent = ROUNDS if label in {"shop", "halted"} else 0
    return Fates(became.count("accepted"), became.count("rejected"), became.count("unknown"), unsent)


def _each(figures: Figures, label: str = "key") -> Figures:
    return {f"{label}={name}": value for name, value in figures.items() if value}


def _counters(sending: Programs, fates: dict[str, Fates]) -> dict[str, Figures]:
    requests = _each({label: sending.requests(label) for label in CREDITS})
    return {
        "sum by (key, status) (customersms_client_outcomes_total)": {
            f"key={label} status={status}": count
            for label, of_key in fates.items()
            for status, count in of_key._asdict().items()
            if count
        },
        "sum by (key) (messaging_client_sent_messages_total)": _each(
            {label: len(sending.arrivals(label)) for label in CREDITS}
        ),
        "sum by (key) (messaging_client_operation_duration_seconds_count)": requests,
        "sum by (key) (customersms_client_wait_time_seconds_count)": requests,
        'group by (reason) (customersms_client_wait_time_seconds_count{reason!="quota"})': {  # few of whom are let in
            f"reason={each}": 1 for each in ("connection", "none", "pace", "pause", "store")
        },
    }


def _panels(
    sending: Programs, fates: dict[str, Fates], quotas: dict[str, QuotaStatus], seen_from: float
) -> dict[tuple[str, str], Figures]:
    used = {
        f"key={label} window={limit.limit.seconds:g}": (limit.used, limit.limit.requests)
        for label, quota in quotas.items()
        for limit in quota.limits
    }
    waiting = {label: sum(quota.waiting.values()) for label, quota in quotas.items()}
    paused = {f"key={label}": quota.paused_seconds for label, quota in quotas.items()}
    unknown = sum(each.unknown for each in fates.values())
    left = {
        label: sending.credits(label) for label in CREDITS if label != "halted"
    }  # no answer has told of its credits
    times = [1e-3 * arrival.at_us for arrival in sending.arrivals() if arrival.fault == "STATUS_502"]
    of_campaign = {
        "planned": PEOPLE - 1 - BULK_HOURLY * PAIR,
        "sending": 0,
        "skipped": 1,
        **{name: getattr(fates["spring"], name) for name in ("accepted", "rejected", "unknown")},
    }
    figures: dict[str, tuple[Figures, ...]] = {
        "Unknown": ({"": unknown},),
        "In line": ({"": sum(waiting.values())},),
        "Fullest limit": ({"": BULK_HOURLY / HOURLY},),
        "Paused for": ({"": max(paused.values())},),
        "Credits left": ({"": min(left.values())},),
        "Not accepted, by code": (
            {
                "code=_OTHER status=rejected": sum(each.rejected for each in fates.values()),
                "code=HTTP_502 status=unknown": unknown,
                "code=INVALID_PHONE status=unsent": ROUNDS,
                "code=RATE_LIMITED status=unsent": 1,
                "code=QUOTA_EXCEEDED status=unsent": ROUNDS - 1,
            },
        ),
        "In line by priority": ({"priority=bulk": waiting["spring"], "priority=normal": 0, "priority=urgent": 0},),
        "On their way by priority": ({f"priority={name}": 0 for name in ("bulk", "normal", "urgent")},),
        "Used of each limit": ({name: some / most for name, (some, most) in used.items()},),
        "Requests left": ({name: most - some for name, (some, most) in used.items()},),
        "Pauses": (paused,),
        "Unknown, by code": ({"code=HTTP_502": unknown},),
        "First in this time": ({"": max(min(times), 1e3 * seen_from)},),
        "Last in this time": ({"": max(times)},),
        "Unknown in campaigns": ({"": fates["spring"].unknown},),
        "Keys": (
            *(_each({label: each._asdict()[name] for label, each in fates.items()}) for name in Fates._fields),
            {
                f"key={label}": many for label, many in waiting.items() if label not in {"shop", "halted"}
            },  # never in line
            {
                f"key={label}": max(some / most for name, (some, most) in used.items() if f"key={label} " in name)
                for label in CREDITS
            },
            paused,
            _each(left),
        ),
        "Credits": (_each(left),),
        "Recipients by state": ({f"state={name}": count for name, count in of_campaign.items()},),
        "Retries, by code": ({"code=RATE_LIMITED": ROUNDS + 1},),
        "Store errors": ({"store=quota": sending.store_failures},),
    }
    return {(title, chr(65 + at)): each for title, some in figures.items() for at, each in enumerate(some)}
