"""Why a ledger can't be used, as a ``LedgerError``, whatever kind of ledger it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import LedgerError

if TYPE_CHECKING:
    from pathlib import Path


def refusal(name: Path | str, reason: str) -> LedgerError:
    """The error for a ledger that can't be used; ``name`` is what messages call it."""
    return LedgerError(f"{name}: {reason}", path=str(name))
