"""Who may have got a text twice is named by ``campaign status`` and on the report, and nowhere if it is nobody."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.campaign.ledger_place import read_ledger_place
from customersms_async.cli.campaign.looking_options import StatusOptions
from customersms_async.cli.campaign.report import write_report
from customersms_async.cli.campaign.status import show_status
from customersms_async.cli.zones import read_zone
from customersms_async.models import DOCUMENTED_LIMITS
from support.filled_ledger import PEOPLE, filled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger"
    asyncio.run(filled(path))
    return path


def keep_double(ledger: Path, index: int) -> None:
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute("INSERT INTO doubles VALUES (1, ?, 1700000000000000)", (index,))


def test_a_status_names_them(ledger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_status(StatusOptions(ledger=read_ledger_place(str(ledger))))
    assert "twice" not in capsys.readouterr().out
    show_status(StatusOptions(ledger=read_ledger_place(str(ledger)), json=True))
    assert json.loads(capsys.readouterr().out)["doubles"] == []
    keep_double(ledger, 1)
    keep_double(ledger, 0)
    show_status(StatusOptions(ledger=read_ledger_place(str(ledger))))
    said = " ".join(capsys.readouterr().out.split())
    assert "2 recipients may have got the text twice" in said
    assert f": {PEOPLE[0]} first" in said
    show_status(StatusOptions(ledger=read_ledger_place(str(ledger)), json=True))
    assert json.loads(capsys.readouterr().out)["doubles"] == PEOPLE[:2]


def test_the_report_lists_them(ledger: Path) -> None:
    page = ledger.with_name("page.html")
    asyncio.run(write_report(read_ledger_place(str(ledger)), page, DOCUMENTED_LIMITS, read_zone(None)))
    assert "Known doubles" not in page.read_text(encoding="utf-8")
    keep_double(ledger, 7)
    asyncio.run(write_report(read_ledger_place(str(ledger)), page, DOCUMENTED_LIMITS, read_zone(None)))
    text = page.read_text(encoding="utf-8")
    assert "<h2>Known doubles</h2>" in text
    assert "1 recipient may have got the text twice" in text
    assert f"<td>{PEOPLE[7]}</td><td class=n>8</td>" in text
