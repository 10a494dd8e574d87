"""Whether what stands where a file's path may stand is an address, and what of an address may be shown.

An address may hold a password, which as a part of a path would stand in messages. So whatever is meant to be one is
told from a path, also with quotes or blanks around it, as files of environment variables leave them, with ``NAME=``
before it, or with a slash or a colon too few.
"""

from __future__ import annotations

import re
from typing import Final

from ..errors import ConfigurationError

_BEFORE: Final = r"(?:[^\w/.~\\-]|\w+=)*"
"""What may stand before a scheme, and begins no path."""

_WRITTEN: Final = re.compile(rf"(?s)({_BEFORE}[A-Za-z][A-Za-z0-9+.-]+):(/*)(.*)")
"""Two letters at least before the colon: ``C:`` is a disk."""

_DATABASE: Final = re.compile(rf"(?is){_BEFORE}postgres(?:ql)?(?::|//.*@)")


def looks_like_address(text: str) -> bool:
    """Whether ``text`` is an address, or is meant to be one."""
    written = _WRITTEN.fullmatch(text)
    if written is not None and (written[2] or "@" in written[3]):
        return True
    return _DATABASE.match(text) is not None


def without_credentials(text: str) -> str:
    """An address as it may be shown: without user, password and query; any other text as it is."""
    if not looks_like_address(text):
        return text
    written = _WRITTEN.fullmatch(text)
    scheme, slashes, rest = ("postgresql", "", text) if written is None else written.groups()
    return f"{scheme}:{slashes}{rest.rpartition('@')[2].partition('?')[0].partition('#')[0]}"


def check_path(path: object, store: str) -> None:
    """Raise ``ConfigurationError`` for what can be no path of a store's file, without a word of it."""
    if "\0" in str(path):
        raise ConfigurationError(f"{store}'s path must not contain a null character")
    if looks_like_address(str(path)):
        raise ConfigurationError(f"{store} takes the path of a file, and this is an address")
