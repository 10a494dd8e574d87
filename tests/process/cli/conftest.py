"""Fixtures for tests of the command as a process."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async.models import Limit
from customersms_async.sandbox import Sandbox
from support.command import KEY, Commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def customersms(tmp_path: Path) -> Iterator[Commands]:
    """Runs the command in the test's own folder."""
    commands = Commands(tmp_path)
    yield commands
    commands.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[Sandbox, dict[str, str]]]]:
    """Serves gateways in this process; gives each with the environment that makes the command send there."""
    with contextlib.ExitStack() as served:

        def make(**options: Any) -> tuple[Sandbox, dict[str, str]]:
            defaults: dict[str, Any] = {"keys": {KEY: 100_000}, "limits": (Limit(100_000, 1),)}
            gateway = Sandbox(**(defaults | options))
            url = served.enter_context(gateway.serve_in_thread())
            return gateway, {"CUSTOMERSMS_URL": url, "CUSTOMERSMS_API_KEY": KEY}

        yield make
