"""For tests of programs that send texts, and of stores: a pytest plugin (``plugin``), and contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cap_contract import CapStoreContract
from .clock import ManualClock
from .contract import QuotaStoreContract
from .idempotency_contract import IdempotencyStoreContract
from .ledger_contract import LedgerContract
from .network import Network
from .suppression_contract import SuppressionStoreContract

if TYPE_CHECKING:
    from .fake_client import FakeClient

__all__ = [
    "CapStoreContract",
    "FakeClient",
    "IdempotencyStoreContract",
    "LedgerContract",
    "ManualClock",
    "Network",
    "QuotaStoreContract",
    "SuppressionStoreContract",
]


def __getattr__(name: str) -> object:
    """Import the client for unit tests when it is first asked for: the plugin is loaded in every run of pytest."""
    if name != "FakeClient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .fake_client import FakeClient

    return FakeClient
