"""The API key: in the body of a request, and nowhere else."""

from __future__ import annotations

import hashlib
import html
from typing import TYPE_CHECKING, Final, NoReturn, final
from urllib.parse import quote

from ..errors import ConfigurationError
from .provider import KEY_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable


PUBLIC_START: Final = len(KEY_PREFIX) + 6
"""Characters at the start of a key that are no secret yet, its ``cspro_`` among them: nobody looks for fewer."""


@final
class Secret:
    """A key that shows itself to nobody but the encoder, through ``reveal``.

    Promise 3: *The API key appears in the request body and nowhere else: in no log, repr, exception, traceback, pickle
    or file.* ``key_id`` is its fingerprint, which stores and logs know it by and which can't be turned back.

    Raises ``ConfigurationError`` unless the key is a text of printable ASCII without spaces, quotes and backslashes.
    """

    __slots__ = ("_reveal", "key_id")

    def __init__(self, key: str) -> None:
        problem = _problem(key)
        if problem is not None:
            del key  # tracebacks may show locals
            raise ConfigurationError(problem)
        forms = tuple(dict.fromkeys((key, quote(key, safe=""), html.escape(key), key.replace("/", "\\/"))))
        # The key, then what it looks like escaped; in a closure, so that vars() and captured locals don't show it.
        self._reveal: Callable[[], tuple[str, ...]] = lambda: forms
        self.key_id = hashlib.blake2b(key.encode(), digest_size=12, person=b"customersms").hexdigest()

    def reveal(self) -> str:
        """The key itself."""
        return self._reveal()[0]

    def redact(self, text: str) -> str:
        """A text without the key, should a gateway quote that: as it is, escaped, or cut off somewhere."""
        return _without(text, self._reveal())

    def __repr__(self) -> str:
        return f"<API key {getattr(self, 'key_id', 'that was refused')}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key can't be pickled or copied")


@final
class Sealed:
    """The bytes of a request, which hold the key: shown by no repr, and given out by ``reveal`` only."""

    __slots__ = ("_reveal", "size")

    def __init__(self, body: bytes) -> None:
        self._reveal: Callable[[], bytes] = lambda: body
        self.size = len(body)

    def reveal(self) -> bytes:
        """The bytes themselves, ``size`` of them."""
        return self._reveal()


def _without(text: str, forms: tuple[str, ...]) -> str:
    """``text`` less every piece that begins as one of ``forms`` does, for ``PUBLIC_START`` characters or more."""
    parts, at = [], 0
    while starts := [start for form in forms if (start := text.find(form[:PUBLIC_START], at)) >= 0]:
        start = min(starts)
        parts += [text[at:start], "[API key]"]
        at = start + max(_alike(text, start, form) for form in forms)
    return "".join(parts) + text[at:] if parts else text


def _alike(text: str, start: int, form: str) -> int:
    """How many characters from ``start`` on are those of ``form``."""
    return next((n for n, char in enumerate(form) if text[start + n : start + n + 1] != char), len(form))


def _problem(key: object) -> str | None:
    if not isinstance(key, str) or not key:
        return "no API key: pass api_key=… or set CUSTOMERSMS_API_KEY"
    if not key.isascii() or not key.isprintable() or set(key) & set(" \"'\\"):
        return "the API key holds a character that no key has, such as a space or a line end"
    return None
