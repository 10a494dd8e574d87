"""The API key: in the body of a request, and nowhere else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NoReturn, final

from .errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


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
        self._reveal: Callable[[], str] = lambda: key  # in a closure, so that vars() and captured locals don't show it
        self.key_id = hashlib.blake2b(key.encode(), digest_size=12, person=b"customersms").hexdigest()

    def reveal(self) -> str:
        """The key itself."""
        return self._reveal()

    def redact(self, text: str) -> str:
        """The same text without the key, should a gateway quote it."""
        return text.replace(self._reveal(), "[API key]")

    def __repr__(self) -> str:
        return f"<API key {getattr(self, 'key_id', 'that was refused')}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an API key can't be pickled or copied")


def _problem(key: object) -> str | None:
    if not isinstance(key, str) or not key:
        return "no API key: pass api_key=… or set CUSTOMERSMS_API_KEY"
    if not key.isascii() or not key.isprintable() or set(key) & set(" \"'\\"):
        return "the API key holds a character that no key has, such as a space or a line end"
    return None
