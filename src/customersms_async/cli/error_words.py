"""Errors in the words of the command line: options by their flags, and what to mend before it is tried again."""

from __future__ import annotations

import os
import re
from typing import Final

from .._sending.environment import KEY_FILE_VARIABLE, KEY_VARIABLE
from ..errors import AuthenticationError, InsufficientCreditsError

NO_WAY: Final = "The way to the gateway failed: customersms doctor looks at each part of it, and sends nothing"

_FLAGS: Final = re.compile(
    r"\b(stop_after_unknown|stop_after_refused|max_wait|batch_size|max_concurrency|max_recipients|max_segments"
    r"|keep_credits|allow_prefix|timeout(?= must))\b"
)
"""The options that have a flag of the same name, as the messages of the package call them."""


def in_flags(text: str) -> str:
    """A message of the package, with options called by their flags."""
    named = _FLAGS.sub(lambda found: "--" + found[1].replace("_", "-"), text)
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
    if guard in _BY_GUARD:
        return f", {_BY_GUARD[guard]}"
    return f", once {_BY_KIND.get(type(error), 'that is mended')}"


_BY_GUARD: Final = {
    "max_recipients": "with another --max-recipients",
    "max_segments": "with another --max-segments",
    "until": "with another --until",
    "keep_credits": "once there are more credits, or with another --keep-credits",
    "allow_prefix": "with another --allow-prefix, or with those numbers in a file for --suppress",
    "stop_after_unknown": "once the gateway is well",
    "stop_after_refused": "once the gateway is well",
    "paused": "once that is right",
    "stopped": "once that is right",
}

_BY_KIND: Final[dict[type[Exception], str]] = {
    AuthenticationError: "the key is mended",
    InsufficientCreditsError: "there are credits",
}


def _key_source() -> str:
    if os.environ.get(KEY_VARIABLE) or not os.environ.get(KEY_FILE_VARIABLE):
        return KEY_VARIABLE
    return f"{os.environ[KEY_FILE_VARIABLE]} ({KEY_FILE_VARIABLE})"
