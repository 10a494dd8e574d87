"""Fixtures for the tests of telemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async.sandbox import Sandbox
from support.real_time import PATIENCE
from support.telemetry import TelemetryInMemory

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector waits for an event loop for as long as that takes on a busy machine."""
    monkeypatch.setattr("customersms_async._otel.readings.PATIENCE_SECONDS", PATIENCE)


@pytest.fixture
def seen() -> Iterator[TelemetryInMemory]:
    """Telemetry that is kept in memory."""
    kept = TelemetryInMemory()
    yield kept
    kept.close()


@pytest.fixture
def sandbox_in_thread() -> Iterator[Sandbox]:
    """A gateway in a thread of its own."""
    gateway = Sandbox()
    with gateway.serve_in_thread():
        yield gateway
