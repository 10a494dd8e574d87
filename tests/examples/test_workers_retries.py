"""The rule of the workers' examples: which errors a queue tries again, and after how long."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import errors
from support.worker_examples import ENGINES, FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable

TRIED_AGAIN = {
    errors.QuotaExceededError("", retry_after=7.5): 7.5,
    errors.QuotaExceededError("", retry_after=0.0): 1.0,
    errors.RateLimitedError("", retry_after=60.0): 60.0,
    errors.ConnectionFailedError(""): 10.0,
    errors.QuotaStoreError("", temporary=True): 10.0,
    errors.IdempotencyStoreError("", temporary=True): 10.0,
    errors.AuthenticationError(""): 600.0,
    errors.InsufficientCreditsError(""): 600.0,
}


def rule(engine: str) -> str:
    """The source of the rule in an engine's example."""
    source = (FOLDER / f"{engine}_worker.py").read_text(encoding="utf-8")
    (function,) = [
        each for each in ast.parse(source).body if isinstance(each, ast.FunctionDef) and each.name == "retry_after"
    ]
    return ast.get_source_segment(source, function) or ""


@pytest.fixture
def retry_after() -> Callable[[BaseException], float | None]:
    names: dict[str, Any] = {"errors": errors}
    exec(rule("saq"), names)  # noqa: S102 - our own
    found: Callable[[BaseException], float | None] = names["retry_after"]
    return found


def test_what_may_be_sent_later_is_tried_again(retry_after: Callable[[BaseException], float | None]) -> None:
    assert {error: retry_after(error) for error in TRIED_AGAIN} == TRIED_AGAIN


def test_nothing_else_is_tried_again(retry_after: Callable[[BaseException], float | None]) -> None:
    always = {type(error) for error in TRIED_AGAIN} - {errors.QuotaStoreError, errors.IdempotencyStoreError}
    kinds = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)}
    others = kinds - always
    assert {errors.OutcomeUnknownError, errors.RejectedError, errors.CappedError, errors.QuotaStoreError} < others
    assert {retry_after(kind("")) for kind in others} == {None}


def test_all_examples_have_the_same_rule() -> None:
    assert len({rule(engine) for engine in ENGINES}) == 1
