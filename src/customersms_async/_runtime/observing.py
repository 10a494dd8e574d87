"""Telling an observer, who changes nothing by what he does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import log

if TYPE_CHECKING:
    from collections.abc import Callable


def tell(hear: Callable[..., None], *what: Any, **more: Any) -> None:
    """Call a method of an ``Observer``; its error is logged, and harms nobody."""
    if not log.guarded(lambda: hear(*what, **more)):
        log.warning("whoever looks on has failed to hear of this: %s", getattr(hear, "__name__", hear))
