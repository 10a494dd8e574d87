"""Who of a job's recipients may be texted as things stand, by the user's list and the caps."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, final

from ..._core.fingerprints import FingerprintSet
from ..._core.plural import counted
from ...suppression.asking import suppressed_among
from ..quota import open_quota
from ..suppress.list_place import open_list

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from ..._core.caps import CappedText, CapScopes
    from ...quota.protocol import CapStore
    from ...suppression import SuppressionStore
    from ..options import ClientOptions

_ASKED_AT_ONCE: Final = 1_000
"""Numbers in one question: a bound on memory."""


@final
class AllowedNow:
    """Counts those of a job's numbers that are on the user's list, and those that reach a cap, as things stand.

    Of several texts of the job to one number those count for which the ones before leave no room. ``on_list`` and
    ``capped`` are whole once ``allowed_now`` has ended; ``None``: there is no list, or no cap. Mutable state: these;
    the numbers that were not asked about yet; and those that were, with how many further texts of the job they get.
    """

    def __init__(
        self, runner: asyncio.Runner, suppressed: SuppressionStore | None, caps: tuple[CapStore, CapScopes] | None
    ) -> None:
        self.on_list = None if suppressed is None else 0
        self.capped = None if caps is None else 0
        self.runner = runner
        self._suppressed = suppressed
        self._caps = caps
        self._pending: list[str] = []
        self._seen = FingerprintSet()
        self._further: dict[bytes, int] = {}

    def see(self, phones: Sequence[str]) -> None:
        """Count these numbers in."""
        if self.on_list is not None or self.capped is not None:
            self._pending += phones
            if len(self._pending) >= _ASKED_AT_ONCE:
                self.ask()

    def ask(self) -> None:
        """Ask about all numbers that were not asked about yet."""
        phones, self._pending = self._pending, []
        if phones:
            self.runner.run(self.ask_about(phones))

    @property
    def remarks(self) -> list[str]:
        """What a person has to know of the counts, a line for each."""
        found = []
        if self.on_list:
            who = counted(self.on_list, "recipient is", "recipients are")
            found.append(f"{who} on the list of customersms suppress")
        if self.capped:
            who = counted(self.capped, "recipient has", "recipients have")
            found.append(f"{who} reached --cap, and no text goes there now")
        return found

    async def ask_about(self, phones: Sequence[str], names: Sequence[bytes] = ()) -> None:
        """Count these numbers in, in the event loop of ``runner``.

        ``names`` are those of their texts, where these may have been sent before: then that try does not count.
        """
        suppressed: frozenset[str] = frozenset()
        if self._suppressed is not None and self.on_list is not None:
            suppressed = await suppressed_among(self._suppressed, phones)
            self.on_list += sum(phone in suppressed for phone in phones)
        if self._caps is not None and self.capped is not None:
            store, scopes = self._caps
            pairs = zip(phones, names or repeat(b""), strict=False)
            texts, asked = self._texts(scopes, [pair for pair in pairs if pair[0] not in suppressed])
            hits = await store.look_at_caps(scopes.space, texts)
            self.capped += sum(hits[place] is not None for place in asked)

    def _texts(self, scopes: CapScopes, pairs: Iterable[tuple[str, bytes]]) -> tuple[list[CappedText], list[int]]:
        """The texts of these pairs of number and name, in a list behind those that went before to their numbers.

        And the places of these in it. No more are put before them than any cap allows.
        """
        most = max(limit.requests for limit in scopes.caps.per_number)
        texts: list[CappedText] = []
        asked, begun = [], set[bytes]()
        for phone, name in pairs:
            text = scopes.text(phone, b"", again=name)
            number = text.scopes[0].key
            is_known = self._seen.add(hash(number))
            further = self._further.get(number, 0)
            if is_known and number not in begun:
                texts += [scopes.text(phone, b"")] * min(most, 1 + further)
            if is_known:
                self._further[number] = further + 1
            begun.add(number)
            asked.append(len(texts))
            texts.append(text)
        return texts, asked


@contextlib.contextmanager
def allowed_now(client: ClientOptions) -> Iterator[AllowedNow]:
    """What counts a job's numbers, for the length of a ``with`` block outside an event loop.

    Raises as ``open_list`` and ``open_quota`` do, and what the stores raise.
    """
    with asyncio.Runner() as runner:
        stores = _stores(client)
        allowed = AllowedNow(runner, *runner.run(stores.__aenter__()))
        try:
            yield allowed
            allowed.ask()
        finally:
            runner.run(stores.__aexit__(None, None, None))


@contextlib.asynccontextmanager
async def _stores(client: ClientOptions) -> AsyncIterator[tuple[SuppressionStore | None, Any]]:
    async with open_list(client.allowed.suppression_list) as suppressed:
        if client.allowed.caps is None:
            yield suppressed, None
            return
        from ..._core.caps import CapScopes  # few need them

        async with open_quota(client.quota_at, looking=True) as quota:
            yield suppressed, (quota, CapScopes(client.allowed.caps))
