"""The runs of an open campaign that have not ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, final

from .._sending.open_client import open_client
from .runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .._sending.open_client import OpenClient
    from ..client import AsyncClient
    from .guards import Guards
    from .protocol import CampaignLedger
    from .terms import CampaignTerms


@final
class CampaignRuns:
    """Begins runs, and waits for them to end. Mutable state: the runs that have not, by their tasks."""

    def __init__(self) -> None:
        self._runners: dict[asyncio.Task[None], Runner] = {}

    def begin(
        self,
        ledger: CampaignLedger,
        client: AsyncClient,
        guards: Guards,
        suppressed: Iterable[str],
        terms: Callable[[OpenClient], CampaignTerms],
        *,
        wait: bool,
        succeeds: bool = False,
    ) -> Runner:
        """Begin a run of the campaign in ``ledger``, on the ``terms`` for the opened client.

        ``wait``: stand by while somebody else runs it. ``succeeds``: go on with the run that is wanted.
        """
        opened = open_client(client)
        earlier = tuple(self._runners.values())
        runner = Runner(ledger, opened, guards, suppressed, terms(opened), earlier, succeeds=succeeds, stands_by=wait)
        opened.watch(runner)  # so that closing the client ends it
        self._runners[runner.task] = runner
        runner.task.add_done_callback(self._runners.pop)
        return runner

    async def end(self) -> None:
        """Have all runs send nothing new, and wait until what is in flight is recorded."""
        runners = tuple(self._runners.values())
        for runner in runners:
            runner.stop()
        try:
            while self._runners:
                await asyncio.wait(tuple(self._runners))
        finally:
            for runner in runners:
                runner.queue.close(asyncio.current_task(), "the campaign was closed, and it goes on with the next run")
