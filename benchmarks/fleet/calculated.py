"""The sizes of a fleet, by calculation from what one request costs: a pure function of the measured figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYS: Final = (100, 10_000, 100_000)
A_DAY: Final = 50_000
"""Requests of a key a day, at the documented limits; in its busiest hours 5,000 an hour."""
AN_HOUR: Final = 5_000
BUSY: Final = (1.0, 0.01)
"""The share of the keys that send as much as they may: all, or one in a hundred."""
CALLS: Final = 4
"""Calls to the database for each request: take, begin, record, settle."""
HTTP_MS: Final = 1.05
"""CPU of a request for 100 with 8 at a time, by docs/speed.md: what comes to what the stores cost a worker."""
CORES: Final = 8
"""Of a database, which are busy in the busiest hours: half of those that it has, let us say."""
CONNECTIONS: Final = 8 + 8 + 8 + 3
"""Of one worker, at most: its ledgers', its quota's and its list's threads, and its jobs' pool."""


class Size(NamedTuple):
    """A fleet whose busy keys all send as much as they may; rates are those of the busiest hours."""

    recipients: int
    keys: int
    busy: float
    texts_a_day: float
    requests_a_second: float
    calls_a_second: float
    server_cores: float
    wal_gb_a_day: float
    disk_gb_a_day: float
    databases: int
    worker_cores: float
    workers: int
    connections: int


def sizes(measured: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A size for each number of keys and share of busy ones, by what requests of each number of recipients cost.

    A worker is one process, half of whose core is used; two at least.
    """
    return [size(one, keys, busy)._asdict() for one in measured for busy in BUSY for keys in KEYS]


def size(one: dict[str, Any], keys: int, busy: float) -> Size:
    """The size for so many keys, of which a share is busy."""
    sending = keys * busy
    a_second, a_day = sending * AN_HOUR / 3_600, sending * A_DAY
    of_tables = sum(one["bytes a request, by table"].values())
    disk = of_tables + one["recipients"] * one["bytes a recipient, added"]
    server_cores = a_second * one["both"]["server_ms"] / 1e3
    worker_cores = a_second * (one["both"]["client_ms"] + HTTP_MS) / 1e3
    workers = max(2, math.ceil(2 * worker_cores))
    return Size(
        recipients=one["recipients"],
        keys=keys,
        busy=busy,
        texts_a_day=a_day * one["recipients"],
        requests_a_second=a_second,
        calls_a_second=CALLS * a_second,
        server_cores=server_cores,
        wal_gb_a_day=a_day * sum(one[part]["wal"] for part in ("ledger", "vacuum after it", "quota")) / 1e9,
        disk_gb_a_day=a_day * disk / 1e9,
        databases=math.ceil(server_cores / CORES),
        worker_cores=worker_cores,
        workers=workers,
        connections=workers * CONNECTIONS,
    )
