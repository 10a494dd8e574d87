"""The digits in texts, and the runs of them that may be a phone: in an answer there may be thousands of texts.

Cost: some passes over all texts at once, and one look at each. Rejected: a pattern for each text, which takes five
times as long.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Final

from .php_values import NO_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LEAST_DIGITS: Final = 7
"""Digits by which a number is known: the shortest in E.164 has as many."""

_MARK: Final = "\x00"
"""Stands between texts: neither a digit nor a separator, so that no number reaches from one into the next."""

_SEPARATORS: Final = b" \t\n\r\f\v().-/"
_NO_DIGITS_NOR_MARK: Final = NO_DIGITS.replace(b"\x00", b"")
_DIGITS: Final = b"0123456789"
_TO_SPACES: Final = bytes(byte if byte in (0, *_DIGITS) else ord(" ") for byte in range(256))
_TO_ZEROS: Final = _TO_SPACES.translate(bytes.maketrans(_DIGITS, b"0" * 10))
_LONG: Final = "0" * LEAST_DIGITS


def digits_of_each(texts: Sequence[str]) -> list[str]:
    """The ASCII digits of each text, whatever is between them."""
    return _split(_joined(texts).translate(None, _NO_DIGITS_NOR_MARK)) if texts else []


def runs_of_each(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each text with spaces in place of all but digits: first without the separators between them, then with them.

    The latter is empty where it has no other run of ``LEAST_DIGITS`` or more.
    """
    if not texts:
        return iter(())
    plain = _joined(texts)
    together = _split(plain.translate(None, _SEPARATORS).translate(_TO_SPACES))
    zeros = plain.translate(_TO_ZEROS)
    if _LONG.encode() not in zeros:  # as where all phones are written with separators
        return zip(together, repeat(""))
    apart = zip(_split(plain.translate(_TO_SPACES)), _split(zeros), together, strict=True)
    return zip(together, [text if _LONG in long and text != whole else "" for text, long, whole in apart], strict=True)


def _joined(texts: Sequence[str]) -> bytes:
    """All texts in one, in ASCII, with a mark between each two of them and nowhere else."""
    joined = _MARK.join(texts)
    if joined.count(_MARK) >= len(texts):
        joined = _MARK.join([text.replace(_MARK, "?") for text in texts])
    return joined.encode("ascii", "replace")


def _split(joined: bytes) -> list[str]:
    return joined.decode("ascii").split(_MARK)
