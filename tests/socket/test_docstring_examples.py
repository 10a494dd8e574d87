"""Every example in a public docstring runs as it stands, against a sandbox."""

from __future__ import annotations

import asyncio
import importlib
import re
from typing import TYPE_CHECKING

import pytest

import customersms_async
from customersms_async.testing import FakeClient
from support.docstrings import sections
from support.page_programs import run_program
from support.public_door import exported, public_classes, public_functions

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = [
    pytest.param(name, example, id=name.removeprefix("customersms_async."))
    for name, thing in {**public_classes(), **public_functions()}.items()
    for example in sections(thing).examples
]


def names_at(name: str) -> dict[str, object]:
    """The names that stand around an example: those of the package and of its own module, and a ``client``."""
    at = re.match(r"customersms_async(?:\.[a-z]\w*(?=\.))?", name)
    assert at
    modules = (customersms_async, importlib.import_module(at[0]))
    known = {each: getattr(module, each) for module in modules for each in exported(module)}
    return {**known, "client": FakeClient()}


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
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
