"""The docstrings of the public door can be used as they stand in a hover: units, errors, and an example each."""

from __future__ import annotations

import builtins
import importlib
import inspect
import re
from typing import Any, Final

from customersms_async import AsyncClient, Campaign, errors
from support.docstrings import (
    EACH_CALL,
    SEE,
    constants_without_docstring,
    numbers_of,
    own_raises,
    parameters_of,
    said_of,
    sections,
)
from support.public_door import exported, public_classes, public_functions, public_modules, public_names

UNIT: Final = re.compile(
    r"\b((micro)?seconds?|requests?|numbers?|texts?|recipients|segments?|characters|credits?|septets|share|tokens|tries"
    r"|times|place|position|HTTP status|port|by number|of its own)\b"
)
"""What a number counts, or how it is measured."""

RIDDLE: Final = re.compile(r"(It|Its|The same|This|That|Those|These|Such|See) ")
"""First words that need a neighbour to be understood."""

CLASSES: Final = public_classes()
FUNCTIONS: Final = public_functions()
CALLABLES: Final[dict[str, Any]] = {**CLASSES, **FUNCTIONS}
SHOWN: Final = [
    *CLASSES,
    *(name for name, each in FUNCTIONS.items() if public_names().get(name) is each),
    *(name for name in FUNCTIONS if re.search(r"\.(AsyncClient|Campaign)\.", name)),
]
"""What has an example of its own: each class and function, and each method of the two that most programs call."""

_RAISES_NOTHING: Final = {
    "AsyncClient": "remaining_credits",
    "Health": "ok",
    "Hours": "compiled",
    "Limit": "window_us",
    "MemoryIdempotency": "aclose",
    "MemorySuppression": "aclose",
    "OutcomeStream": "aclose requests",
    "PostgresQuota": "aclose close",
    "RedisQuota": "aclose",
    "SendReport": "accepted rejected unknown unsent",
    "fast.FastClient": "aclose build_request shut_down",
    "quota": "hits",
    "quota.Buckets": "forecast_us give_back pause paused_us settle take usage",
    "sandbox": "key_id",
    "sandbox.Sandbox": "api_key duplicates log_requests numbers_seen refused refused_fixed refused_rolling requests"
    " reset texts",
    "segments": "beyond_gsm7 count replacements to_gsm7",
    "testing.CapStoreContract": "open_far_store",
    "testing.LedgerContract": "rows_in",
    "testing.QuotaStoreContract": "open_far_store",
}
RAISES_NOTHING: Final = {
    f"customersms_async.{owner}.{name}" for owner, names in _RAISES_NOTHING.items() for name in names.split()
}
"""Functions that were read, and what they call, and that raise nothing on purpose."""


def words_about(name: str) -> list[object]:
    """What says something of a thing: itself, its class and the bases of that, and the method that it refers to."""
    return _words_about(CALLABLES[name], CLASSES.get(name.rpartition(".")[0]))


def _words_about(thing: object, owner: type | None) -> list[object]:
    found: list[object] = [*_with_bases(thing), *_with_bases(owner)]
    if see := SEE.search((inspect.getdoc(thing) or "").partition("\n")[0]):
        other = next(each for name, each in CLASSES.items() if name.endswith(f".{see[1]}"))
        found += _words_about(getattr(other, see[2]), other)
    return found


def _with_bases(thing: object) -> list[object]:
    """A class and its bases of ours; anything else alone, if there is one."""
    if not inspect.isclass(thing):
        return [] if thing is None else [thing]
    return [each for each in thing.__mro__ if each.__module__.startswith("customersms_async")]


def says_errors(thing: object) -> bool:
    """Whether a function has a section of errors, or a class says which each call raises."""
    said = inspect.getdoc(thing) or ""
    return EACH_CALL.search(said) is not None if inspect.isclass(thing) else bool(sections(thing).raises)


def test_a_docstring_begins_with_one_line_that_can_be_read_alone() -> None:
    for name, thing in CALLABLES.items():
        first, _, rest = (inspect.getdoc(thing) or "").partition("\n")
        assert first.endswith("."), name
        assert not RIDDLE.match(first), name
        assert not rest or rest.startswith("\n"), name


def test_a_public_module_and_its_constants_say_what_they_are() -> None:
    for module in map(importlib.import_module, public_modules()):
        assert module.__doc__
        assert constants_without_docstring(module) == set()


def test_a_parameter_that_is_a_number_has_its_unit() -> None:
    bare = []
    for name, thing in CALLABLES.items():
        for number in numbers_of(thing):
            # What a class says of an argument of its own is about that, and not about a method's of the same name.
            places = [at for at in words_about(name) if thing is at or number not in _arguments(at, thing)]
            if not any(UNIT.search(said_of(number, at)) for at in places):
                bare.append(f"{name}({number})")
    assert bare == []


def _arguments(at: object, thing: object) -> dict[str, object]:
    return parameters_of(at) if inspect.isclass(at) and not inspect.isclass(thing) else {}


def test_the_parameters_that_are_explained_one_by_one_are_all_there_in_their_order() -> None:
    for name, thing in CALLABLES.items():
        said = list(sections(thing).args)
        assert not said or said == list(parameters_of(thing)), name


def test_a_function_says_what_it_raises() -> None:
    silent = {name for name in FUNCTIONS if not any(map(says_errors, words_about(name)))}
    assert silent - RAISES_NOTHING == set()
    assert RAISES_NOTHING - silent == set()


def test_the_errors_that_are_named_exist_and_those_of_its_own_lines_are_named() -> None:
    for name, thing in CALLABLES.items():
        raises = sections(thing).raises
        assert [each for each in raises if not hasattr(errors, each) and not hasattr(builtins, each)] == [], name
        assert all(raises.values()), name
        named = {word for each in words_about(name) for word in re.findall(r"\w+Error\b", inspect.getdoc(each) or "")}
        assert own_raises(thing) <= named, name


def test_each_shows_an_example_of_itself() -> None:
    without = []
    for name in SHOWN:
        examples = sections(CALLABLES[name]).examples
        if not any(re.search(rf"\b{name.rpartition('.')[2]}\b", each) for each in examples):
            without.append(name)
    assert without == []


def test_send_names_every_error_that_can_end_it() -> None:
    """Those of campaigns cannot; a new error has to be judged here."""
    of_campaigns = {"LedgerError", "CampaignStoppedError"}
    assert set(sections(AsyncClient.send).raises) == set(exported(errors)) - of_campaigns - {"CustomerSMSError"}
    assert of_campaigns <= set(sections(Campaign.run).raises)
