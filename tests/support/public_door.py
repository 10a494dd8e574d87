"""What the package promises to keep: its public modules, the names that they export, and what can be called there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Final

import customersms_async

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

NO_API: Final = {"cli"}
"""The command line, which is no Python API; ``tools.release.api_changes`` has the same rule."""


def public_modules() -> list[str]:
    """The package, and each module right below it whose name has no underscore."""
    below = [each.name for each in pkgutil.iter_modules(customersms_async.__path__) if not each.name.startswith("_")]
    root = customersms_async.__name__
    return [root, *(f"{root}.{name}" for name in below if name not in NO_API)]


def exported(module: ModuleType) -> list[str]:
    """The public names of such a module: what it lists in ``__all__``, or else what it defines."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return list(getattr(module, "__all__", [name for name in own if not name.startswith("_")]))


@cache
def public_names() -> dict[str, object]:
    """Every exported object once, by the shortest of its names."""
    found: dict[str, object] = {}
    seen: set[int] = set()
    for module in map(importlib.import_module, public_modules()):
        for name in exported(module):
            value = getattr(module, name)
            if id(value) not in seen:
                seen.add(id(value))
                found[f"{module.__name__}.{name}"] = value
    return found


def public_classes() -> dict[str, type]:
    """The classes among them."""
    return {name: value for name, value in public_names().items() if inspect.isclass(value)}


def public_methods(owner: type) -> Iterator[tuple[str, Callable[..., object]]]:
    """The functions of a class and of our bases of it that a user may call or look up; a contract's tests are none."""
    for name in dir(owner):
        if not name.startswith(("_", "test")):
            home = next(each for each in owner.__mro__ if name in vars(each))
            function = _function(vars(home)[name])
            if home.__module__.partition(".")[0] == customersms_async.__name__ and inspect.isfunction(function):
                yield name, function


def public_functions() -> dict[str, Callable[..., object]]:
    """Every exported function, and every method of an exported class, once."""
    found: dict[str, Callable[..., object]] = {}
    for name, value in public_names().items():
        if inspect.isfunction(value):
            found[name] = value
        elif inspect.isclass(value):
            found |= {f"{name}.{method}": function for method, function in public_methods(value)}
    return {name: each for name, each in found.items() if next(n for n, e in found.items() if e is each) == name}


def _function(value: object) -> object:
    if isinstance(value, property):
        return value.fget
    return value.__func__ if isinstance(value, classmethod | staticmethod) else value
