"""The contract of suppression stores: a test class to inherit, for the stores of this package and for your own.

```python
class TestMyStore(SuppressionStoreContract):
    keeps_entries = False  # it has no method but ``suppressed``

    def open_store(self, clock):
        return MyStore(self.crm)  # an async context manager

    async def add(self, store, phones):
        self.crm.opt_out(phones)

    async def remove(self, store, phones):
        self.crm.opt_in(phones)
```

The tests are plain functions that run an event loop of their own, so no plugin is needed.
"""

from __future__ import annotations

from ._contract.suppression_entries import SuppressionEntryContract
from ._contract.suppression_looks import SuppressionLookContract


class SuppressionStoreContract(SuppressionLookContract, SuppressionEntryContract):
    """Every promise of ``SuppressionStore`` as a test; and of the entries, for a store that ``keeps_entries``.

    Example:
        ```python
        class TestMyStore(SuppressionStoreContract):
            def open_store(self, clock):
                return MyStore(clock=clock)  # an async context manager
        ```
    """
