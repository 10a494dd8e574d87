"""The methods of a campaign that put recipients into its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from .._sending.reader import check_recipients
from .given import add_more, by_state, letters_of, numbers_of
from .ledger_holder import LedgerHolder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._sending.reader import Messages, Numbers, Recipients
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
        """Put everyone into the ledger, in one transaction; false if the same were added before.

        ``recipients`` and ``message`` are those of ``send_many``. Texts are frozen as they are now. A number that
        comes again with the same text, is invalid, or is among ``suppress`` (read in another thread) is skipped with
        that reason; who is suppressed once is suppressed in this ledger for good. ``region`` (two letters) is where
        numbers without ``+`` are dialled from. With ``one_per_number`` a number that comes again is skipped, whatever
        its text.

        Raises ``ConfigurationError`` if the ledger holds other recipients or another message, and whatever
        ``recipients`` raises; then, and if it is cancelled, nothing is added.
        """
        check_recipients(recipients)
        letters, suppressed = letters_of(recipients, message), numbers_of(suppress, region)
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
        same text is skipped (code DUPLICATE); with ``one_per_number``, one that is there with any text. ``by`` is the
        person's name, and ``source`` what they are from, such as a file's name. A run that is under way sends to them
        without being started anew; one that is over is needed again, and a ledger that nobody was added to becomes a
        draft. The rest is as for ``add``.
        """
        check_recipients(recipients)
        letters = letters_of(recipients, message)
        suppressed = numbers_of(suppress, region)
        counts = await add_more(
            *(self._ledger, letters, message, region, suppressed), by=by, file=source, one_per_number=one_per_number
        )
        return None if counts is None else by_state(counts)
