"""The first reading: its figures are those of a count by hand, and of what a gateway then reads."""

from __future__ import annotations

import asyncio
import itertools
import random
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core import segments
from customersms_async._core.intake import Judge, JudgedLetter, Letter, RefusedLetter, SendableLetter
from customersms_async._core.repeats import SuspectRepeats
from customersms_async.cli.files import FileProblem, FileRow, Rows
from customersms_async.cli.send.checked_job import CheckedJob
from customersms_async.cli.send.first_reading import check, judged_letters
from customersms_async.cli.send.job import Job
from customersms_async.cli.send.letters import FileLetters
from customersms_async.cli.send.results import NOWHERE, Origin
from customersms_async.cli.send.sending import Progress, Sending
from customersms_async.cli.send.template import Template
from customersms_async.client import AsyncClient
from customersms_async.errors import ConfigurationError
from customersms_async.models import Limit, Outcome, Priority, Status
from customersms_async.quota import MemoryQuota
from customersms_async.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

A, B, C = "+12125551234", "+13235554567", "+442079460000"
SPELLINGS = {A: A, "+1 (212) 555-1234": A, "tel:+1.212.555.1234": A, B: B, "+44 (0)20 7946 0000": C}
BAD = ["", "nope", "2125551234", "+1 212 555 1234 ext 9", 12_125_551_234, None]
LONG, CYRILLIC = "a" * 400, "Я" * 71
TEXTS = ["hi", "", LONG, CYRILLIC, "漢", "h\u0131"]

letters = st.lists(
    st.tuples(st.sampled_from([*SPELLINGS, *SPELLINGS, *BAD]), st.sampled_from(TEXTS)),
    max_size=40,
)


def people(pairs: Sequence[tuple[object, str]], first_line: int = 2) -> Job:
    """A job of these phones, each with a text of its own, as from a file whose header is line 1."""

    def read() -> Iterator[FileRow]:
        for line, (phone, text) in enumerate(pairs, first_line):
            yield FileRow(line, phone, {"phone": str(phone), "text": text})

    rows = Rows(("phone", "text"), ("phone",), "made up", read, lambda: None)
    return Job("made up", FileLetters(rows, Template.parse("{text}")))


def checked(job: Job, **options: Any) -> CheckedJob:
    defaults: dict[str, Any] = {"region": None, "batch_size": 100, "lookahead": 800, "samples": 0}
    return check(job, **(defaults | options))


def judged(pairs: Iterable[tuple[object, str]], suspects: set[int]) -> list[JudgedLetter]:
    judge = Judge(SuspectRepeats(suspects))
    return [judge.judge(Letter(phone, text, row + 1), row) for row, (phone, text) in enumerate(pairs)]


@given(letters, st.integers(1, 4), st.integers(1, 9))
def test_the_figures_are_those_of_a_count_by_hand(
    pairs: list[tuple[object, str]], batch_size: int, lookahead: int
) -> None:
    good = [(SPELLINGS[phone], text) for phone, text in pairs if isinstance(phone, str) and phone in SPELLINGS and text]
    distinct = list(dict.fromkeys(good))
    counts = [segments.count(text) for _, text in distinct]
    found = checked(people(pairs), batch_size=batch_size, lookahead=max(batch_size, lookahead))
    assert (found.rows, found.recipients) == (len(pairs), len(distinct))
    assert found.invalid == len(pairs) - len(good)
    assert found.duplicates == len(good) - len(distinct)
    assert found.segments == sum(count.segments for count in counts)
    assert found.least_segments == min((count.segments for count in counts), default=0)
    assert found.most_segments == max((count.segments for count in counts), default=0)
    assert found.ucs2_texts == sum(count.encoding == "UCS-2" for count in counts)
    assert set(found.ucs2_characters) == set("".join(segments.beyond_gsm7(text) for _, text in distinct))
    assert -(-len(distinct) // batch_size) <= found.requests <= len(distinct)


@given(letters, st.sets(st.integers()))
def test_the_second_reading_refuses_every_repeat_and_nothing_else(
    pairs: list[tuple[object, str]], others: set[int]
) -> None:
    suspects = checked(people(pairs)).suspects
    every = {hash((number, text)) for number in SPELLINGS.values() for text in TEXTS}
    seen: set[tuple[str, str]] = set()
    for way in (judged(pairs, suspects), judged(pairs, suspects | others | every)):
        seen.clear()
        for row, (found, (phone, text)) in enumerate(zip(way, pairs, strict=True)):
            number = SPELLINGS.get(phone) if isinstance(phone, str) else None
            if isinstance(found, SendableLetter):
                assert found == SendableLetter(row, row + 1, str(number), text)
                assert (found.phone, text) not in seen
                seen.add((found.phone, text))
            else:
                repeat = (number, text) in seen
                reason = "INVALID_PHONE" if number is None else "DUPLICATE" if repeat else "INVALID_MESSAGE"
                assert (found.outcome.index, found.outcome.status, found.outcome.code) == (row, Status.UNSENT, reason)
                assert repeat or number is None or not text
                assert found.line == row + 1


def test_repeats_are_known_over_the_whole_file() -> None:
    crowd = [(f"+1212555{number:04}", "hi") for number in range(5_000)]
    pairs = [(A, "hi"), *(pair for pair in crowd if pair[0] != A), ("+1 212 555 1234", "hi"), (A, "hi again")]
    found = checked(people(pairs), batch_size=10, lookahead=20)
    assert (found.recipients, found.duplicates) == (5_001, 1)
    last, other = judged(pairs, found.suspects)[-2:]
    assert isinstance(last, RefusedLetter)
    assert last.outcome.code == "DUPLICATE"
    assert isinstance(other, SendableLetter)


def test_the_first_problems_are_kept_with_their_lines() -> None:
    pairs: list[tuple[object, str]] = [(A, "hi"), *[(phone, "hi") for phone in BAD], ("12", "hi")]
    found = checked(people(pairs))
    assert found.invalid == 7
    assert [problem.line for problem in found.problems] == [3, 4, 5, 6, 7]
    assert [problem.outcome.index for problem in found.problems] == [1, 2, 3, 4, 5]
    assert found.problems[1].outcome == Outcome(2, "nope", Status.UNSENT, None, "it has no digits", "INVALID_PHONE")
    assert found.problems[4].outcome.phone == "12125551234"


def test_a_monstrous_phone_is_shown_in_part() -> None:
    assert checked(people([("9" * 100_000, "hi")])).problems[0].outcome.phone == "9" * 100


@pytest.mark.parametrize("samples", [0, 1, 2, 9])
def test_samples_are_the_first_texts_that_would_go_out(samples: int) -> None:
    found = checked(people([("nope", "1"), (A, "2"), (A, "2"), (B, "3"), (C, "4")]), samples=samples)
    assert [(sample.phone, sample.text) for sample in found.samples] == [(A, "2"), (B, "3"), (C, "4")][:samples]


def test_segments_are_told_at_least_and_at_most() -> None:
    found = checked(people([(A, "hi"), (B, LONG), (C, CYRILLIC)]))
    assert (found.segments, found.least_segments, found.most_segments) == (1 + 3 + 2, 1, 3)


def test_the_characters_that_force_ucs_2_are_told_once_each_and_not_without_end() -> None:
    found = checked(people([(A, "Яя hi Я"), (B, "hi ж"), (C, "plain €")]))
    assert (found.ucs2_texts, found.ucs2_characters) == (2, "Яяж")
    han = "".join(map(chr, range(0x4E00, 0x4E00 + 500)))
    assert 20 <= len(checked(people([(A, han), (B, "漢")])).ucs2_characters) <= 40


@pytest.mark.parametrize("text", ["", "\udcff"])
def test_a_text_that_cannot_be_sent_is_invalid(text: str) -> None:
    found = checked(Job.of_phones([A, B], text))
    assert (found.recipients, found.invalid, found.requests) == (0, 2, 0)
    assert {problem.outcome.code for problem in found.problems} == {"INVALID_MESSAGE"}


def test_a_message_for_numbers_is_taken_as_it_is() -> None:
    found = checked(Job.of_phones([A, B], "{name} {{"), samples=1)
    assert found.samples[0].text == "{name} {{"
    assert found.samples[0].line is None


def test_numbers_from_the_command_line_are_judged_once_and_a_file_with_every_reading() -> None:
    pairs: list[tuple[object, str]] = [("+1 (212) 555-1234", "hi"), ("nope", "hi"), (A, "hi"), (B, "hi")]
    numbers = Job.of_phones([str(phone) for phone, _ in pairs], "hi")
    found = checked(numbers)
    assert found.kept is not None
    for kept, sent in zip(found.kept, judged_letters(numbers, found, None), strict=True):
        assert sent is kept
    file = people(pairs)
    found = checked(file)
    assert found.kept is None
    assert list(judged_letters(file, found, None)) == [
        SendableLetter(0, 2, A, "hi"),
        RefusedLetter(Outcome(1, "nope", Status.UNSENT, None, "it has no digits", "INVALID_PHONE"), 3),
        RefusedLetter(
            Outcome(2, A, Status.UNSENT, None, "the same number with the same text came before", "DUPLICATE"), 4
        ),
        SendableLetter(3, 5, B, "hi"),
    ]


def test_no_rows_come_to_nothing() -> None:
    assert checked(people([])) == CheckedJob(problems=[], samples=[], suspects=set())
    assert checked(people([])) == checked(people([]))


def test_two_checks_share_nothing() -> None:
    checked(people([("nope", "hi"), (A, "hi"), (A, "hi")]), samples=5)
    assert CheckedJob() == CheckedJob(problems=[], samples=[], suspects=set())


def test_a_region_reads_numbers_without_a_plus() -> None:
    pytest.importorskip("phonenumbers")
    found = checked(people([("020 7946 0000", "hi"), (C, "hi")]), region="GB")
    assert (found.recipients, found.duplicates, found.invalid) == (1, 1, 0)
    with pytest.raises(ConfigurationError, match="'XX'"):
        checked(people([("020 7946 0000", "hi")]), region="XX")


def test_a_row_that_lacks_a_column_ends_it_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"phone": "+12125551234", "name": "Ann"}\n{"phone": "+12125551234"}\n')
    job = Job.of_file(path, "Hi {name}", phone_column=None, encoding="utf-8", delimiter=None)
    with pytest.raises(FileProblem, match="name") as problem:
        checked(job)
    assert problem.value.line == 2
    job.close()


def test_a_large_file_takes_little_memory() -> None:
    count = 5_000

    def read() -> Iterator[FileRow]:
        for number in range(count):
            yield FileRow(number, f"+1212{number:07}", {"text": f"text {number}"})

    rows = Rows(("text",), ("text",), "made up", read, lambda: None)
    tracemalloc.start()
    found = checked(Job("made up", FileLetters(rows, Template.parse("{text}"))))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.recipients == count
    assert most < 60 * count + 1_000_000  # the fingerprints while they grow, and the look-ahead


class Kept:
    """Results, and a view, for a test."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def write(self, outcome: Outcome, origin: Origin = NOWHERE) -> None:
        self.outcomes.append(outcome)

    def close(self) -> None:
        pass

    def changed(self, progress: Progress) -> None:
        assert progress.done == len(self.outcomes)

    def interrupted(self) -> None:
        raise AssertionError("nobody interrupted it")


@pytest.mark.parametrize("seed", range(4))
async def test_a_send_makes_the_requests_that_were_foretold(seed: int) -> None:
    chance = random.Random(seed)
    numbers = [f"+1212555{number:04}" for number in range(40)]
    pairs = [
        (chance.choice([*numbers, "nope"]), chance.choice(["hi", "ho", f"hi {chance.randrange(9)}"]))
        for _ in range(chance.choice([3, 300]))
    ]
    batch_size, parallel = chance.choice([1, 3, 7]), chance.choice([1, 2, 4])
    found = checked(people(pairs), batch_size=batch_size, lookahead=batch_size * parallel)
    gateway, kept = Sandbox(limits=[Limit(10_000, 1)]), Kept()
    async with gateway.serve() as url:
        client = AsyncClient(
            api_key=gateway.api_key,
            url=url,
            quota=MemoryQuota(),
            limits=Limit(10_000, 1),
            pace=None,
            batch_size=batch_size,
            max_concurrency=parallel,
        )
        progress = await Sending(people(pairs), found, client, kept, kept).run(None, Priority.BULK)
        await client.aclose()
    assert progress.error is None
    assert gateway.requests == progress.requests == found.requests == progress.planned_requests
    assert len(gateway.texts) == found.recipients == progress.counts[Status.ACCEPTED]
    assert progress.duplicates == found.duplicates
    assert progress.counts[Status.UNSENT] == found.duplicates + found.invalid
    assert sorted(outcome.index for outcome in kept.outcomes) == list(range(len(pairs)))
    assert not gateway.duplicates()


async def test_the_same_text_far_apart_goes_out_once() -> None:
    crowd = [(f"+1212555{number:04}", f"hi {number % 3}") for number in range(200)]
    pairs = list(itertools.chain(crowd, crowd))
    found = checked(people(pairs), batch_size=5, lookahead=10)
    gateway, kept = Sandbox(limits=[Limit(10_000, 1)]), Kept()
    async with gateway.serve() as url:
        client = AsyncClient(
            api_key=gateway.api_key, url=url, quota=MemoryQuota(), pace=None, batch_size=5, max_concurrency=2
        )
        progress = await Sending(people(pairs), found, client, kept, kept).run(None, Priority.BULK)
        await client.aclose()
    assert (len(gateway.texts), len(gateway.duplicates())) == (200, 0)
    assert (progress.duplicates, progress.exit_status) == (200, 0)


async def test_rows_of_no_use_are_told_as_they_are_read_and_block_nothing() -> None:
    """However many there are between two good ones: the memory stays flat, and a signal or a timer is heard."""
    pairs: list[tuple[object, str]] = [(A, "hi"), *[("nope", "hi")] * 30_000, (B, "hi")]
    found, kept = checked(people(pairs)), Kept()
    unheard = untold = read = 0

    def rows() -> Iterator[FileRow]:
        nonlocal unheard, untold, read
        for line, (phone, text) in enumerate(pairs, 2):
            read, turn[0] = read + 1, turn[0] + 1
            unheard, untold = max(unheard, turn[0]), max(untold, read - len(kept.outcomes))
            yield FileRow(line, phone, {"text": text})

    async def listen() -> None:
        while True:
            turn[0] = 0
            await asyncio.sleep(0)

    turn = [0]
    gateway = Sandbox()
    async with gateway.serve() as url:
        client = AsyncClient(api_key=gateway.api_key, url=url, quota=MemoryQuota())
        table = Rows(("text",), ("phone",), "made up", rows, lambda: None)
        job = Job("made up", FileLetters(table, Template.parse("{text}")))
        listening = asyncio.create_task(listen())
        await Sending(job, found, client, kept, kept).run(None, Priority.BULK)
        listening.cancel()
        await client.aclose()
    assert (len(gateway.texts), len(kept.outcomes)) == (2, 30_002)
    assert gateway.requests == found.requests == 1
    assert unheard <= 5_000
    assert untold <= 5_000
