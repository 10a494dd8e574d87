"""Every example in a public docstring runs as it stands, against a sandbox."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from typing import TYPE_CHECKING

import pytest

import customersms_async
from customersms_async.testing import FakeClient
from support.docstrings import FENCE, sections
from support.page_programs import run_program
from support.public_door import exported, public_classes, public_functions, public_modules

if TYPE_CHECKING:
    from pathlib import Path

OF_MODULES = [
    pytest.param(name, example, id=name)
    for name in public_modules()
    for example in FENCE.findall(inspect.getdoc(importlib.import_module(name)) or "")
]
EXAMPLES = [
    pytest.param(name, example, id=name.removeprefix("customersms_async."))
    for name, thing in {**public_classes(), **public_functions()}.items()
    for example in sections(thing).examples
]


def names_at(name: str) -> dict[str, object]:
    """The names that stand around an example: those of the package and of its own module, and a ``client``."""
    module = next(each for each in reversed(public_modules()) if f"{name}.".startswith(f"{each}."))
    modules = (customersms_async, importlib.import_module(module))
    known = {each: getattr(module, each) for module in modules for each in exported(module)}
    return {**known, "client": FakeClient()}


@pytest.mark.parametrize(("name", "example"), OF_MODULES + EXAMPLES)
def test_an_example_in_a_docstring_runs(
    name: str, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    if "AsyncClient(" in example:
        request.getfixturevalue("customersms_sandbox")  # what such a client sends to
    known = names_at(name)
    client = known["client"]
    assert isinstance(client, FakeClient)
    run_program(example, request, known)
    asyncio.run(client.aclose())
