"""Telling those who look on, who change nothing by what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import log

if TYPE_CHECKING:
    from collections.abc import Callable


def tell(hear: Callable[..., object], *what: object) -> None:
    """Call a function of somebody who looks on; its error is logged, and harms nobody."""
    if not log.guarded(hear, *what):
        name = getattr(hear, "__qualname__", None) or type(hear).__name__
        log.warning("whoever looks on has failed to hear of this: %s", name)
