"""The methods of a campaign that put recipients into its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from .._sending.input_reader import check_recipients
from .arguments import letters_of, suppressed_numbers
from .ledger_holder import LedgerHolder
from .ledger_input import add_more
from .state_counts import by_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._sending.input_reader import Messages, Numbers, Recipients
    from .states import State


class AddingMethods(LedgerHolder):
    """``add`` and ``add_more`` of a ``Campaign``, and of nothing else."""

    @overload
    async def add(
        self,
        recipients: Numbers,
        message: str,
        *,
        region: str | None = None,
        suppress: Iterable[str] = (),
        one_per_number: bool = False,
    ) -> bool: ...
    @overload
    async def add(
        self,
        recipients: Messages,
        message: None = None,
        *,
        region: str | None = None,
        suppress: Iterable[str] = (),
        one_per_number: bool = False,
    ) -> bool: ...
    async def add(
        self,
        recipients: Recipients,
        message: str | None = None,
        *,
        region: str | None = None,
        suppress: Iterable[str] = (),
        one_per_number: bool = False,
    ) -> bool:
        """Put everyone into the ledger, in one transaction; gives false if the same were added before.

        Texts are frozen as they are now. A number that comes again with the same text, or is invalid, is skipped with
        that reason.

        If it raises, and if it is cancelled, nothing is added.

        Args:
            recipients: an iterable or async iterable of phone numbers (with ``message``) or of ``Message``.
            message: the text for all of them, where they bring none.
            region: two letters: where numbers without ``+`` are dialled from.
            suppress: numbers that are skipped, with that reason, now and in every run of this ledger; read in
                another thread.
            one_per_number: whether a number that comes again is skipped with any text, not just with the same.

        Raises:
            ConfigurationError: if the ledger holds other recipients or another message, or there is nobody to add.
            InvalidRecipientError: if one of ``suppress`` is no number.
            LedgerError: if the ledger can't be used.

        What ``recipients`` itself raises is raised, too.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                people = {"+12125551234": "Ann", "+13235554567": "Bob"}
                if not await campaign.add(Message(phone, f"Hi {name}") for phone, name in people.items()):
                    print("they were added before")
            ```
        """
        check_recipients(recipients)
        letters, suppressed = letters_of(recipients, message), suppressed_numbers(suppress, region)
        return await self._ledger.add(letters, message, region, suppressed, one_per_number=one_per_number)

    @overload
    async def add_more(
        self,
        recipients: Numbers,
        message: str,
        *,
        by: str,
        source: str = "",
        region: str | None = None,
        suppress: Iterable[str] = (),
        one_per_number: bool = False,
    ) -> dict[State, int] | None: ...
    @overload
    async def add_more(
        self,
        recipients: Messages,
        message: None = None,
        *,
        by: str,
        source: str = "",
        region: str | None = None,
        suppress: Iterable[str] = (),
        one_per_number: bool = False,
    ) -> dict[State, int] | None: ...
    async def add_more(
        self,
        recipients: Recipients,
        message: str | None = None,
        *,
        by: str,
        source: str = "",
        region: str | None = None,
        suppress: Iterable[str] = (),
        one_per_number: bool = False,
    ) -> dict[State, int] | None:
        """Put more recipients into the ledger, as an addition of their own, also while it runs, here or elsewhere.

        In one transaction: all of them, or nobody. Gives how many of them are in which state then, or ``None`` if the
        same addition was made before, so that what was cut off can be repeated. A number that is there already with the
        same text is skipped (code DUPLICATE). A run that is under way sends to them without being started anew; one
        that is over is needed again, and a ledger that nobody was added to becomes a draft.

        Args:
            recipients: an iterable or async iterable of phone numbers (with ``message``) or of ``Message``.
            message: the text for all of them, where they bring none.
            by: the person's name.
            source: what they are from, such as a file's name.
            region: two letters: where numbers without ``+`` are dialled from.
            suppress: numbers that are skipped, with that reason, now and in every run of this ledger; read in
                another thread.
            one_per_number: whether a number that is there already is skipped with any text, not just with the same.

        Raises:
            ConfigurationError: without a name in ``by``, if there is nobody to add, or while others are added.
            InvalidRecipientError: if one of ``suppress`` is no number.
            LedgerError: if the ledger can't be used.

        What ``recipients`` itself raises is raised, too.

        Example:
            ```python
            async with Campaign.open("spring.ledger") as campaign:
                counts = await campaign.add_more(["+14155550100"], "Doors open at eight", by="Ann", source="late.csv")
                print("added before" if counts is None else counts["planned"])
            ```
        """
        check_recipients(recipients)
        letters = letters_of(recipients, message)
        suppressed = suppressed_numbers(suppress, region)
        counts = await add_more(
            *(self._ledger, letters, message, region, suppressed), by=by, file=source, one_per_number=one_per_number
        )
        return None if counts is None else by_state(counts)
