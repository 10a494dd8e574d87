"""Errors in the words of the command line: options by their flags, and what to mend before it is tried again."""

from __future__ import annotations

import os
import re
from typing import Final

from .._sending.environment import KEY_FILE_VARIABLE, KEY_VARIABLE
from ..errors import AuthenticationError, InsufficientCreditsError
from .option_group import OptionGroup
from .panels import ROUTE_PANEL, STOP_PANEL

NO_WAY: Final = "The way to the gateway failed: customersms doctor looks at each part of it, and sends nothing"

_MAYBE_OPTION: Final = re.compile(r"\b(?:[a-z]+(?:_[a-z]+)+|timeout(?= must))\b")
"""What may be the name of an option in a message of the package: several words, or one that is no other word there."""


def in_flags(text: str) -> str:
    """A message of the package, with options of the client and of a run called by their flags."""
    options = _options()
    named = _MAYBE_OPTION.sub(lambda found: _flag(found[0]) if found[0] in options else found[0], text)
    return named.replace("url=…", "--url").replace("the time that until names", "the time that --until names")


def in_words(error: Exception) -> str:
    """What an error says to people: what went wrong, with what, and what to look at."""
    said = in_flags(str(error))
    if isinstance(error, AuthenticationError):
        return f"the gateway does not accept the API key from {_key_source()}: {said}"
    if isinstance(error, InsufficientCreditsError):
        return f"the account's credits don't suffice, add some at the provider: {said}"
    if isinstance(error, OSError):
        return system_words(error)
    return said


def system_words(error: OSError) -> str:
    """What the operating system refused, and with which file, if that is known."""
    why = error.strerror or type(error).__name__
    return f"{os.fsdecode(error.filename)}: {why}" if isinstance(error.filename, str | bytes) else why


def once_mended(error: Exception | None) -> str:
    """What has to change before the same command can do better: to follow on "To go on"; empty if nothing has to."""
    if error is None:
        return ""
    guard = getattr(error, "guard", "")
    if guard in _BY_GUARD or guard in _options():
        return f", {_BY_GUARD.get(guard, f'with another value of {_flag(guard)}')}"
    return f", once {_BY_KIND.get(type(error), 'that is mended')}"


_BY_GUARD: Final = {
    "keep_credits": "once there are more credits, or with another --keep-credits",
    "allow_prefix": "with another --allow-prefix, or with those numbers in a file for --suppress",
    "stop_after_unknown": "once the gateway is well",
    "stop_after_refused": "once the gateway is well",
    "paused": "once that is right",
    "stopped": "once that is right",
}
"""What is to change where a guard has stopped a run, for the guards that want more than another value."""

_BY_KIND: Final[dict[type[Exception], str]] = {
    AuthenticationError: "the key is mended",
    InsufficientCreditsError: "there are credits",
}


def _options() -> set[str]:
    """The options of the client and of a run that the commands in this process have."""
    groups = (each for each in OptionGroup.__subclasses__() if each.panel in (ROUTE_PANEL, STOP_PANEL))
    return {name for group in groups for name in group.__struct_fields__}


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")


def _key_source() -> str:
    if os.environ.get(KEY_VARIABLE) or not os.environ.get(KEY_FILE_VARIABLE):
        return KEY_VARIABLE
    return f"{os.environ[KEY_FILE_VARIABLE]} ({KEY_FILE_VARIABLE})"
