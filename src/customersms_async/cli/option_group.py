"""Options as values: a command takes one struct, each field of which is an option of the command line.

Typer reads a command's options from the signature of a function, one parameter for each. With twenty options that
several commands share, every command would list them anew and hand them on by position. So they are listed in structs
(``options``), and ``takes_option_groups`` tells typer of each field and makes the structs again from what was typed.
"""

from __future__ import annotations

import copy
import functools
import inspect
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

import msgspec
from typer.models import OptionInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class OptionGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Options that belong together: of one command, or shared by several.

    A field is ``name: Annotated[type, typer.Option(…)]`` with its default, or another group, whose options stand in
    its place. The order of the fields is the order in ``--help``, where they stand under the title ``panel``, if it is
    given; a group in another has a title of its own.
    """

    panel: ClassVar[str] = ""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # an option may hold a password


def takes_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """``command``, whose parameters are option groups (or what typer knows by itself), as typer can register it."""
    hints = get_type_hints(command, include_extras=True)
    del hints["return"]

    @functools.wraps(command)
    def flat(**given: Any) -> None:
        command(**{name: _value(name, hint, given) for name, hint in hints.items()})

    parameters = [each for name, hint in hints.items() for each in _parameters(name, hint, inspect.Parameter.empty)]
    flat.__annotations__ = {each.name: each.annotation for each in parameters}
    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what inspect looks for first
    return flat


def _parameters(name: str, hint: Any, default: object, panel: str = "") -> Iterator[inspect.Parameter]:
    """The parameters that stand for one of a command, or for one field of a group with this ``panel``."""
    if not _is_group(hint):
        annotation = _under(panel, hint) if panel else hint
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        return
    hints = get_type_hints(hint, include_extras=True)
    for field in msgspec.structs.fields(hint):
        missing = field.default is msgspec.NODEFAULT
        of_field = inspect.Parameter.empty if missing else field.default
        yield from _parameters(field.name, hints[field.name], of_field, hint.panel)


def _under(panel: str, hint: Any) -> Any:
    """The annotation of an option, with a title to stand under in ``--help``; the one of several groups stays."""
    if get_origin(hint) is not Annotated:
        return hint
    kind, *about = get_args(hint)
    titled = [copy.copy(each) for each in about]
    for each in titled:
        if isinstance(each, OptionInfo):
            each.rich_help_panel = each.rich_help_panel or panel
    return Annotated[(kind, *titled)]


def _value(name: str, hint: Any, given: dict[str, Any]) -> Any:
    """The value of one parameter of a command, made of the options ``given``."""
    if not _is_group(hint):
        return given[name]
    hints = get_type_hints(hint, include_extras=True)
    return hint(**{field: _value(field, hints[field], given) for field in hint.__struct_fields__})


def _is_group(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, OptionGroup)
