"""The recipients that a ledger of any kind takes in: slice by slice, with the hash of them all."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Final, final

from .._core.intake import Letter
from ..errors import ConfigurationError
from .arguments import person_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from .protocol import CampaignLedger
    from .rows import Count, Input

Letters = Iterable[Letter] | AsyncIterable[Letter]
"""Recipients with their texts, from anywhere."""

SLICE: Final = 1_000
"""Recipients that are handed over at a time: some 10 ms of work."""


@final
class InputDigest:
    """The hash of an input: of every phone, text, key and time zone as given, in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.count: int = 0

    def take(self, letters: Sequence[Letter]) -> None:
        """Go on with these."""
        self.count += len(letters)
        parts = []
        for letter in letters:
            phone, text = letter.phone, letter.text
            given = phone if isinstance(phone, str) else f"{type(phone).__name__} {phone!r}"
            said = text if isinstance(text, str) else f"{type(text).__name__} {text!r}"
            parts.append(f"{len(given)} {len(said)} {given}{said}")
            if letter.key is not None:
                parts.append(f"key {letter.key!r}")
            if letter.zone is not None:
                parts.append(f"zone {letter.zone!r}")
        self._hash.update("".join(parts).encode("utf-8", "surrogatepass"))

    @property
    def hex(self) -> str:
        """The hash so far."""
        return self._hash.hexdigest()


def refuse_other_message(known: Input, template: str | None, ledger: str) -> None:
    """Raise ``ConfigurationError`` if the ledger of this name was made with another message."""
    if template != known.template:
        raise ConfigurationError(f"{ledger} was made with another message: use another ledger for this one")


async def compare(known: Input, letters: Letters, template: str | None, ledger: str) -> None:
    """Raise ``ConfigurationError`` if these are not what the ledger of this name holds."""
    digest = InputDigest()
    async for some in slices(letters):
        await asyncio.to_thread(digest.take, some)
    refuse_other_message(known, template, ledger)
    if digest.hex != known.hash:
        raise ConfigurationError(
            f"{ledger} holds other recipients ({known.recipients:,} were added, these are {digest.count:,}):"
            " use another ledger for these"
        )


async def slices(letters: Letters) -> AsyncIterator[list[Letter]]:
    """Pieces of ``SLICE`` letters; the event loop gets a turn after each."""
    some: list[Letter] = []
    if isinstance(letters, AsyncIterable):
        async for letter in letters:
            some.append(letter)
            if len(some) >= SLICE:
                yield some
                some = []
    else:
        for letter in letters:
            some.append(letter)
            if len(some) >= SLICE:
                yield some
                some = []
    if some:
        yield some


async def add_more(
    ledger: CampaignLedger,
    letters: Letters,
    template: str | None,
    region: str | None,
    suppressed: Iterable[str],
    *,
    by: str,
    file: str = "",
    rehearsal: bool = False,
    one_per_number: bool = False,
    keep: Sequence[str] = (),
) -> list[Count] | None:
    """Put more letters into a ledger, or the first ones, which may be a ``rehearsal``: see ``CampaignLedger.add_more``.

    Gives how many of them are in which state then; ``None`` if they were there already.
    """
    name = person_name(by)
    if await ledger.added() is not None:
        return await ledger.add_more(
            letters, template, region, suppressed, by=name, one_per_number=one_per_number, keep=keep, file=file
        )
    await ledger.add(
        *(letters, template, region, suppressed),
        rehearsal=rehearsal,
        one_per_number=one_per_number,
        keep=keep,
        file=file,
        by=name,
    )
    return await ledger.counts()
