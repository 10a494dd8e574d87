"""For tests of programs that send texts, and of quota stores: a pytest plugin (``plugin``), and a contract."""

from __future__ import annotations

from .clock import ManualClock
from .contract import QuotaStoreContract
from .network import Network

__all__ = ["ManualClock", "Network", "QuotaStoreContract"]
