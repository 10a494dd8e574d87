"""The arguments of a campaign's methods, as its ledger takes them: names of people, recipients, numbers."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING

from .._core import phone as phones
from .._core.intake import Letter
from .._core.notations import in_all_notations
from ..errors import ConfigurationError
from .states import SAYS, State, chosen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from .._sending.input_reader import Recipients
    from ..models import Message
    from .ledger_input import Letters
    from .states import Choice


def person_name(by: object) -> str:
    """A person's name, as the ledger keeps it. Raises ``ConfigurationError`` for none."""
    if not isinstance(by, str) or not by.strip():
        raise ConfigurationError("say by whom: the ledger keeps the name")
    return by.strip()


def letters_of(recipients: Recipients, message: str | None) -> Letters:
    """Recipients as letters: each a phone that gets the ``message``, or a ``Message`` of its own."""
    if isinstance(recipients, AsyncIterable):
        return _each(recipients, message)
    return (Letter.of(item, message) for item in recipients)


async def _each(recipients: AsyncIterable[str | Message], message: str | None) -> AsyncIterator[Letter]:
    async for item in recipients:
        yield Letter.of(item, message)


def recipients_to_resolve(
    status_or_phones: str | Iterable[str], as_: str, codes: Sequence[str]
) -> tuple[Sequence[Choice], list[str] | None]:
    """The recipients that a person decides about, and their numbers (``None``: all): see ``Campaign.resolve``."""
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


def suppressed_numbers(given: Iterable[str], region: str | None) -> Iterator[str]:
    """Phones that nobody is to be sent to, in E.164 and all notations. Raises ``InvalidRecipientError`` for none."""
    return in_all_notations(phones.parse(phone, region=region) for phone in given)
