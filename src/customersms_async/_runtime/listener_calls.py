"""Calls of a program's listeners, whose errors change nothing of what becomes of a text."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from . import log

if TYPE_CHECKING:
    from collections.abc import Callable


def call_listener(hear: Callable[..., object], *what: object) -> None:
    """Call a listener, a function of the program's; its error is logged, and harms nobody."""
    try:
        hear(*what)
    except BaseException as error:  # noqa: BLE001 - whatever the program's own code may raise
        log_listener_error(hear, error)


def log_listener_error(hear: Callable[..., object], error: BaseException) -> None:
    """Contain what ``hear`` has raised, and log it."""
    log.contain(error)
    names = [type(hear).__name__]
    log.guarded(lambda: names.append(str(hear.__qualname__)))  # an object of the program's may raise here, too
    message = "whoever looks on has failed to hear of this: %s (%s)"
    log.warning(message, names[-1], type(error).__name__)
    if log.shows_debug():
        log.guarded(lambda: log.debug("what was raised: %s", "".join(traceback.format_exception(error))))
