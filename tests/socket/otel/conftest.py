"""Fixtures for the tests of telemetry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.telemetry import TelemetryInMemory

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def seen() -> Iterator[TelemetryInMemory]:
    """Telemetry that is kept in memory."""
    kept = TelemetryInMemory()
    yield kept
    kept.close()
