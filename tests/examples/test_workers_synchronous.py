"""``examples/workers/synchronous.py``: one loop and one client for the program's life, from a script and from Flask."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from support.worker_examples import FOLDER, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

    from customersms_async.sandbox import Sandbox

ANN = "+12125551234"
UNKNOWN = "+15005551014"  # the sandbox cuts the answer
REFUSED = "+15005550001"


@pytest.fixture
def example(customersms_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setenv("TEXTS_FOLDER", str(tmp_path))
    module = load(FOLDER / "synchronous.py")
    yield module
    module.texts().close()


def test_a_script_that_runs_again_texts_nobody_twice(
    example: ModuleType, customersms_sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [(ANN, "visit-1"), ("+13235554567", "visit-2"), (REFUSED, "visit-3"), ("212", "visit-4")]
    visits = tmp_path / "visits.csv"
    visits.write_text("".join(f"{phone},See you on Monday,{key}\n" for phone, key in rows), encoding="utf-8")
    example.main(str(visits))
    first = capsys.readouterr().out
    example.main(str(visits))
    assert capsys.readouterr().out == first
    assert [line.partition(": ")[0] for line in first.splitlines()] == [key for _, key in rows]
    assert customersms_sandbox.requests == 3
    assert {text.phone for text in customersms_sandbox.texts} == {ANN, "+13235554567"}


def test_all_threads_have_one_loop_which_ends_with_the_client(
    example: ModuleType, customersms_sandbox: Sandbox
) -> None:
    def loops() -> int:
        return sum(thread.name.startswith("asyncio-portal") for thread in threading.enumerate())

    before = loops()
    texts = example.texts()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: texts.send(ANN, f"Text {number}", f"text/{number}"), range(8)))
    assert len(customersms_sandbox.texts) == 8
    assert loops() == before + 1
    texts.close()
    assert loops() == before


def test_flask_says_what_became_of_a_code(example: ModuleType, customersms_sandbox: Sandbox) -> None:
    pytest.importorskip("flask")
    browser = example.create_app().test_client()
    statuses = [
        browser.post("/codes", data={"phone": phone, "code": "123456"}).status_code
        for phone in (ANN, ANN, "212", UNKNOWN, REFUSED)
    ]
    assert statuses == [201, 201, 422, 202, 502]
    assert [text.phone for text in customersms_sandbox.texts] == [ANN, UNKNOWN]
