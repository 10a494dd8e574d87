"""Fixtures for the tests of telemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.real_time import PATIENCE
from support.telemetry import TelemetryInMemory

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector waits for an event loop for as long as that takes on a busy machine."""
    monkeypatch.setattr("customersms_async._otel.gauges.PATIENCE_SECONDS", PATIENCE)


@pytest.fixture
def seen() -> Iterator[TelemetryInMemory]:
    """Telemetry that is kept in memory."""
    kept = TelemetryInMemory()
    yield kept
    kept.close()
