"""Can this recipient be sent to? The one judge of every letter, and its use for bulk sends.

A ``Letter`` is what somebody gave: a phone, a text, and the line of the file that both stand on. ``Judge`` makes of it
a ``SendableLetter`` or a ``RefusedLetter``. Bulk sends (through ``Intake``), campaigns and the command ask this judge
and no other, so one bad recipient has one code and one reason wherever it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import msgspec

from ..errors import ConfigurationError, InvalidRecipientError
from ..models import Code, Message, Outcome, Status
from . import phone as phones
from .batching import Batch, Grouper
from .idempotency_key import NO_KEY_STORE, idempotency_key_problem
from .outcomes import ON_THE_LIST
from .repeats import ExactRepeats, OnePerNumber

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from .repeats import Repeats

MOST_SHOWN: Final = 100
"""Characters of what is no phone number that an outcome shows: enough to find it by, whatever was given."""

_BOTH: Final = "give either one message for all recipients or Message objects, not both"
_NEITHER: Final = "recipients that are not Message objects need a message"
_KEY_REPEATED: Final = "the same idempotency key came before"

REPEATED: Final = "the same number with the same text came before"
"""Why a number is not sent the same text again."""

REPEATED_NUMBER: Final = "the same number came before, and it gets one text only"
"""Why a number is not sent another text, where each gets one."""


class Letter(msgspec.Struct, frozen=True, gc=False):
    """One text for one recipient, both as given; ``line`` is the file's, from 1, if they are from a file.

    ``kept`` is what else of the row goes with its outcome. ``problem`` says why the row can't be used, whatever phone
    and text it has. ``key`` is the idempotency key that it brings, if any, and ``zone`` the IANA name of the
    recipient's own time zone, which nobody has looked at yet.
    """

    phone: object
    text: object
    line: int | None = None
    kept: tuple[str, ...] = ()
    problem: str | None = None
    key: object = None
    zone: str | None = None

    @classmethod
    def of(cls, item: object, message: str | None) -> Letter:
        """The letter that an input stands for: a phone number with the ``message`` for all, or a ``Message``.

        Raises ``ConfigurationError`` for a phone number without a message and for a ``Message`` beside one.
        """
        if isinstance(item, Message):
            if message is not None:
                raise ConfigurationError(_BOTH)
            return cls(item.phone, item.message, key=item.idempotency_key)
        if message is None:
            raise ConfigurationError(_NEITHER)
        return cls(item, message)


class SendableLetter(msgspec.Struct, frozen=True, gc=False):
    """A letter that can go out: its place in the input (from 0), its line, the number in E.164, and the text.

    ``kept`` is what else of its row goes with the outcome; ``key`` is its idempotency key, if it brings one.
    """

    index: int
    line: int | None
    phone: str
    text: str
    kept: tuple[str, ...] = ()
    key: str | None = None


class RefusedLetter(msgspec.Struct, frozen=True, gc=False):
    """A letter that can't go out: its outcome, which says why, and its line and what is kept of its row.

    ``lacks_country_code``: its number may be one as it is dialled at home, and no region was given.
    """

    outcome: Outcome
    line: int | None
    kept: tuple[str, ...] = ()
    lacks_country_code: bool = False

    @property
    def index(self) -> int:
        """The letter's place in the input, from 0."""
        return self.outcome.index


JudgedLetter = SendableLetter | RefusedLetter
_JUDGED: Final = (SendableLetter, RefusedLetter)


def message_problem(message: object) -> str | None:
    """Why this text can't be sent, or ``None``."""
    if not isinstance(message, str):
        return f"the message is {type(message).__name__}, not text"
    if not message:
        return "the message is empty"
    try:
        str.encode(message)
    except UnicodeEncodeError:
        return "the message holds half a surrogate pair, which no encoding can carry"
    return None


def with_line(reason: str, line: int | None) -> str:
    """The reason with the file's line in front, if there is one."""
    return reason if line is None else f"line {line}: {reason}"


@final
class Judge:
    """Decides of each letter whether it can go out: by its number, text and key, then whether these came before.

    ``repeats`` remembers what came before; ``region`` (two letters) is where numbers without ``+`` are dialled from.
    ``one_per_number``: ``repeats`` goes by the number alone, which is said of what is refused. ``suppressed`` are
    numbers that nothing goes out to. ``one_per_key``: an idempotency key that comes again makes a repeat; else that is
    for the store of keys to say. Mutable state: the last text that was found good and the keys, besides what
    ``repeats`` remembers.
    """

    def __init__(
        self,
        repeats: Repeats,
        region: str | None = None,
        *,
        one_per_number: bool = False,
        suppressed: Container[str] = frozenset(),
        one_per_key: bool = False,
    ) -> None:
        self._repeats = repeats
        self._region = region
        self._repeated = REPEATED_NUMBER if one_per_number else REPEATED
        self._suppressed = suppressed
        self._one_per_key = one_per_key
        self._keys: set[str] = set()
        self._good_text: object = object()

    def judge(self, letter: Letter, index: int) -> JudgedLetter:
        """The letter at place ``index``, parsed or refused. Raises ``ConfigurationError`` for an unusable region."""
        try:
            number = phones.parse(letter.phone, region=self._region)  # type: ignore[arg-type]  # it refuses what is not text
        except InvalidRecipientError as error:
            lacks = error.lacks_country_code
            return _refused(index, letter, letter.phone, Code.INVALID_PHONE, error.reason, lacks_country_code=lacks)
        if number in self._suppressed:
            return _refused(index, letter, number, Code.SUPPRESSED, ON_THE_LIST)
        text = letter.text
        if letter.problem is not None:
            return _refused(index, letter, number, Code.INVALID_MESSAGE, letter.problem)
        if text is not self._good_text and (problem := self.text_problem(text)) is not None:
            return _refused(index, letter, number, Code.INVALID_MESSAGE, problem)
        assert isinstance(text, str)  # noqa: S101 - text_problem saw to it
        if letter.key is not None:
            return self._judge_keyed(letter, index, number, text)
        if self._repeats.known(number, text):
            return _refused(index, letter, number, Code.DUPLICATE, self._repeated)
        return SendableLetter(index, letter.line, number, text, letter.kept)

    def _judge_keyed(self, letter: Letter, index: int, number: str, text: str) -> JudgedLetter:
        """Decide of a letter that brings an idempotency key."""
        key = letter.key
        problem = idempotency_key_problem(key)
        if problem is not None:
            return _refused(index, letter, number, Code.INVALID_MESSAGE, problem)
        assert isinstance(key, str)  # noqa: S101 - idempotency_key_problem saw to it
        if key in self._keys:
            return _refused(index, letter, number, Code.DUPLICATE, _KEY_REPEATED)
        if self._repeats.known(number, text):
            return _refused(index, letter, number, Code.DUPLICATE, self._repeated)
        if self._one_per_key:
            self._keys.add(key)
        return SendableLetter(index, letter.line, number, text, letter.kept, key)

    def text_problem(self, text: object) -> str | None:
        """Why this text can't be sent, or ``None``; at no cost for the text that came last."""
        if text is self._good_text:
            return None
        problem = message_problem(text)
        if problem is None:
            self._good_text = text
        return problem


@final
class Intake:
    """Takes a bulk send's inputs one by one and gives each of them one way on: into a batch, or straight to an outcome.

    ``message`` is the text for inputs that are phone numbers, ``None`` if the inputs are ``Message``. ``remember`` is
    how many of these are looked through for a repeat (``None``: all), which with ``one_per_number`` is any further text
    of a number. ``keeps_keys``: there is a store for idempotency keys. Letters that the caller's own judge has judged,
    repeats included, are taken as they are. Mutable state: what the grouper and the repeats hold, the inputs so far.
    """

    def __init__(
        self,
        message: str | None,
        batch_size: int,
        lookahead: int,
        remember: int | None,
        *,
        one_per_number: bool = False,
        keeps_keys: bool = False,
    ) -> None:
        self._message = message
        self._keeps_keys = keeps_keys
        self._grouper = Grouper(batch_size, lookahead)
        self._repeats = ExactRepeats(remember)
        self._one_per_number = one_per_number
        repeats = OnePerNumber(self._repeats) if one_per_number else self._repeats
        self._judge = Judge(repeats, one_per_number=one_per_number)
        self.count: int = 0

    def __bool__(self) -> bool:
        """Whether a part-filled batch waits for company."""
        return bool(self._grouper)

    def take(self, item: object) -> Outcome | Sequence[Batch]:
        """Take the next input; give its outcome if it can't be sent, or the batches that are due now, if any.

        Raises ``ConfigurationError`` if the first is a phone number without a text, a ``Message`` beside one, or one
        with a key that nobody would keep: then the call is wrong. A later one is one bad recipient, who stops nobody.
        """
        judged = item if isinstance(item, _JUDGED) else self._judged(item)
        self.count += 1
        if isinstance(judged, SendableLetter):
            return self._grouper.push(judged.index, judged.phone, judged.text, judged.key)
        return judged.outcome

    @property
    def room(self) -> int:
        """How many inputs may be taken at once: no batch is due before the last of them."""
        return 1 if self._message is None else self._grouper.room(self._message)

    def take_all(self, items: list[object]) -> Sequence[Batch] | None:
        """Take one or more inputs at once, no more than there is ``room`` for, and give the batches that are due now.

        ``None``, and nothing is taken, unless all of them are clean and new numbers: then they go one by one.
        """
        message = self._message
        if message is None or self._judge.text_problem(message) is not None or not phones.are_clean(items):
            return None
        numbers: list[str] = items  # type: ignore[assignment]  # are_clean saw to it
        if not self._repeats.all_new(numbers, "" if self._one_per_number else message):
            return None
        index = self.count
        self.count += len(numbers)
        return self._grouper.push_all(index, numbers, message)

    def flush(self) -> Iterator[Batch]:
        """Give every part-filled batch; what comes later may say the same again, unless all is remembered."""
        self._repeats.forget()
        return self._grouper.flush()

    def _judged(self, item: object) -> JudgedLetter:
        try:
            letter = Letter.of(item, self._message)
            if letter.key is not None and not self._keeps_keys:
                raise ConfigurationError(NO_KEY_STORE)
        except ConfigurationError as misuse:
            if self.count == 0:
                raise
            given = item.phone if isinstance(item, Message) else item
            return _refused(self.count, Letter(given, None), given, Code.INVALID_MESSAGE, str(misuse))
        return self._judge.judge(letter, self.count)


def _refused(
    index: int, letter: Letter, phone: object, code: Code, reason: str, *, lacks_country_code: bool = False
) -> RefusedLetter:
    """A letter that can't go out, with its phone as every file can hold it."""
    given = phone if isinstance(phone, str) else repr(phone)
    shown = given[:MOST_SHOWN].encode("utf-8", "backslashreplace").decode()[:MOST_SHOWN]
    outcome = Outcome(index, shown, Status.UNSENT, None, reason, code)
    return RefusedLetter(outcome, letter.line, letter.kept, lacks_country_code)
