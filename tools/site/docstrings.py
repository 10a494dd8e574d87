"""What the reference makes of the package's docstrings: an extension of griffe, which zensical.toml names.

A struct has the signature that msgspec gives it, an enum its values, and a public name in a docstring is a link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import griffe

from .reference import directives

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME: Final = re.compile(r"``(?:customersms_async\.(?:\w+\.)*)?([A-Z]\w+)((?:\.\w+)*)``")
_PAGE: Final = re.compile(r"(?:``)?docs/([\w-]+)\.md(?:``)?")
_LAST: Final = {each.rpartition(".")[2]: each for each in directives()}


class PublicDocstrings(griffe.Extension):
    """Changes what was read of the package, before any page shows it."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Go through the whole package once, when all of it is known."""
        for each in list(_objects(pkg)):
            if isinstance(each, griffe.Class):
                _list_values(each)
            elif isinstance(each, griffe.Function):
                for function in (each, *(each.overloads or ())):
                    _show_defaults(function, pkg)
        for struct in [each for each in _objects(pkg) if isinstance(each, griffe.Class) and _is_struct(each)]:
            _give_signature(struct)
        for each in _objects(pkg):
            if each.docstring:
                each.docstring.value = _readable(each.docstring.value, pkg)


def _objects(parent: griffe.Object) -> Iterator[griffe.Object]:
    for member in parent.members.values():
        if isinstance(member, griffe.Object):
            yield member
            yield from _objects(member)


def _readable(text: str, package: griffe.Module) -> str:
    """A docstring with links where a public name or a page stands."""

    def linked(match: re.Match[str]) -> str:
        place = _LAST.get(match[1])
        if place is None:
            return match[0]
        known = match[2] and match[2][1:] in package[place.partition(".")[2]].members
        return f"[`{match[1]}{match[2]}`][{place}{match[2] if known else ''}]"

    return _NAME.sub(linked, _PAGE.sub(r"[\1.md](../\1.html)", text))


def _struct_fields(cls: griffe.Class) -> list[tuple[griffe.Attribute, bool]]:
    """The fields of a struct, those of the structs that it is made from first, each with whether it is keyword-only."""
    fields: dict[str, tuple[griffe.Attribute, bool]] = {}
    for base in (*reversed(cls.mro()), cls):
        keyword_only = "kw_only" in base.keywords
        for name, member in base.members.items():
            if (
                isinstance(member, griffe.Attribute)
                and member.annotation is not None
                and "property" not in member.labels
            ):
                fields[name] = (member, keyword_only)
    return sorted(fields.values(), key=lambda field: field[1])


def _is_struct(cls: griffe.Class) -> bool:
    return any(str(base).endswith("Struct") for each in (cls, *cls.mro()) for base in each.bases)


def _give_signature(cls: griffe.Class) -> None:
    """Let a struct be called as msgspec lets it, and list no field for itself: the docstring tells of each."""
    if "__init__" in cls.members:
        return
    parameters = griffe.Parameters(griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword))
    for field, keyword_only in _struct_fields(cls):
        kind = griffe.ParameterKind.keyword_only if keyword_only else griffe.ParameterKind.positional_or_keyword
        parameters.add(griffe.Parameter(field.name, annotation=field.annotation, kind=kind, default=field.value))
    cls.set_member("__init__", griffe.Function("__init__", parameters=parameters))
    cls.bases = [base for base in cls.bases if not str(base).endswith("Struct")]


def _show_defaults(function: griffe.Function, package: griffe.Module) -> None:
    """Show the defaults that have a name, as they stand in one place for all, by their values."""
    for parameter in function.parameters:
        if isinstance(parameter.default, griffe.Expr) and "DEFAULT_" in str(parameter.default):
            parameter.default = package[parameter.default.canonical_path.partition(".")[2]].value


def _list_values(cls: griffe.Class) -> None:
    """Let an enum's docstring end with its values."""
    if cls.docstring and any(str(base).endswith("Enum") for base in cls.bases):
        values = [
            each for each in cls.members.values() if isinstance(each, griffe.Attribute) and each.value is not None
        ]
        rows = "\n".join(f"| `{each.name}` | `{each.value}` |" for each in values)
        cls.docstring.value += f"\n\n| name | value |\n|---|---|\n{rows}"
