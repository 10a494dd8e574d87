"""The contract of stores that count for caps: a test class to inherit, for those of this package and for your own.

```python
class TestMyStore(CapStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path):
        self.path = tmp_path / "tokens"

    def open_store(self, clock):
        return MyStore(self.path, clock=clock)  # an async context manager
```

It stands beside ``QuotaStoreContract``, takes the same ``open_store``, and ``open_far_store`` for a store that talks to
a server over a network.
"""

from __future__ import annotations

from ._contract.cap_calls import CapCallContract
from ._contract.cap_forks import CapForkContract
from ._contract.cap_network import CapNetworkContract
from ._contract.cap_schedules import CapScheduleContract
from ._contract.cap_texts import CapTextContract


class CapStoreContract(CapTextContract, CapCallContract, CapScheduleContract, CapNetworkContract, CapForkContract):
    """Every promise of ``CapStore`` as a test, and random schedules against the pure rule, ``CapLog``.

    ``open_store`` is needed; ``open_far_store`` where there is a network.

    Example:
        ```python
        class TestMyStoreForCaps(CapStoreContract):
            def open_store(self, clock):
                return MyStore(clock=clock)  # an async context manager
        ```
    """
