"""What a list of people who said no is made of: entries, of which the last about a number counts."""

from __future__ import annotations

import enum
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, Self, final

import msgspec

from .._core.phone import are_clean, parse
from ..errors import ConfigurationError, InvalidRecipientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST: Final = 1_000
"""Characters of ``why`` and ``by``: a sentence or two, and no text of a person's."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@final
class EntryKind(enum.StrEnum):
    """What an entry says of its number: from now on it is suppressed, or it is not any more.

    Example:
        ```python
        suppression = MemorySuppression()
        await suppression.add("+12125551234")
        print([entry.phone for entry in await suppression.entries() if entry.kind is EntryKind.ADDED])
        ```
    """

    ADDED = "added"
    REMOVED = "removed"


@final
class SuppressionEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry of a list: the number, when it was made (UTC), what it says, why, and by whom.

    Example:
        ```python
        suppression = MemorySuppression()
        await suppression.add("+12125551234", why="said STOP", by="Ann")
        entry: SuppressionEntry
        for entry in await suppression.entries("+12125551234"):
            print(entry.time, entry.kind, entry.why, entry.by)
        ```
    """

    phone: str
    time: datetime
    kind: EntryKind
    why: str = ""
    by: str = ""


class SuppressionChange(NamedTuple):
    """What somebody asks of a list: the numbers, each once and in their order, what is said of them, why, by whom."""

    phones: Sequence[str]
    kind: EntryKind
    why: str
    by: str

    @classmethod
    def of(cls, phones: str | Iterable[str], kind: EntryKind, why: str, by: str) -> Self:
        """A change of one number or of several, all of which are judged before anything changes.

        Raises ``InvalidRecipientError`` for what is no number, ``ConfigurationError`` for words that can't be kept.
        """
        judged = dict.fromkeys(e164([phones] if isinstance(phones, str) else list(phones)))
        _check_words("why", why)
        _check_words("by", by)
        return cls(tuple(judged), kind, why, by)


def e164(phones: Sequence[str]) -> Sequence[str]:
    """Each of ``phones`` as E.164, in their order. Raises ``InvalidRecipientError``."""
    return phones if phones and are_clean(phones) else [parse(phone) for phone in phones]


def asked(phones: Sequence[str]) -> Sequence[str]:
    """Each of ``phones`` as a list knows it, in their order.

    A number in E.164 form that can't be dialled, as an old ledger may have one, is on no list and no error. Raises
    ``InvalidRecipientError`` for what has no such form.
    """
    if are_clean(phones):
        return phones
    try:
        return list(map(parse, phones))
    except InvalidRecipientError:
        return list(map(_asked, phones))


def _asked(phone: str) -> str:
    try:
        return parse(phone)
    except InvalidRecipientError:
        if isinstance(phone, str) and _E164.fullmatch(phone):
            return phone
        raise


def moment_of(at_us: int) -> datetime:
    """The moment so many microseconds after the epoch, or before it."""
    return _EPOCH + timedelta(microseconds=at_us)


def _check_words(name: str, words: str) -> None:
    if not isinstance(words, str) or len(words) > LONGEST:
        raise ConfigurationError(f"{name} must be text of at most {LONGEST} characters")
    try:
        words.encode()
    except UnicodeEncodeError:
        raise ConfigurationError(f"{name} holds half a surrogate pair, which no encoding can carry") from None
