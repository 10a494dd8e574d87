"""The contract of campaign ledgers: a test class to inherit, for those of this package and for your own.

```python
class TestMyLedger(LedgerContract):
    @pytest.fixture(autouse=True)
    def place(self, tmp_path):
        self.path = tmp_path / "ledger"

    async def open(self, clock):
        return await MyLedger.open(self.path, create=True, clock=clock)
```

``open`` gives the one ledger of a test, as one more host has it. The tests are plain functions that run an event loop
of their own, so no plugin is needed, and close what was opened. The ledger's time must be injectable: what happens at
an attempt's deadline can't be seen on a clock that runs.
"""

from __future__ import annotations

from ._contract.ledger_adding import LedgerAddingContract
from ._contract.ledger_additions import LedgerAdditionsContract
from ._contract.ledger_inputs import LedgerInputContract
from ._contract.ledger_intents import LedgerIntentContract
from ._contract.ledger_late_answers import LedgerLateAnswerContract
from ._contract.ledger_looks import LedgerLookContract
from ._contract.ledger_moves import LedgerMoveContract
from ._contract.ledger_people import LedgerPeopleContract
from ._contract.ledger_records import LedgerRecordContract
from ._contract.ledger_runners import LedgerRunnerContract
from ._contract.ledger_schedules import LedgerScheduleContract
from ._contract.ledger_wanted import LedgerWantedContract


class LedgerContract(
    LedgerAddingContract,
    LedgerAdditionsContract,
    LedgerInputContract,
    LedgerIntentContract,
    LedgerRecordContract,
    LedgerRunnerContract,
    LedgerLateAnswerContract,
    LedgerPeopleContract,
    LedgerWantedContract,
    LedgerMoveContract,
    LedgerLookContract,
    LedgerScheduleContract,
):
    """Every promise of ``CampaignLedger`` as a test, and random schedules against a few lines of Python.

    Example:
        ```python
        class TestMyLedger(LedgerContract):
            async def open(self, clock):
                return await MyLedger.open(self.path, clock=clock)  # yours, as customersms_async.campaign.protocol says
        ```
    """
