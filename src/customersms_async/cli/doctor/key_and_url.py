"""The doctor's look at what the environment says: the key, and the URL."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ..._core.options import DOCUMENTED_URL, check_url
from ..._core.secret import Secret
from ..._sending.environment import KEY_FILE_VARIABLE, KEY_VARIABLE, URL_VARIABLE
from ...errors import ConfigurationError
from ..credentials import check_key, key_of_environment
from ..error_words import in_words
from .finding import look, ok, wrong

if TYPE_CHECKING:
    from .finding import Finding

_KEY_TODO = f"put the key into {KEY_VARIABLE}, or the name of a file with it into {KEY_FILE_VARIABLE}"


def key_finding() -> Finding:
    """Whether there is a key, where it is from, and its fingerprint; never the key."""
    try:
        check_key()
        key = Secret(key_of_environment() or "")
    except ConfigurationError as error:
        return wrong("key", in_words(error), _KEY_TODO)
    shown = key.key_id[:8]
    if os.environ.get(KEY_VARIABLE):
        both = f"; {KEY_FILE_VARIABLE} is set as well, and not read" if os.environ.get(KEY_FILE_VARIABLE) else ""
        return ok("key", f"{shown}…, its fingerprint, from {KEY_VARIABLE}{both}")
    path = Path(os.environ[KEY_FILE_VARIABLE])
    found = f"{shown}…, its fingerprint, from {path} ({KEY_FILE_VARIABLE})"
    if os.name == "posix" and path.stat().st_mode & stat.S_IROTH:
        return look("key", f"{found}, which everyone on this machine may read", f"chmod o-r {path}")
    return ok("key", found)


def url_of(option: str | None) -> str:
    """The URL that requests would go to."""
    return os.environ.get(URL_VARIABLE, DOCUMENTED_URL) if option is None else option


def url_finding(option: str | None) -> Finding:
    """Whether the URL can be one, and where it is from."""
    source = "--url" if option is not None else URL_VARIABLE if URL_VARIABLE in os.environ else "the documented one"
    url = url_of(option)
    try:
        check_url(url)
    except ConfigurationError as error:
        return wrong("URL", f"{error} (from {source})", "write it as https://host/path")
    return ok("URL", f"{url.partition('?')[0]} ({source})")
