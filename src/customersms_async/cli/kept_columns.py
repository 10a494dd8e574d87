"""The columns of a file that travel with its outcomes, as they are called beside an outcome's own fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def kept_names(keep: Sequence[str], fields: Sequence[str]) -> list[str]:
    """The names of kept columns in a table that has ``fields`` of its own: ``kept phone`` beside ``phone``."""
    return [f"kept {name}" if name in fields else name for name in keep]
