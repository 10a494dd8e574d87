"""The contract of idempotency stores: a test class to inherit, for the stores of this package and for your own.

```python
class TestMyStore(IdempotencyStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path):
        self.path = tmp_path / "keys"

    def open_store(self, clock, keep):
        return MyStore(self.path, clock=clock, keep=keep)  # an async context manager
```

The tests are plain functions that run an event loop of their own, so no plugin is needed. The store's time must be
injectable: what happens to the microsecond can't be seen on a clock that runs.
"""

from __future__ import annotations

from ._contract.key_calls import KeyCallContract
from ._contract.key_schedules import KeyScheduleContract


class IdempotencyStoreContract(KeyCallContract, KeyScheduleContract):
    """Every promise of ``IdempotencyStore`` as a test, and random schedules against the pure rule.

    Example:
        ```python
        class TestMyStore(IdempotencyStoreContract):
            def open_store(self, clock, keep):
                return MyStore(clock=clock, keep=keep)  # an async context manager
        ```
    """
