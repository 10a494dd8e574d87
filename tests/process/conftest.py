"""Tests of whole processes: they kill, stop and fork them, so none of them runs on Windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.platforms import NO_POSIX, WINDOWS

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if WINDOWS:
        for item in items:
            if item.path.is_relative_to(HERE):
                item.add_marker(pytest.mark.skip(reason=NO_POSIX))
