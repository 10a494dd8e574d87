"""The file of results on a disk that gets full: told once, by its name, and never as a traceback."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from customersms_async.cli.send.kept_results import NamedResults, kept_results
from customersms_async.cli.send.results import NOWHERE, Origin
from customersms_async.models import Outcome, Status

ONE = Outcome(0, "+12125551234", Status.ACCEPTED, "1")


class FullDisk:
    """Results that can't be kept from a chosen call on."""

    def __init__(self, works: int) -> None:
        self.works = works

    def write(self, outcome: Outcome, origin: Origin = NOWHERE) -> None:
        self.works -= 1
        if self.works < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self.write(ONE)


def test_a_write_that_fails_names_the_file_and_closing_it_says_nothing_more() -> None:
    results = NamedResults(FullDisk(1), Path("r.csv"))
    results.write(ONE)
    with pytest.raises(OSError, match="No space left") as failed:
        results.write(ONE)
    assert failed.value.filename == "r.csv"
    with pytest.raises(OSError, match="No space left"):  # also where there is room again: a row would be half another
        results.write(ONE)
    results.close()


def test_what_is_lost_at_the_end_is_told() -> None:
    with pytest.raises(OSError, match="No space left") as failed:
        NamedResults(FullDisk(0), Path("r.csv")).close()
    assert failed.value.filename == "r.csv"


def test_what_can_be_kept_is(tmp_path: Path) -> None:
    with kept_results(tmp_path / "r.jsonl", raw=False, keep=()) as results:
        results.write(ONE)
    assert "+12125551234" in (tmp_path / "r.jsonl").read_text(encoding="utf-8")
