"""The command in this process, as it would be typed: for what needs no process of its own."""

from __future__ import annotations

import re
import signal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import typer.main
import typer.testing
from typer.testing import CliRunner

from customersms_async.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

# Typer makes a command of signatures anew each time that it runs one, in half of the time that these tests take.
vars(typer.testing)["_get_command"] = cache(typer.main.get_command)


class Typed(NamedTuple):
    """How a command ended: its exit status, and all that it said, as one line."""

    status: int
    words: str
    out: str


def typed(*arguments: str, folder: Path, key: str = "cspro_typed", typing: str = "", **variables: str) -> Typed:
    """Run ``customersms`` with these arguments; its state is in ``folder``, and it has no terminal."""
    environment = {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state"), "COLUMNS": "200", "TERM": "dumb"}
    before = signal.getsignal(signal.SIGTERM)
    try:
        ended = CliRunner().invoke(
            app, arguments, input=typing, env=environment | {"CUSTOMERSMS_API_KEY": key} | variables
        )
    finally:
        signal.signal(signal.SIGTERM, before)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Typed(ended.exit_code, " ".join(re.sub(r"[│╭╮╰╯─┃]", " ", ended.output).split()), ended.stdout)


class Desk:
    """Somebody's folder, and the gateway that their commands send to."""

    def __init__(self, folder: Path, gateway: Sandbox, url: str) -> None:
        self.folder = folder
        self.gateway = gateway
        self._url = url

    def __call__(self, *arguments: str, **more: Any) -> Typed:
        return typed(*arguments, folder=self.folder, key=self.gateway.api_key, CUSTOMERSMS_URL=self._url, **more)

    def write(self, text: str, name: str = "people.csv") -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8", newline="")
        return str(path)

    @property
    def sent(self) -> dict[str, str]:
        return {text.phone: text.message for text in self.gateway.texts}
