"""The folder in which the command keeps what its runs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import platformdirs

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def state_folder(what: str, option: str, *, make: bool) -> Path:
    """The user's state folder, made for the user alone if it is not there.

    Raises ``ConfigurationError`` where it can't be, with what was to be kept there and what says where else.
    """
    folder = platformdirs.user_state_path("customersms", appauthor=False)
    try:
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"the folder for {what} can't be made: {error}; see {option}") from None
    return folder
