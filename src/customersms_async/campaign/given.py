"""What people give to a campaign, as its ledger takes it, and what a ledger counts, as people take it."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING

from .._core import phone as phones
from .._core.intake import Letter
from ..errors import ConfigurationError
from .states import SAYS, State, chosen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from .._sending.reader import Recipients
    from ..models import Message
    from .adding import Letters
    from .protocol import CampaignLedger
    from .rows import Count
    from .states import Choice


def person(by: object) -> str:
    """A person's name, as the ledger keeps it. Raises ``ConfigurationError`` for none."""
    if not isinstance(by, str) or not by.strip():
        raise ConfigurationError("say by whom: the ledger keeps the name")
    return by.strip()


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
    name = person(by)
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


def by_state(counts: Iterable[Count]) -> dict[State, int]:
    """How many recipients are in each state."""
    found = dict.fromkeys(State, 0)
    for count in counts:
        found[count.state] += count.recipients
    return found


async def count_states(ledger: CampaignLedger) -> dict[State, int]:
    """How many recipients of a ledger are in each state."""
    return by_state(await ledger.counts())


def letters_of(recipients: Recipients, message: str | None) -> Letters:
    """Recipients as letters: each a phone that gets the ``message``, or a ``Message`` of its own."""
    if isinstance(recipients, AsyncIterable):
        return _each(recipients, message)
    return (Letter.of(item, message) for item in recipients)


async def _each(recipients: AsyncIterable[str | Message], message: str | None) -> AsyncIterator[Letter]:
    async for item in recipients:
        yield Letter.of(item, message)


def decided(
    status_or_phones: str | Iterable[str], as_: str, codes: Sequence[str]
) -> tuple[Sequence[Choice], list[str] | None]:
    """Of whom a person says something, and which of their numbers (``None``: of all): see ``Campaign.resolve``."""
    choices = SAYS.get(as_)  # type: ignore[call-overload]  # the states are text
    if choices is None:
        raise ConfigurationError(f"a recipient can be resolved as accepted or planned, not as {as_!r}")
    state = State(as_)
    if not isinstance(status_or_phones, str):
        numbers = [phones.parse(phone) for phone in status_or_phones]
        return [one for who in choices for one in chosen(state, who, codes)], numbers
    if not chosen(state, status_or_phones):
        possible = " or ".join(choices)
        raise ConfigurationError(f"only who is {possible} can be resolved as {as_}, not who is {status_or_phones}")
    return chosen(state, status_or_phones, codes), None


def numbers_of(given: Iterable[str], region: str | None) -> Iterator[str]:
    """Phones in E.164. Raises ``InvalidRecipientError`` for what is none."""
    for phone in given:
        yield phones.parse(phone, region=region)
