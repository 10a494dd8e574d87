"""What the command must use and never show: the key, and the credentials in a URL.

An argument is seen by everyone who lists the processes of the machine, so the key comes from the environment only, and
the URL of a quota or a gateway may.
"""

from __future__ import annotations

import os
import re
from typing import Final

from .._sending import environment
from .._sending.environment import URL_VARIABLE as URL_VARIABLE
from ..errors import ConfigurationError

QUOTA_VARIABLE: Final = "CUSTOMERSMS_QUOTA"

_URL: Final = re.compile(r"(?s)([A-Za-z][A-Za-z0-9+.-]+):(/*)(.*)")
"""Two letters at least before the colon: ``C:`` is a disk."""


def is_url(text: str) -> bool:
    """Whether ``text`` is a URL, or is meant to be one."""
    written = _URL.fullmatch(text)
    return written is not None and bool(written[2])


def without_credentials(text: str) -> str:
    """A URL as it may be shown: without user, password and query; any other text as it is."""
    written = _URL.fullmatch(text)
    if written is None or not (written[2] or "@" in written[3]):
        return text
    scheme, slashes, rest = written.groups()
    return f"{scheme}:{slashes}{rest.rpartition('@')[2].partition('?')[0].partition('#')[0]}"


def key_of_environment() -> str | None:
    """The API key that a client takes from the environment; ``None`` if that names none.

    Raises ``ConfigurationError`` for a file that can't be read, and for what can be no key.
    """
    if not (os.environ.get(environment.KEY_VARIABLE) or os.environ.get(environment.KEY_FILE_VARIABLE)):
        return None
    return environment.key_of_environment().reveal()


def check_key() -> None:
    """Raise ``ConfigurationError`` if the environment has no key, or what can be none."""
    if key_of_environment() is None:
        names = f"{environment.KEY_VARIABLE}, or {environment.KEY_FILE_VARIABLE}"
        raise ConfigurationError(f"the API key is missing: set the environment variable {names}")
