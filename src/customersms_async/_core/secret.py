"""The API key: in the body of a request, and nowhere else."""

from __future__ import annotations

import hashlib
import html
import re
from typing import TYPE_CHECKING, Final, NoReturn, final
from urllib.parse import quote

from ..errors import ConfigurationError
from .provider import KEY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable


LONGEST_KEY: Final = 4_096
"""Characters of a key that are read from a file; no key is as long."""

PUBLIC_START: Final = len(KEY_PREFIX) + 6
"""Characters at the start of a key that are no secret yet, its ``cspro_`` among them: nobody looks for fewer."""


NAME_DIGITS: Final = 8
"""Digits of a key's fingerprint that lines, errors and reprs call it by, where it has no label."""


MOST_PIECES: Final = 4
"""Places of a text from which the key is taken out: whoever repeats it more often has nothing else to say."""


_ORDINARY: Final = re.compile(r"\w+", re.ASCII).fullmatch
"""Whether a key looks the same in URLs, HTML and JSON."""


@final
class Secret:
    """A key that shows itself to nobody but the encoder, through ``reveal``.

    Promise 3: *The API key appears in the request body and nowhere else: in no log, repr, exception, traceback, pickle
    or file.* ``key_id`` is its fingerprint, which stores and logs know it by and which can't be turned back.

    Raises ``ConfigurationError`` unless the key is a text of printable ASCII without spaces, quotes and backslashes.
    """

    __slots__ = ("_former", "_own", "_shapes", "key_id")

    def __init__(self, key: str) -> None:
        problem = key_problem(key)
        if problem is not None:
            del key  # tracebacks may show locals
            raise ConfigurationError(problem)
        self._own: Callable[[], str] = _out_of_sight(key)
        self._former: Callable[[], str] | None = None
        self._shapes: Callable[[], tuple[tuple[str, ...], tuple[str, ...]]] | None = None
        self.key_id: str = hashlib.blake2b(key.encode(), digest_size=12, person=b"customersms").hexdigest()

    def reveal(self) -> str:
        """The key itself."""
        return self._own()

    def after(self, former: Secret) -> Secret:
        """The secret to send with in place of ``former``: this key, which keeps that one out of sight as well."""
        self._former, self._shapes = former._own, None
        return self

    def redact(self, text: str) -> str:
        """A text without the key, should a gateway quote that: as it is, escaped, or cut off somewhere."""
        is_ordinary = self._former is None and _ORDINARY(self._own())
        if is_ordinary and self._own()[:PUBLIC_START] not in text:  # as nearly always; tracebacks may show locals
            return text
        if self._shapes is None:
            self._shapes = _shapes_of(*(known() for known in (self._own, self._former) if known is not None))
        starts, forms = self._shapes()
        return _without(text, starts, forms) if any(start in text for start in starts) else text

    def name(self, label: str | None) -> str:
        """What lines, errors and reprs call the key: its label, or how its fingerprint begins."""
        return self.key_id[:NAME_DIGITS] if label is None else self.redact(label)

    def __repr__(self) -> str:
        return f"<API key {getattr(self, 'key_id', 'that was refused')}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key can't be pickled or copied")


@final
class Sealed:
    """The bytes of a request, which hold the key of ``secret``: shown by no repr, and given out by ``reveal`` only."""

    __slots__ = ("_reveal", "secret", "size")

    def __init__(self, body: bytes, secret: Secret) -> None:
        self._reveal: Callable[[], bytes] = lambda: body
        self.secret: Secret = secret
        self.size: int = len(body)

    def reveal(self) -> bytes:
        """The bytes themselves, ``size`` of them."""
        return self._reveal()


def _out_of_sight(key: str) -> Callable[[], str]:
    """A function that gives the key, and shows it in no repr, in no vars() and to nobody who captures locals.

    A method of the text itself, as there may be 10,000 keys, and a closure takes four times as much.
    """
    return str.__str__(key).__str__


def _forms(key: str) -> tuple[str, ...]:
    """What a key looks like: as it is, in a URL, in HTML, and in PHP's JSON."""
    return tuple(dict.fromkeys((key, quote(key, safe=""), html.escape(key), key.replace("/", "\\/"))))


def _shapes_of(*keys: str) -> Callable[[], tuple[tuple[str, ...], tuple[str, ...]]]:
    """A function that gives how the forms of these keys begin, and the forms, out of sight."""
    forms = tuple(form for key in keys for form in _forms(key))
    found = tuple(dict.fromkeys(form[:PUBLIC_START] for form in forms)), forms
    return lambda: found


def _without(text: str, starts: tuple[str, ...], forms: tuple[str, ...]) -> str:
    """``text`` less every piece that begins with one of ``starts`` and goes on as one of ``forms``, as far as it does.

    What comes after ``MOST_PIECES`` of them is left out as a whole.
    """
    parts: list[str] = []
    at = 0
    for _ in range(MOST_PIECES):
        found = [place for start in starts if (place := text.find(start, at)) >= 0]
        if not found:
            return "".join(parts) + text[at:]
        place = min(found)
        parts += [text[at:place], "[API key]"]
        at = place + _longest_alike(text, place, forms)
    return "".join([*parts, " …"])


def _longest_alike(text: str, start: int, forms: tuple[str, ...]) -> int:
    """How many characters from ``start`` on are those that one of ``forms`` begins with: of the one that fits best."""
    longest = 0
    for form in forms:
        if text.startswith(form[: max(longest + 1, PUBLIC_START)], start):
            longest = max(longest, len(form) if text.startswith(form, start) else _alike(text, start, form))
    return longest


def _alike(text: str, start: int, form: str) -> int:
    """How many characters from ``start`` on are those that ``form`` begins with; found by halving."""
    least, most = min(PUBLIC_START, len(form)), len(form) - 1
    while least < most:
        middle = (least + most + 1) // 2
        if text.startswith(form[:middle], start):
            least = middle
        else:
            most = middle - 1
    return least


def key_problem(key: object) -> str | None:
    """Why this can't be an API key; ``None`` if it can."""
    if not isinstance(key, str) or not key:
        return "no API key: pass api_key=… or set CUSTOMERSMS_API_KEY or CUSTOMERSMS_API_KEY_FILE"
    if len(key) > LONGEST_KEY:
        return f"the API key is longer than {LONGEST_KEY} characters"
    if not key.isascii() or not key.isprintable() or set(key) & set(" \"'\\"):
        return "the API key holds a character that no key has, such as a space or a line end"
    return None
