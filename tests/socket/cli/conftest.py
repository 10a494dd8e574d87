"""The command in this process, with a gateway of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async.sandbox import Sandbox
from support.typed_command import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    gateway = Sandbox()
    with gateway.serve_in_thread() as url:
        yield Desk(tmp_path, gateway, url)
