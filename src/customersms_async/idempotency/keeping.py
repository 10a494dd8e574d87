"""How a store keeps idempotency keys: for how long, in which namespace, under which secret."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, final

from .._core.idempotency_hashes import KeyHashes
from .._core.options import check_number
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

_Given = tuple[float, str, str | bytes | None]

DEFAULT_KEEP: Final = 7 * 86_400.0
"""Seconds: no queue that is in use delivers a job again after a week."""

_LONGEST_KEEP: Final = 10 * 366 * 86_400.0


@final
class Keeping:
    """The options of a store: ``keep_us``, ``hashes``, and ``space``, which a store knows the namespace by.

    Raises ``ConfigurationError`` for an option out of range.
    """

    __slots__ = ("_given", "hashes", "keep_us", "space")

    def __init__(self, keep: float, namespace: str, secret: str | bytes | None) -> None:
        check_number("keep", keep, 1.0, _LONGEST_KEEP)
        if not isinstance(namespace, str):
            raise ConfigurationError(f"a namespace is text, not {type(namespace).__name__}")
        self._given: Callable[[], _Given] = lambda: (
            keep,
            namespace,
            secret,
        )  # in a closure, so that vars() shows no secret
        self.keep_us: int = round(keep * 1e6)
        self.hashes: KeyHashes = KeyHashes(secret)
        self.space: bytes = hashlib.blake2b(namespace.encode("utf-8", "surrogatepass"), digest_size=9).digest()

    @property
    def given(self) -> _Given:
        """The options as they were given, the secret too."""
        return self._given()

    def of(self, namespace: str) -> Keeping:
        """The options for another namespace, within this one if it has a name.

        Equal paths are made of equal names alone: a slash within a name is no step into another namespace.
        """
        if not isinstance(namespace, str) or not namespace:
            raise ConfigurationError("a namespace needs a name, which is text")
        keep, outer, secret = self.given
        name = namespace.replace("~", "~0").replace("/", "~1")
        return Keeping(keep, f"{outer}/{name}" if outer else name, secret)
