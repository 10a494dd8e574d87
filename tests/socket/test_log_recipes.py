"""The recipes of docs/logging.md: each line is an object with the package's fields and the id of the request."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import json
import logging
import types
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from customersms_async import AsyncClient, OutcomeUnknownError
from customersms_async.sandbox import Fault, Sandbox, magic
from support.pages import programs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def recipe(word: str) -> AsyncIterator[io.StringIO]:
    """Run the recipe with this word in it as a program of its own, and give what its handler writes from then on."""
    (program,) = [text for place, text in programs() if place.startswith("docs/logging.md") and word in text]
    names: dict[str, Any] = {"__name__": "__page__"}
    code = compile(program, "<page>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    root, written = logging.getLogger(), io.StringIO()
    pytests, level = root.handlers[:], root.level
    root.handlers.clear()  # or basicConfig would do nothing
    try:
        await types.FunctionType(code, names)()
        names["handler"].setStream(written)
        yield written
    finally:
        root.handlers[:] = pytests
        root.setLevel(level)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize("word", ["class JsonLines", "import structlog"])
async def test_a_text_of_unknown_fate_is_an_object_of_one_line(customersms_sandbox: Sandbox, word: str) -> None:
    async with recipe(word) as written, AsyncClient() as client:
        sending = asyncio.create_task(client.send(magic.number(Fault.STATUS_502), "Hello"))
        with pytest.raises(OutcomeUnknownError):
            await sending
    assert customersms_sandbox.requests == 2
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    (line,) = [line for line in lines if line.get("sms_event") == "unknown"]
    assert (line["sms_texts"], line["sms_status_code"], line["request_id"]) == (1, 502, "7f3a")
    assert (line["level"].lower(), len(line["sms_key"])) == ("warning", 8)
    assert "may have been sent" in line.get("message", line.get("event"))
    assert customersms_sandbox.api_key not in written.getvalue()


async def test_structlog_has_lines_of_the_program_s_own_and_of_the_package_in_one_form(
    customersms_sandbox: Sandbox,
) -> None:
    async with recipe("import structlog") as written:
        structlog.get_logger("shop").warning("ordered", items=3)
        logging.getLogger("customersms_async").warning("told", extra={"sms_event": "told"})
    mine, ours = map(json.loads, written.getvalue().splitlines())
    assert (mine["event"], mine["items"], mine["request_id"]) == ("ordered", 3, "7f3a")
    assert (ours["event"], ours["sms_event"], ours["request_id"]) == ("told", "told", "7f3a")
    assert len(customersms_sandbox.texts) == 1
