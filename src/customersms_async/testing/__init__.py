"""For tests of programs that send texts, and of stores: a pytest plugin (``plugin``), and contracts."""

from __future__ import annotations

from .cap_contract import CapStoreContract
from .clock import ManualClock
from .contract import QuotaStoreContract
from .idempotency_contract import IdempotencyStoreContract
from .ledger_contract import LedgerContract
from .network import Network
from .suppression_contract import SuppressionStoreContract

__all__ = [
    "CapStoreContract",
    "IdempotencyStoreContract",
    "LedgerContract",
    "ManualClock",
    "Network",
    "QuotaStoreContract",
    "SuppressionStoreContract",
]
