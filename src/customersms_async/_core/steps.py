"""Long work in steps, between which others may have their turn.

Steps are a generator that yields nothing, wherever its work may be put off, and returns what comes of it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar, cast

Result = TypeVar("Result")
Steps: TypeAlias = Generator[None, None, Result]


def finish(steps: Steps[Result]) -> Result:
    """Take all steps that are left at once, and give what comes of them."""
    try:
        while True:
            next(steps)
    except StopIteration as ended:
        return cast("Result", ended.value)
