"""The docstrings of the public door can be used as they stand in a hover: units, errors, and an example each."""

from __future__ import annotations

import builtins
import importlib
import inspect
import re
from typing import Any, Final

from customersms_async import AsyncClient, Campaign, errors
from support.docstrings import EACH_CALL, SEE, constants_without_docstring, numbers_of, own_raises, said_of, sections
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

RAISES_NOTHING: Final = {
    "customersms_async.AsyncClient.remaining_credits",
}
"""Functions whose own lines, and those that they call, were read, and that raise nothing on purpose."""


def owner_of(name: str) -> object | None:
    """The exported class that a method is of."""
    return CLASSES.get(name.rpartition(".")[0])


def followed(thing: object) -> object:
    """The method of a protocol to which a docstring refers at the end of its first line, else the thing itself."""
    see = SEE.search(inspect.getdoc(thing) or "")
    if see is None:
        return thing
    owner = next(each for name, each in CLASSES.items() if name.endswith(f".{see[1]}"))
    return getattr(owner, see[2])


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
    bare: list[str] = []
    for name, thing in CALLABLES.items():
        places = [thing, followed(thing), *filter(None, [owner_of(name)])]
        numbers = (each for each in numbers_of(thing) if not any(UNIT.search(said_of(each, at)) for at in places))
        bare += [f"{name}({each})" for each in numbers]
    assert bare == []


def test_the_parameters_that_are_explained_one_by_one_are_all_there_in_their_order() -> None:
    for name, thing in CALLABLES.items():
        said = list(sections(thing).args)
        assert not said or said == [each for each in inspect.signature(thing).parameters if each != "self"], name


def test_a_function_says_what_it_raises() -> None:
    silent = set()
    for name, function in FUNCTIONS.items():
        each_call = EACH_CALL.search(inspect.getdoc(owner_of(name)) or "")
        if not (each_call or sections(function).raises or sections(followed(function)).raises):
            silent.add(name)
    assert silent - RAISES_NOTHING == set()
    assert RAISES_NOTHING - silent == set()


def test_the_errors_that_are_named_exist_and_those_of_its_own_lines_are_named() -> None:
    for name, thing in CALLABLES.items():
        raises = sections(thing).raises
        assert [each for each in raises if not hasattr(errors, each) and not hasattr(builtins, each)] == [], name
        assert all(raises.values()), name
        assert own_raises(thing) <= set(raises), name


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
