"""What every service has a copy of, so that each can be taken as it is, is the same in all of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from customersms_async import CappedError, CustomerSMSError, OutcomeUnknownError
from support.web_examples import FOLDER, SITE, module_of

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = [*sorted(FOLDER.glob("with_*.py")), SITE / "codes" / "views.py"]


def defined(program: Path, name: str) -> str:
    tree = ast.parse(program.read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return ast.unparse(found)


@pytest.mark.parametrize("name", ["problem", "code_for"])
def test_each_has_the_same(name: str) -> None:
    assert len(PROGRAMS) == 4
    assert len({defined(program, name) for program in PROGRAMS}) == 1


def kinds(error: type[CustomerSMSError]) -> list[type[CustomerSMSError]]:
    return [error, *(each for kind in error.__subclasses__() for each in kinds(kind))]


@pytest.mark.parametrize("kind", kinds(CustomerSMSError))
def test_every_error_has_a_status_and_only_an_unknown_outcome_is_none(kind: type[CustomerSMSError]) -> None:
    status, detail, seconds = module_of("fastapi").problem(kind("+12125551234"))
    assert (status == 202) == issubclass(kind, OutcomeUnknownError)
    assert status in (202, 422, 429, 503)
    assert (status == 503) == (seconds > 0) or kind is CappedError
    assert "2125551234" not in detail
