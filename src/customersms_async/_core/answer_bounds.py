"""The size up to which an answer is read, by what was asked: it takes time from everything else in the event loop.

Reading takes time in proportion to an answer's bytes, and more so to the values in it: 4 MB of ``{},{},{},…`` took 11
seconds. No gateway has a reason to say so much of a few numbers, and an answer of a thousand rows is read in a few
milliseconds. What is larger is not read in part, as a half of it may say the opposite of the whole: its texts are
unknown. Costs less than 3 ms a megabyte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .batching import Batch

ALWAYS_READ: Final = 2_048
"""Bytes that are read whatever is in them, such as the usual answer to one number."""

USUAL: Final = (ALWAYS_READ, 128)
"""Bytes that may be an answer of the usual kind, and so many more for each number: twice a usual row.

What is in so few is told sooner by decoding than by counting its values first: 130 kB of ``{},{},…`` take 5 ms.
"""

BYTES: Final = (65_536, 512)
"""Bytes of an answer at most, and so many more for each number: many PHP warnings, and seven times a usual row."""

ESCAPED: Final = 6
"""Bytes of a character of the text, should each row repeat that: ``\\u20ac``, as PHP writes it."""

OPENINGS: Final = (800, 4)
"""Objects and lists, wherever a ``{`` or ``[`` stands, and so many more for each number."""

COMMAS: Final = (3_000, 16)
"""Values, wherever a comma stands, and so many more for each number: a documented row has four."""

ROWS: Final = (200, 2)
"""Rows, and so many more for each number: a gateway may give one for each segment, four for each of a hundred."""

LONGEST_DIGITS: Final = 200
"""Digits without anything between them: longer ones take time that grows with their square."""

ONE_STEP: Final = 32_768
"""Bytes of an answer that is judged in one step whatever is in it: some hundred usual rows."""

_NAMES: Final = (b'"success"', b'"successful_sends"', b'"results"')
"""Names without which no answer tells of a text, unless ``\\u00`` hides a letter of it."""

_TO_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_TOO_MANY_DIGITS: Final = b"0" * (LONGEST_DIGITS + 1)
_SEVERAL_DIGITS: Final = b"0" * ((LONGEST_DIGITS + 1) // 25)


def may_be_usual(body: bytes, batch: Batch) -> bool:
    """Whether ``body`` is small enough to be decoded, and to count if it turns out to be of the usual kind."""
    length = len(body)
    return length <= ALWAYS_READ or (length <= _most(USUAL, batch) and not _has_too_long_digits(body))


def is_readable(body: bytes, batch: Batch) -> bool:
    """Whether ``body`` is no larger than what can be said of the numbers of ``batch``."""
    length = len(body)
    if length <= ALWAYS_READ:
        return True
    count = len(batch.phones)
    least, each = BYTES
    return (
        length <= least + count * (each + ESCAPED * len(batch.message))
        and _has_few_values(body, batch)
        and not _has_too_long_digits(body)
    )


def _has_few_values(body: bytes, batch: Batch) -> bool:
    """Whether there are no more objects, lists and values than bounded: for the usual answer one look at its bytes."""
    openings = _most(OPENINGS, batch)
    if len(body) - len(body.translate(None, b"{[,")) <= openings:
        return True
    return body.count(b"{") + body.count(b"[") <= openings and body.count(b",") <= _most(COMMAS, batch)


def _has_too_long_digits(body: bytes) -> bool:
    """Whether there are more than ``LONGEST_DIGITS`` digits in a row: so many would show in every 25th byte, too."""
    every_25th = body[::25].translate(_TO_ZEROS)
    return _SEVERAL_DIGITS in every_25th and _TOO_MANY_DIGITS in body.translate(_TO_ZEROS)


def most_rows(batch: Batch) -> int:
    """The rows that can be said of the numbers of ``batch``."""
    return _most(ROWS, batch)


def may_tell_of_texts(body: bytes) -> bool:
    """Whether an answer that is not read may say of anything that it was sent: most web pages do not."""
    return (b's"' in body and any(name in body for name in _NAMES)) or (b"\\" in body and b"\\u00" in body)


def _most(bound: tuple[int, int], batch: Batch) -> int:
    least, each = bound
    return least + each * len(batch.phones)
