"""Every program that the pages show runs, against a sandbox, and says what it should."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

from customersms_async.sandbox import Sandbox
from customersms_async.testing import FakeClient
from support.page_programs import run_program
from support.pages import programs

if TYPE_CHECKING:
    from pathlib import Path

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
    names = run_program(program, request)
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
