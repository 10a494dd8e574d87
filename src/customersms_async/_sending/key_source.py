"""Where a client's API key comes from: it is given, or it is asked for, as it may be replaced while a program runs."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, final

from .._core.secret import Secret
from ..errors import ConfigurationError
from .environment import key_of_environment, revision

if TYPE_CHECKING:
    from collections.abc import Callable

ApiKey: TypeAlias = "str | Callable[[], str] | None"
"""An API key as callers give it: itself, a function that gives it, or ``None`` for that of the environment."""


@final
class KeySource:
    """A key that is asked for when it is first needed, and again once the gateway has refused it.

    Each key that takes another's place keeps that out of sight, too. Mutable state: the key, ``None`` until it is asked
    for; the one before it; and the revision at which it was asked for.
    """

    __slots__ = ("_ask", "_former", "_number", "_secret", "_watches")

    def __init__(self, ask: Callable[[], Secret], *, watches: bool = False) -> None:
        self._ask = ask
        self._watches = watches  # the environment: it may have changed at each new revision
        self._secret: Secret | None = None
        self._former: Secret | None = None
        self._number: float = -1

    @property
    def key_id(self) -> str | None:
        """The fingerprint of the key; ``None`` while it is not known."""
        return None if self._secret is None else self._secret.key_id

    def secret(self) -> Secret:
        """The key. Raises ``ConfigurationError`` if there is none, and whatever the caller's function raises."""
        number = revision.number
        secret = self._secret
        if secret is None or (self._watches and self._number != number):
            former = secret or self._former
            secret = self._ask()
            if former is not None:  # the same object for the same key, so that its clients go on as they are
                secret = former if secret.key_id == former.key_id else secret.after(former)
            self._secret, self._number = secret, number
        return secret

    def refuse(self, secret: Secret) -> None:
        """Have the key asked for anew, unless it was replaced already, as the gateway does not accept ``secret``."""
        if self._secret is secret:
            self._secret, self._former = None, secret
            revision.note()


def key_of(api_key: ApiKey) -> Secret | KeySource:
    """The key as a client keeps it. Raises ``ConfigurationError`` for one that can be none."""
    try:
        if api_key is None:
            return KeySource(key_of_environment, watches=True)
        return KeySource(partial(_asked, api_key)) if callable(api_key) else Secret(api_key)
    finally:
        del api_key  # tracebacks may show locals


def _asked(ask: Callable[[], str]) -> Secret:
    """The key that a caller's function gives."""
    key: object = ask()
    try:
        if inspect.iscoroutine(key):
            key.close()
            raise ConfigurationError("api_key must be a text or a plain function: an async one can't be waited for")
        if not isinstance(key, str):
            raise ConfigurationError(f"the function api_key gave no text, but {type(key).__name__}")
        return Secret(key)
    finally:
        del key  # tracebacks may show locals
