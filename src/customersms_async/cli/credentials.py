"""What the command must use and never show: the key, and the credentials in a URL.

An argument is seen by everyone who lists the processes of the machine, so the key comes from the environment only, and
the URL of a quota or a gateway may.
"""

from __future__ import annotations

import os
from typing import Final

from .._sending import environment
from .._sending.environment import URL_VARIABLE as URL_VARIABLE
from ..errors import ConfigurationError

QUOTA_VARIABLE: Final = "CUSTOMERSMS_QUOTA"


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
