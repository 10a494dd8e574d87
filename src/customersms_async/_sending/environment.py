"""The API key and the URL, as the environment has them at the moment when a client is used."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final, final

from .._core.options import DOCUMENTED_URL, check_url
from .._core.provider import KEY_PREFIX
from .._core.secret import LONGEST_KEY, Secret, key_problem
from ..errors import ConfigurationError

KEY_VARIABLE: Final = "CUSTOMERSMS_API_KEY"
KEY_FILE_VARIABLE: Final = "CUSTOMERSMS_API_KEY_FILE"
URL_VARIABLE: Final = "CUSTOMERSMS_URL"


def key_of_environment() -> Secret:
    """The key in ``CUSTOMERSMS_API_KEY``, else in the file that ``CUSTOMERSMS_API_KEY_FILE`` names.

    Line ends at the end of the file are no part of the key. Raises ``ConfigurationError`` if there is none, or none
    that can be one; it names the file, and nothing of what is in it.
    """
    key, path = os.environ.get(KEY_VARIABLE, ""), os.environ.get(KEY_FILE_VARIABLE, "")
    try:
        if path and not key:
            return key_in(path, KEY_FILE_VARIABLE)
        problem = key_problem(key) if key else None
        if problem is not None:
            raise ConfigurationError(f"there is no API key in {KEY_VARIABLE}: {problem}")
        return Secret(key)
    finally:
        del key, path  # tracebacks may show locals, and a path that is none may be the key itself


def url_of_environment() -> str:
    """The URL in ``CUSTOMERSMS_URL``, else the documented one. Raises ``ConfigurationError`` if it can't be one."""
    url = os.environ.get(URL_VARIABLE, DOCUMENTED_URL)
    check_url(url)
    return url


def key_in(path: str, named_by: str) -> Secret:
    """The key in a file, without line ends at its end; ``named_by`` is the variable or option that names the file.

    Raises ``ConfigurationError`` as ``key_of_environment`` does.
    """
    if path.startswith(KEY_PREFIX):
        del path
        raise ConfigurationError(f"{named_by} is to name a file, and holds what looks like a key")
    try:
        with Path(path).open("rb") as file:
            key = file.read(LONGEST_KEY + 3).decode("ascii", "replace").rstrip("\r\n")
    except OSError as error:
        reason = type(error).__name__
        raise ConfigurationError(f"the file {path}, from {named_by}, can't be read ({reason})") from None
    problem = "it is empty" if not key else key_problem(key)
    if problem is None:
        return Secret(key)
    del key  # tracebacks may show locals
    raise ConfigurationError(f"there is no API key in the file {path}, from {named_by}: {problem}")


@final
class Revision:
    """Counts the changes after which a client may have to send with another key, or to another URL.

    Clients compare ``number`` with the one that they know before they send, and look again if it is another. Mutable
    state: the number.
    """

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number: float = 0

    def note(self) -> None:
        """Have all clients look again: a key was refused that may have been replaced."""
        self.number += 1

    def watch(self) -> None:
        """Have all clients look at the environment before each send from now on, as tests change it again and again."""
        self.number = math.nan  # unequal to itself


revision: Final = Revision()
"""The one count of this process."""
