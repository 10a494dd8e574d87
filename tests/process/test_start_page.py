"""The start page, followed to the letter but for the installing: it ends with a text in the inbox."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.request import urlopen

from support.command import COMMAND, environment, until
from support.places import DOCS
from support.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path


def test_the_start_page_leads_to_a_text_in_the_inbox(tmp_path: Path) -> None:
    port = str(free_port())
    page = (DOCS / "start.md").read_text(encoding="utf-8").replace("8025", port)
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (name,) = re.findall(r"into a file `(.+?)`", page)
    (tmp_path / name).write_text(program, encoding="utf-8")
    (serves,) = re.findall(r"^\$ customersms (sandbox.*)$", page, re.MULTILINE)
    (exports,) = re.findall(r"((?:^\$ export .*\n)+)\$ python", page, re.MULTILINE)
    (prints,) = re.findall(rf"^\$ python {name}\n(.+)$", page, re.MULTILINE)

    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, *shlex.split(serves)], cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    ) as sandbox:
        assert sandbox.stdout
        told = ""
        while "It stops on Ctrl-C" not in told:
            told += sandbox.stdout.readline()
        given = re.findall(r"export (\w+)=(\S+)", exports)
        assert given == re.findall(r"export (\w+)=(\S+)", told)
        there = environment(tmp_path, **dict(given))
        ran = subprocess.run([sys.executable, name], cwd=tmp_path, env=there, capture_output=True, text=True)  # noqa: S603
        assert (ran.stdout.strip(), ran.stderr) == (prints, "")
        with urlopen(f"http://127.0.0.1:{port}/texts") as answer:
            (text,) = json.load(answer)["texts"]
        sandbox.send_signal(signal.SIGINT)
        until(lambda: sandbox.poll() is not None)
    assert text["message"] in program
