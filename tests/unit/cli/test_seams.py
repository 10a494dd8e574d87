"""Where the command leans on the package's private folders: a few seams, and every other way in is the public one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from support.places import PACKAGE

if TYPE_CHECKING:
    from pathlib import Path

SEAMS = {
    "_core.options",  # defaults, and what an option may be
    "_core.failure_guards",  # when a send stops, as request after request fails
    "_core.secret",  # whether a key can be one
    "_core.phone",  # a number, read as everywhere
    "_core.notations",  # how else it is written
    "_core.plural",  # words
    "_core.number_lengths",  # how long a country's numbers are
    "_core.version",
    "_core.intake",  # the judge of recipients, with what it knows of repeats
    "_core.repeats",
    "_core.fingerprints",  # which numbers came before, in little memory
    "_core.batching",  # the requests that a job comes to, and the segments of their texts
    "_core.segments",
    "_core.gsm7_twins",  # what the preview shows of a text
    "_core.merge_tags",
    "_core.suspicious_text",
    "_core.limits",  # a limit, as people write it
    "_core.layers",  # when requests may leave, by limits and hours
    "_core.schedule",
    "_core.schedule_forecast",
    "_core.written_address",  # whether a place is an address, and what of that may be shown
    "_sending.environment",  # the key, from where a client has it
    "_sending.estimate",  # when the last request may leave
    "_http.error_meaning",  # what a failed connection means, in the words that a send has for it
    "_http.error_words",
    "_http.proxies",  # the way to the gateway, as an engine finds it
    "_http.setup_problem",
    "_http.tls",
    "_postgres.server_url",  # the same of a database, by the words of its library, too
    "_postgres.administration",  # what a person does to the schema of a fleet
    "_runtime.log",  # the level that the environment names
    "_runtime.tasks",  # how a task is started
}


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "cli").rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE / "cli"))
)
def test_a_module_of_the_command_uses_no_private_module_but_the_seams(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = set()
    for node in tree.body:  # imports for types alone are no use
        if isinstance(node, ast.ImportFrom) and node.level and (node.module or "").startswith("_"):
            folder, _, module = (node.module or "").partition(".")
            used |= {f"{folder}.{module or alias.name}" for alias in node.names}
    assert used <= SEAMS
