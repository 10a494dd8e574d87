"""``customersms doctor``: look at every part, show what was found, and end with a status that says it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import typer
from rich.table import Table
from rich.text import Text

from ..exits import ending_well
from ..formats import plain
from ..options import quota_named, read_limits
from ..output import safe_console, say_json
from .finding import PartHealth, exit_status, skipped
from .gateway_path import PARTS, path_findings
from .key_and_url import key_finding, url_finding, url_of
from .machine import clock_finding, state_finding, versions_finding
from .quota_store import quota_finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .finding import Finding
    from .options import DoctorCommandOptions

_COLOURS: Final = {
    PartHealth.OK: "green",
    PartHealth.LOOK: "yellow",
    PartHealth.WRONG: "red",
    PartHealth.SKIPPED: "dim",
}


def doctor(options: DoctorCommandOptions) -> None:
    """Do what ``customersms doctor`` does."""
    with ending_well(options.log_level):
        findings = asyncio.run(examine(options))
        if options.json:
            for each in findings:
                say_json(each)
            say_json({"summary": {"exit_status": exit_status(findings)}})
        else:
            _show(findings)
        raise typer.Exit(exit_status(findings))


async def examine(options: DoctorCommandOptions) -> list[Finding]:
    """All findings, in the order of the way of a text. Nothing is sent; each look ends within ``--timeout``."""
    findings = [versions_finding(), clock_finding(), state_finding(), key_finding(), url_finding(options.url)]
    url = url_of(options.url)
    if findings[-1].health is PartHealth.WRONG:
        findings += [skipped(part, "URL") for part in PARTS]
    else:
        findings += await path_findings(url, options.timeout)
    findings.append(await quota_finding(quota_named(options.quota), read_limits(options.limit), options.timeout))
    return findings


def _show(findings: Sequence[Finding]) -> None:
    table = Table("part", "", "found", title="customersms doctor: nothing was sent", title_justify="left")
    table.columns[2].overflow = "fold"
    for each in findings:
        table.add_row(each.part, Text(each.health.value, style=_COLOURS[each.health]), Text(plain(each.found)))
    console = safe_console(json=False)
    console.print(table)
    todo = [each for each in findings if each.todo]
    for each in todo:
        console.print(Text(plain(f"{each.part}: {each.todo}"), style=_COLOURS[each.health]))
    if not todo:
        console.print(Text("Nothing is wrong here: what is refused now, the gateway refuses", style="green"))
