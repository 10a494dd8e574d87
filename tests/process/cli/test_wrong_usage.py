"""Wrong usage of the command: told in a sentence, with status 2, before anything is changed."""

from __future__ import annotations

import sys
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from customersms_async.sandbox import Sandbox
from support.command import KEY, PATIENCE, Commands, Ended
from support.command_results import MIXED, A, B, C

if TYPE_CHECKING:
    from collections.abc import Iterator


SEND = ("send", "--file", "people.csv", "--message", "Hi {name}", "--yes")
NUMBER = ("send", A, "--message", "Hi")
WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "nobody": (("send", "--message", "Hi"), "give either phone numbers or --file"),
    "a file as a number": (
        ("send", "people.csv", "--message", "Hi"),
        "people.csv is the name of a file: give it with --file",
    ),
    "numbers and a file": ((*SEND, A), "give either phone numbers or --file"),
    "no message": (("send", A), "Missing option '--message'"),
    "a limit that is none": ((*NUMBER, "--limit", "100"), "'100' is not REQUESTS/SECONDS"),
    "a quota of a bad limit": (("quota", "--limit", "1/-1"), "'1/-1' is not REQUESTS/SECONDS"),
    "a pace in words": ((*NUMBER, "--pace", "fast"), "'fast' is not a number of requests a second"),
    "an empty batch": ((*NUMBER, "--batch-size", "0"), "--batch-size must be a whole number, 1 or more"),
    "no concurrency": ((*NUMBER, "--max-concurrency", "0"), "--max-concurrency must be a whole number, 1 or more"),
    "no time": ((*NUMBER, "--timeout", "0"), "--timeout must be a number of at least 0.001"),
    "an unknown level": ((*NUMBER, "--log-level", "loud"), "Invalid value for '--log-level'"),
    "the key as an option": ((*NUMBER, "--api-key", "k"), "No such option: --api-key"),
    "an unknown column": ((*SEND[:-2], "Hi {nam}"), "no column is called 'nam'; did you mean {name}?"),
    "a lone brace": ((*SEND[:-2], "Hi {"), "character 4 of the message: a lone {"),
    "a missing file": (("send", "--file", "no.csv", "--message", "Hi"), "no.csv: it can't be read: No such file"),
    "a damaged file": (("send", "--file", "damaged.csv", "--message", "Hi", "--yes"), "line 3: it has 3 columns"),
    "a stray quote": (("send", "--file", "quote.csv", "--message", "Hi", "--yes"), "line 3: a quote is opened"),
    "another encoding": (
        ("send", "--file", "latin.csv", "--message", "Hi", "--yes"),
        "line 3: it is not text in utf-8",
    ),
    "a long delimiter": ((*SEND, "--delimiter", ";;"), "';;' can't separate columns"),
    "results that exist": ((*SEND, "--output", "old.csv"), "old.csv exists, and results are never overwritten"),
    "results of another kind": ((*SEND, "--output", "r.txt"), "the results can be .csv or .jsonl"),
    "results nowhere": ((*SEND, "--output", "nowhere/new.csv"), "nowhere/new.csv: No such file or directory"),
    "two places": ((*SEND, "--sandbox", "--url", "https://sms.invalid/", "--output", "new.csv"), "name two places"),
    "a url in the open": ((*SEND, "--url", "http://sms.invalid/", "--output", "new.csv"), "url must be https"),
    "a region that is none": ((*SEND, "--region", "XX"), "'XX' is not a region"),
    "an unknown command": (("sent", A), "No such command 'sent'"),
    "nothing": ((), "Usage: customersms"),
}


@pytest.fixture(scope="module", autouse=True)
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Ended]]]:
    """All wrong commands, each in a folder of its own; they run while the first tests of this file do."""
    gateway = Sandbox({KEY: 1_000})

    def run(arguments: tuple[str, ...], url: str) -> Ended:
        commands = Commands(tmp_path_factory.mktemp("wrong"))
        commands.write("people.csv", f"phone,name\n{A},Ann\n2125551234,Bob\n")
        commands.write("damaged.csv", f"phone,name\n{A},Ann\n{B},Bob,Cy\n{C},Di\n")
        commands.write("quote.csv", f'phone,name\n{A},Ann\n{B},"Bob\n{C},Di\n')
        (commands.folder / "latin.csv").write_bytes(f"phone,name\n{A},Ann\n{B},Zoé\n".encode("latin-1"))
        commands.write("old.csv", "precious")

        def files() -> dict[str, bytes]:
            return {path.name: path.read_bytes() for path in commands.folder.iterdir() if path.is_file()}

        before = files()
        try:
            ended = commands(*arguments, CUSTOMERSMS_URL=url, CUSTOMERSMS_API_KEY=KEY, COLUMNS="200")
        finally:
            commands.close()
        assert files() == before
        return ended

    with gateway.serve_in_thread() as url, ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(run, arguments, url) for name, (arguments, _) in WRONG.items()}
        pool.shutdown(cancel_futures=True)
        assert gateway.requests == 0


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_ends_with_status_2_and_changes_nothing(wrong: dict[str, Future[Ended]], name: str) -> None:
    ended = wrong[name].result(PATIENCE)
    assert (ended.status, WRONG[name][1] in ended.words) == (2, True), ended.words
    assert "Traceback" not in ended.err


def test_a_missing_key_is_told_before_anything_else(customersms: Commands) -> None:
    customersms.write("people.csv", MIXED)
    ended = customersms(*SEND)
    assert (ended.status, ended.out) == (2, "")
    assert "the API key is missing: set the environment variable CUSTOMERSMS_API_KEY" in ended.words


def test_a_key_that_can_be_none_is_refused_without_a_trace(customersms: Commands) -> None:
    ended = customersms(*NUMBER, "--output", "r.csv", CUSTOMERSMS_API_KEY=f"{KEY} with a space")
    assert ended.status == 2
    assert "the API key holds a character that no key has" in ended.err
    assert KEY not in ended.out + ended.err
    assert not (customersms.folder / "r.csv").exists()


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_it_says_what_to_install(customersms: Commands, missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from customersms_async.cli import main; main()"
    process = customersms.start_as((sys.executable, "-c", code), "quota")
    out, err = process.communicate(timeout=PATIENCE)
    assert (out, process.returncode) == ("", 1)
    assert 'pip install "customersms-async[cli]"' in err
    assert "Traceback" not in err
