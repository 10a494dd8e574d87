"""The record of a run's attempts: the intent before the first byte, what became of it after the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from .._core.plural import counted
from .._sending.delivery import seconds_for
from .._sending.outcome_log import log_unawaited
from ..errors import LedgerError
from ..models import Outcome, Status
from .rows import Intent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._core.account import Account
    from .._core.batching import Batch
    from .._core.rulings import Ruling
    from .._runtime.log import KeyLog
    from .._sending.outcome_queue import OutcomeQueue
    from .protocol import CampaignLedger


@final
class Recorder:
    """Writes the attempts of one run into the ledger, and gives each outcome once it is recorded.

    ``timeout`` (seconds) is an attempt's with one number. Mutable state: the intents of the attempts on their way, by
    their first recipient, the answers that could not be recorded, and the outcomes of who is to be skipped.
    """

    def __init__(
        self, ledger: CampaignLedger, account: Account, timeout: float, queue: OutcomeQueue, log: KeyLog
    ) -> None:
        self._ledger = ledger
        self._account = account
        self._timeout = timeout
        self._queue = queue
        self._log = log
        self._intents: dict[int, Intent] = {}
        self._unrecorded: list[tuple[Intent, Ruling]] = []
        self._to_skip: list[Outcome] = []

    async def begin(self, batch: Batch) -> None:
        """Make durable that ``batch`` is being sent to. Raises what the ledger raises: then nothing may leave."""
        timeout = seconds_for(self._timeout, len(batch))
        intent = Intent(batch.indexes, self._account.remaining, timeout)
        self._intents[batch.indexes[0]] = intent
        await self._ledger.begin(intent)

    def take(self, ruling: Ruling) -> Intent | None:
        """The intent of the attempt that ``ruling`` is about, given only once; ``None`` if the attempt never began."""
        return self._intents.pop(ruling.outcomes[0].index, None)

    async def end(self, intent: Intent, ruling: Ruling) -> None:
        """Make durable what became of an attempt, then give its outcomes.

        Raises what the ledger raises; ``try_again`` comes back to it then.
        """
        try:
            await self._store(intent, ruling)
        except Exception:
            self._unrecorded.append((intent, ruling))
            raise

    def skip_soon(self, outcomes: Iterable[Outcome]) -> None:
        """Keep the outcomes of recipients who may not be sent to; they are told when ``skip`` has recorded them."""
        self._to_skip += outcomes

    async def skip(self) -> None:
        """Make durable who is skipped, then give their outcomes.

        Raises what the ledger raises; they stay planned then, and nothing is told of them.
        """
        while self._to_skip:
            some = self._to_skip[:]
            await self._ledger.skip(some)
            del self._to_skip[: len(some)]
            self._queue.put(some)
            self._queue.tell()

    async def try_again(self) -> list[Outcome]:
        """Try once more to store what could not be stored; gives the outcomes of what still can't be."""
        left: list[Outcome] = []
        for intent, ruling in self._unrecorded:
            try:
                await self._store(intent, ruling)
            except Exception as error:  # noqa: BLE001 - the reason is told already
                self._log.debug("unrecorded", "an answer could not be recorded: %s", error)
                left += ruling.outcomes
        return left

    def give_up(self, left: list[Outcome], reason: BaseException | None) -> LedgerError:
        """Log outcomes that can't be stored; gives the error that says how many they are, and the ``reason``."""
        log_unawaited(left, self._log)
        lost = counted(len(left), "recipient")
        return LedgerError(
            f"{reason}; what became of {lost} could not be recorded, so they are unknown to the ledger (the log has"
            " what the gateway said)",
            path=self._ledger.name,
        )

    async def _store(self, intent: Intent, ruling: Ruling) -> None:
        await self._ledger.record(intent, ruling)
        self._queue.put([o for o in ruling.outcomes if o.status is not Status.UNSENT])
        self._queue.tell()
