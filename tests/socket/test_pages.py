"""Every program that the pages show runs, against a sandbox, and says what it should."""

from __future__ import annotations

import ast
import asyncio
import inspect
import logging
import re
import types
from typing import TYPE_CHECKING

import pytest

from customersms_async.sandbox import Sandbox
from customersms_async.testing import FakeClient
from support.pages import programs
from support.ports import free_port
from support.redis_servers import RedisServer

if TYPE_CHECKING:
    from pathlib import Path

SERVERS = {
    "redis://cache:6379/0": "shared_redis",
    "postgresql://texts@db.internal/app": "shared_postgres",
}
"""Servers of the pages, and the fixtures that stand for them."""
SENDS = re.compile(r"\.(send|send_many|stream|run)\(")


@pytest.mark.parametrize("program", [pytest.param(program, id=place) for place, program in programs()])
def test_a_program_on_a_page_runs(
    program: str,
    customersms_sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.NOTSET, "customersms_async")  # and what a program sets ends with the test
    for url, fixture in SERVERS.items():
        if url in program:
            server = request.getfixturevalue(fixture)
            program = program.replace(url, server.url if isinstance(server, RedisServer) else server.url())
    program = program.replace("9464", str(free_port()))
    names: dict[str, object] = {"__name__": "__page__"}
    code = compile(program, "<page>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    body = types.FunctionType(code, names)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(body())
    else:
        body()
    client = names.get("client")
    sandbox = client.sandbox if isinstance(client, FakeClient) else names.get("sandbox", customersms_sandbox)
    assert isinstance(sandbox, Sandbox)
    assert bool(sandbox.requests) == bool(SENDS.search(program))


def test_the_first_program_prints_what_its_page_says(
    customersms_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    text = next(program for place, program in programs() if place.startswith("README.md"))
    exec(text, {"__name__": "__main__"})  # noqa: S102 - our own page
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed] == ["accepted", "2", "+12125551234", "+13235554567"]
    assert len(customersms_sandbox.texts) == 5
