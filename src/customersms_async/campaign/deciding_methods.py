"""The methods of a campaign by which a person decides: what is wanted, and what became of recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arguments import person_name, recipients_to_resolve
from .ledger_holder import LedgerHolder
from .wanted import WantedChange
from .wanted_states import WantedEvent

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .wanted import WantedNow


class DecidingMethods(LedgerHolder):
    """``resolve``, ``wanted``, ``pause``, ``stop`` and ``resume`` of a ``Campaign``, and of nothing else."""

    async def resolve(
        self, status_or_phones: str | Iterable[str], *, as_: str, by: str, codes: Iterable[str] = ()
    ) -> int:
        """Record what a person found out about recipients; gives how many recipients it applied to.

        Who is suppressed is not planned again.

        Args:
            status_or_phones: ``"unknown"``, ``"rejected"``, or ``"capped"``, ``"expired"`` or ``"no_zone"``
                (skipped with that code, ``"skipped"`` with any of these), for all who are so, or phone numbers, for
                those of them who are any of these.
            as_: ``"accepted"`` (only unknown ones), or ``"planned"``, to be sent to again.
            by: the person's name.
            codes: only who is so with one of these codes.

        Raises:
            ConfigurationError: for a move that does not exist, and without a name in ``by``.
            InvalidRecipientError: for what is no number.
            LedgerError: where somebody who is to be planned was being sent to by a process that was cut off (code
                INTERRUPTED): that process may be a stopped one, so this is refused until ten minutes after the
                request's time is over.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                print(await campaign.resolve("unknown", as_="accepted", by="Ann"), "were found in the provider's list")
            ```
        """
        among, numbers = recipients_to_resolve(status_or_phones, as_, tuple(codes))
        name = person_name(by)
        return await self._ledger.resolve(among, numbers, name) if among else 0

    async def wanted(self) -> WantedNow | None:
        """What is wanted of the campaign, since when, by whom, and on which terms; ``None`` before ``add``.

        Raises:
            LedgerError: if the ledger can't be used.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                wanted = await campaign.wanted()
                print("a draft" if wanted is None else wanted)
            ```
        """
        return await self._ledger.wanted()

    async def pause(self, *, by: str) -> bool:
        """Let no request begin until ``resume``, in no process; gives false if a person has paused it already.

        Durable when it returns: from then on no intent is made, and what had one is let finish. A run elsewhere notices
        within about a second, records what is in flight, and ends with ``CampaignStoppedError`` (guard ``"paused"``),
        as does one that begins before ``resume``.

        Args:
            by: the person's name.

        Raises:
            ConfigurationError: if nobody was added yet, and without a name in ``by``.
            LedgerError: if the ledger can't be used.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                await campaign.add(["+12125551234"], "Doors open at eight")
                await campaign.pause(by="Ann")
            ```
        """
        return await self._ledger.want(WantedChange(event=WantedEvent.PAUSE, by=person_name(by)))

    async def stop(self, *, by: str) -> bool:
        """End the campaign as ``pause`` does (guard ``"stopped"``), to say that nobody means to go on with it.

        All else is as for ``pause``, ``resume`` included.

        Args:
            by: the person's name.

        Raises:
            ConfigurationError: if nobody was added yet, and without a name in ``by``.
            LedgerError: if the ledger can't be used.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                await campaign.add(["+12125551234"], "Doors open at eight")
                await campaign.stop(by="Ann")
            ```
        """
        return await self._ledger.want(WantedChange(event=WantedEvent.STOP, by=person_name(by)))

    async def resume(self, *, by: str) -> bool:
        """Take back ``pause`` and ``stop``, so that ``run`` may go on; gives false if *run* is wanted already.

        Sends nothing by itself.

        Args:
            by: the person's name.

        Raises:
            ConfigurationError: for a campaign that is neither paused nor stopped, and without a name in ``by``.
            LedgerError: if the ledger can't be used.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                await campaign.add(["+12125551234"], "Doors open at eight")
                await campaign.pause(by="Ann")
                await campaign.resume(by="Ann")
            ```
        """
        return await self._ledger.want(WantedChange(event=WantedEvent.RESUME, by=person_name(by)))
