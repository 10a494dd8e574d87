"""The contract of quota stores: a test class to inherit, for the stores of this package and for your own.

```python
class TestMyStore(QuotaStoreContract):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path):
        self.path = tmp_path / "tokens"

    def open_store(self, clock):
        return MyStore(self.path, clock=clock)  # an async context manager
```

A store that talks to a server over a network gives ``open_far_store`` too, whose messages are carried by a ``Network``
that loses, delays, doubles and reorders them:

```python
def open_far_store(self, clock, network):
    return MyStore(self.path, clock=clock, ask=lambda message: network.carry(lambda: server.ask(message)))
```

The tests are plain functions that run an event loop of their own, so no plugin is needed. The store's time must be
injectable: exactness can't be seen on a clock that runs.
"""

from __future__ import annotations

from ._contract.calls import CallContract
from ._contract.forks import ForkContract
from ._contract.limits import LimitContract
from ._contract.network import NetworkContract
from ._contract.schedules import ScheduleContract
from ._contract.tokens import TokenContract


class QuotaStoreContract(TokenContract, LimitContract, CallContract, ScheduleContract, NetworkContract, ForkContract):
    """Every promise of ``QuotaStore`` as a test, and random schedules against the pure rule, ``Buckets``.

    ``open_store`` is needed; ``open_far_store`` where there is a network.

    Example:
        ```python
        class TestMyStore(QuotaStoreContract):
            def open_store(self, clock):
                return MyStore(clock=clock)  # an async context manager
        ```
    """
