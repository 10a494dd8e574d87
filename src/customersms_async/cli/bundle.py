"""Options as values: a command takes one struct, each field of which is an option of the command line.

Typer reads a command's options from the signature of a function, one parameter for each. With twenty options that
several commands share, every command would list them anew and hand them on by position. So they are listed in structs
(``options``), and ``takes_bundles`` tells typer of each field and makes the structs again from what was typed.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """Options that belong together: of one command, or shared by several.

    A field is ``name: Annotated[type, typer.Option(…)]`` with its default, or another bundle, whose options stand in
    its place. The order of the fields is the order in ``--help``.
    """


def takes_bundles(command: Callable[..., None]) -> Callable[..., None]:
    """``command``, whose parameters are bundles (or what typer knows by itself), as typer can register it."""
    hints = get_type_hints(command, include_extras=True)
    del hints["return"]

    @functools.wraps(command)
    def flat(**given: Any) -> None:
        command(**{name: _value(name, hint, given) for name, hint in hints.items()})

    parameters = [each for name, hint in hints.items() for each in _parameters(name, hint, inspect.Parameter.empty)]
    flat.__annotations__ = {each.name: each.annotation for each in parameters}
    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect looks for first
    return flat


def _parameters(name: str, hint: Any, default: object) -> Iterator[inspect.Parameter]:
    """The parameters that stand for one of a command, or for one field of a bundle."""
    if not _is_bundle(hint):
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
        return
    hints = get_type_hints(hint, include_extras=True)
    for field in msgspec.structs.fields(hint):
        missing = field.default is msgspec.NODEFAULT
        yield from _parameters(field.name, hints[field.name], inspect.Parameter.empty if missing else field.default)


def _value(name: str, hint: Any, given: dict[str, Any]) -> Any:
    """The value of one parameter of a command, made of the options ``given``."""
    if not _is_bundle(hint):
        return given[name]
    return hint(**{field: _value(field, of, given) for field, of in get_type_hints(hint, include_extras=True).items()})


def _is_bundle(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Bundle)
