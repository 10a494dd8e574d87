"""What helps to test programs that send texts: a pytest plugin (``plugin``), and the contract of quota stores."""

from __future__ import annotations

from .contract import QuotaStoreContract
from .network import Network
from .walk import ManualClock

__all__ = ["ManualClock", "Network", "QuotaStoreContract"]
