"""What is said of a value that an option can't have, in our words and not in those of the libraries that read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

_OF_PYDANTIC: Final = "Value error, "
"""What a check of ours begins with, once pydantic has heard of it."""


def in_own_words(error: typer.BadParameter) -> typer.BadParameter:
    """The error with what pydantic said of a value put into words for people; any other as it is.

    Newer versions of typer read values by pydantic, whose error is the cause then; nothing of it is imported here.
    """
    details = getattr(error.__cause__, "errors", None)
    first = next(iter(details()), None) if callable(details) else None
    if first is not None:
        say = _WORDS.get(first["type"])
        error.message = say(first) if say is not None else error.message.removeprefix(_OF_PYDANTIC)
    return error


def _number(detail: dict[str, Any]) -> str:
    return f"{detail['input']!r} is not a number"


def _whole_number(detail: dict[str, Any]) -> str:
    return f"{detail['input']!r} is not a whole number"


def _bound(detail: dict[str, Any]) -> str:
    context = detail["ctx"]
    return f"it must be {context['ge']:,} or more" if "ge" in context else f"it must be {context['le']:,} or less"


_WORDS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "float_parsing": _number,
    "int_parsing": _whole_number,
    "int_from_float": _whole_number,
    "int_parsing_size": _whole_number,
    "greater_than_equal": _bound,
    "less_than_equal": _bound,
}
"""What is said for each of pydantic's errors that the options of the command can have."""
