"""File systems and platforms without hard links."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pytest

REASONS: Final = ["EPERM", "EACCES", "ENOTSUP", "ENOSYS", "EINVAL", "EMLINK", "missing"]
"""What the system says (exFAT, Android, network folders, FAT on Windows, others), or that Python has no such call."""


def break_links(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    """Have the system make no hard links."""

    def link(*_: Any, **__: Any) -> None:
        number = getattr(errno, reason)
        raise OSError(number, os.strerror(number))

    if reason == "missing":
        monkeypatch.delattr(os, "link")
    else:
        monkeypatch.setattr(os, "link", link)
