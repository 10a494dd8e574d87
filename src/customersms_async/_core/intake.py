"""The caller's recipients -> batches, or outcomes for those that can't be sent: the first look at every input."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from ..errors import ConfigurationError, InvalidRecipientError
from ..models import Code, Message, Outcome, Status
from . import phone as phones
from .batching import Batch, Grouper, Repeats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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


_BOTH = "give one message for all recipients or Message objects, not both"
_NEITHER = "recipients that are not Message objects need a message"


@final
class Intake:
    """Takes inputs one by one and gives each of them one way on: into a batch, or straight to an outcome.

    ``message`` is the text for inputs that are phone numbers, ``None`` if the inputs are ``Message``. ``remember`` is
    how many messages are looked through for a repeat (``None``: all). Mutable state: what the grouper and the repeats
    hold, the inputs so far, and the last text that was found good.
    """

    def __init__(self, message: str | None, batch_size: int, lookahead: int, remember: int | None) -> None:
        self._message = message
        self._grouper = Grouper(batch_size, lookahead)
        self._repeats = Repeats(remember)
        self._good_message: object = object()
        self.count = 0

    def __bool__(self) -> bool:
        """Whether a part-filled batch waits for company."""
        return bool(self._grouper)

    def take(self, item: object) -> Outcome | Sequence[Batch]:
        """Take the next input; give its outcome if it can't be sent, or the batches that are due now, if any.

        Raises ``ConfigurationError`` if the first is a phone number without a text, or a ``Message`` beside one: then
        the call is wrong. A later one of the other kind is one bad recipient, who stops nobody.
        """
        index = self.count
        self.count += 1
        given: object = item
        message: object = self._message
        if isinstance(item, Message):
            given, message = item.phone, item.message
        if (self._message is None) is not isinstance(item, Message):
            misuse = _BOTH if isinstance(item, Message) else _NEITHER
            if index == 0:
                raise ConfigurationError(misuse)
            return _refused(index, given, Code.INVALID_MESSAGE, misuse)
        try:
            number = phones.parse(given)  # type: ignore[arg-type]  # it refuses what is not text
        except InvalidRecipientError as error:
            return _refused(index, given, Code.INVALID_PHONE, str(error))
        problem = self._problem(message)
        if problem is not None:
            return _refused(index, number, Code.INVALID_MESSAGE, problem)
        assert isinstance(message, str)  # noqa: S101 - message_problem saw to it
        if self._repeats.has(number, message):
            return _refused(index, number, Code.DUPLICATE, "the same number with the same text came before")
        return self._grouper.push(index, number, message)

    @property
    def room(self) -> int:
        """How many inputs may be taken at once: no batch is due before the last of them."""
        return 1 if self._message is None else self._grouper.room(self._message)

    def take_all(self, items: list[object]) -> Sequence[Batch] | None:
        """Take one or more inputs at once, no more than there is ``room`` for, and give the batches that are due now.

        ``None``, and nothing is taken, unless all of them are clean and new numbers: then they go one by one.
        """
        message = self._message
        if message is None or self._problem(message) is not None or not phones.are_clean(items):
            return None
        numbers: list[str] = items  # type: ignore[assignment]  # are_clean saw to it
        if not self._repeats.are_new(numbers, message):
            return None
        index = self.count
        self.count += len(numbers)
        return self._grouper.push_all(index, numbers, message)

    def flush(self) -> Iterator[Batch]:
        """Give every part-filled batch; what comes later may say the same again, unless all is remembered."""
        self._repeats.forget()
        return self._grouper.flush()

    def _problem(self, message: object) -> str | None:
        if message is self._good_message:
            return None
        problem = message_problem(message)
        if problem is None:
            self._good_message = message
        return problem


def _refused(index: int, phone: object, code: Code, error: str) -> Outcome:
    return Outcome(index, phone if isinstance(phone, str) else repr(phone)[:40], Status.UNSENT, None, error, code)
