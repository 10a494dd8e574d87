"""A host for ``SQLiteQuota``: its clocks, and what the tests of its file, clock and thread share."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from customersms_async._core.layers import Layer
from customersms_async.errors import QuotaStoreError
from customersms_async.quota.host_clock import Moment

if TYPE_CHECKING:
    from customersms_async.quota.sqlite import SQLiteQuota


ONE = (Layer(1, 1_000),)
THREE = (Layer(3, 1_000),)
HOLD_US = 500
ANEW = "Restore it; or delete it, with its -wal and -shm files, to start with an unused quota."


class Clock:
    """A host whose clocks stand still until they are told to go on."""

    def __init__(self, boot: str = "first boot") -> None:
        self.boot, self.us, self.wall_us = boot, 0, 1_000_000_000

    def __call__(self) -> Moment:
        return Moment(self.boot, self.us, self.wall_us)

    def reboot(self, name: str, *, wall_us: int) -> None:
        """The wall clock, if anything, saw time pass."""
        self.boot, self.us, self.wall_us = name, 0, self.wall_us + wall_us


async def take(store: SQLiteQuota, layers: tuple[Layer, ...] = ONE, key: str = "key") -> int:
    """Take a token, which must be there; the request's number."""
    taken = await store.take(key, layers, HOLD_US)
    assert isinstance(taken, int), taken
    return taken


async def used(store: SQLiteQuota, layers: tuple[Layer, ...] = THREE, key: str = "key") -> int:
    """How many tokens of the first layer are used."""
    return (await store.usage(key, layers))[0][0].used


async def message(store: SQLiteQuota) -> str:
    """Why the store can't be used, for good."""
    with pytest.raises(QuotaStoreError) as caught:
        await store.take("key", ONE, HOLD_US)
    assert not caught.value.temporary
    return str(caught.value)


_SLOW_IS_NO_FAULT = """import logging
logging.getLogger("asyncio").addFilter(lambda record: " took " not in record.msg)
"""


def run(script: str, *arguments: object) -> str:
    """What a script prints, in a process in which every warning is an error and which must end well."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-X", "dev", "-W", "error", "-c", _SLOW_IS_NO_FAULT + script, *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout
