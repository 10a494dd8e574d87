"""The first look at every input: into one batch, or straight to an outcome."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from customersms_async import AsyncClient, Campaign, MemoryQuota
from customersms_async._core.batching import Batch
from customersms_async._core.intake import (
    Intake,
    Judge,
    Letter,
    RefusedLetter,
    SendableLetter,
    message_problem,
    with_line,
)
from customersms_async._core.repeats import ExactRepeats
from customersms_async.cli.send.first_reading import check
from customersms_async.cli.send.results import NOWHERE, Origin
from customersms_async.cli.send.sending import Progress, Sending
from customersms_async.errors import ConfigurationError
from customersms_async.models import Code, Message, Outcome, Priority, Status
from customersms_async.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

PHONE, OTHER = "+12125551234", "+13235554567"


def took(intake: Intake, item: object) -> list[Outcome | Batch]:
    taken = intake.take(item)
    return [taken] if isinstance(taken, Outcome) else list(taken)


def refused(intake: Intake, item: object) -> Outcome:
    (taken,) = took(intake, item)
    assert isinstance(taken, Outcome)
    assert (taken.status, taken.message_id) == (Status.UNSENT, None)
    assert taken.error
    return taken


@pytest.mark.parametrize("message", ["Hello", " ", "\n", "👋", "\x00", "x" * 10_000])
def test_any_text_with_something_in_it_can_be_sent(message: str) -> None:
    assert message_problem(message) is None


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("", "empty"),
        ("\ud83d", "surrogate"),
        ("Hello \udc4b!", "surrogate"),
        (None, "NoneType"),
        (b"Hello", "bytes"),
        (7, "int"),
    ],
)
def test_a_message_that_cant_be_sent_is_told_why(message: object, problem: str) -> None:
    assert problem in (message_problem(message) or "")


def test_a_text_that_can_not_be_made_is_refused_with_its_reason() -> None:
    judged = Judge(ExactRepeats(None)).judge(Letter(PHONE, "", 4, problem="'name' is blank"), 0)
    assert isinstance(judged, RefusedLetter)
    assert (judged.outcome.code, judged.outcome.error, judged.line) == ("INVALID_MESSAGE", "'name' is blank", 4)


def test_inputs_become_batches_of_clean_numbers_with_their_places() -> None:
    intake = Intake("Hello", 2, 8, None)
    assert took(intake, "+1 (212) 555-1234") == []
    assert intake
    assert took(intake, OTHER) == [Batch("Hello", [PHONE, OTHER], [0, 1])]
    assert not intake
    assert took(intake, "+442079460958") == []
    assert list(intake.flush()) == [Batch("Hello", ["+442079460958"], [2])]
    assert intake.count == 3


def test_message_objects_are_grouped_by_their_text() -> None:
    intake = Intake(None, 2, 8, None)
    assert took(intake, Message(PHONE, "A")) == []
    assert took(intake, Message(PHONE, "B")) == []
    assert took(intake, Message(OTHER, "A")) == [Batch("A", [PHONE, OTHER], [0, 2])]
    assert list(intake.flush()) == [Batch("B", [PHONE], [1])]


@pytest.mark.parametrize(
    ("given_phone", "shown"),
    [
        ("", ""),
        ("call me", "call me"),
        ("2125551234", "2125551234"),
        ("\ud800", r"\ud800"),
        ("9" * 1_000, "9" * 100),
        (None, "None"),
        (12125551234, "12125551234"),
        (b"+12125551234", "b'+12125551234'"),
        (["+12125551234"] * 9, repr(["+12125551234"] * 9)[:100]),
    ],
)
def test_a_bad_number_is_refused_as_given_and_stops_no_other(given_phone: Any, shown: str) -> None:
    for intake, bad, good in (
        (Intake("Hello", 1, 8, None), given_phone, PHONE),
        (Intake(None, 1, 8, None), Message(given_phone, "Hello"), Message(PHONE, "Hello")),
    ):
        outcome = refused(intake, bad)
        assert (outcome.index, outcome.phone, outcome.code) == (0, shown, "INVALID_PHONE")
        assert took(intake, good) == [Batch("Hello", [PHONE], [1])]


@pytest.mark.parametrize("message", ["", "\ud83d", None, 7])
def test_a_bad_message_is_refused_and_stops_no_other(message: Any) -> None:
    intake = Intake(None, 1, 8, None)
    for index in range(2):
        outcome = refused(intake, Message(PHONE, message))
        assert (outcome.index, outcome.phone, outcome.code) == (index, PHONE, "INVALID_MESSAGE")
    assert took(intake, Message(PHONE, "Hello")) == [Batch("Hello", [PHONE], [2])]


def test_a_bad_message_for_all_is_told_to_each_of_them() -> None:
    intake = Intake("", 1, 8, None)
    assert [refused(intake, phone).code for phone in (PHONE, PHONE, "?")] == ["INVALID_MESSAGE"] * 2 + ["INVALID_PHONE"]


def test_the_same_number_with_the_same_text_goes_out_once_however_it_is_written() -> None:
    intake = Intake(None, 1, 8, None)
    assert [type(one) for one in took(intake, Message(PHONE, "A"))] == [Batch]
    assert [type(one) for one in took(intake, Message(PHONE, "B"))] == [Batch]
    outcome = refused(intake, Message("tel:+1-212-555-1234", "A"))
    assert (outcome.index, outcome.phone, outcome.code) == (2, PHONE, "DUPLICATE")


def test_a_refused_message_is_not_remembered_as_sent() -> None:
    intake = Intake(None, 1, 8, None)
    refused(intake, Message(PHONE, ""))
    refused(intake, Message(PHONE, ""))
    assert [type(one) for one in took(intake, Message(PHONE, "A"))] == [Batch]


def test_repeats_are_known_as_long_as_asked() -> None:
    def codes(remember: int | None) -> list[str | None]:
        intake = Intake("A", 1, 8, remember)
        phones = (PHONE, PHONE, OTHER, "+442079460958", PHONE)
        taken: list[Outcome | Batch] = [one for phone in phones for one in took(intake, phone)]
        return [one.code if isinstance(one, Outcome) else None for one in taken]

    assert codes(None) == [None, "DUPLICATE", None, None, "DUPLICATE"]
    assert codes(3) == [None, "DUPLICATE", None, None, "DUPLICATE"]
    assert codes(2) == [None, "DUPLICATE", None, None, None]


@pytest.mark.parametrize(
    ("message", "item", "problem"),
    [("Hello", Message(PHONE, "Hi"), "not both"), (None, PHONE, "need a message"), (None, None, "need a message")],
)
def test_a_wrong_call_is_an_error_and_no_outcome(message: str | None, item: object, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        Intake(message, 1, 8, None).take(item)


def test_a_later_input_of_the_other_kind_is_one_bad_recipient() -> None:
    for first, later in ((PHONE, Message(OTHER, "Hi")), (Message(PHONE, "Hello"), OTHER)):
        intake = Intake(None if isinstance(first, Message) else "Hello", 1, 8, None)
        assert took(intake, first) == [Batch("Hello", [PHONE], [0])]
        outcome = refused(intake, later)
        assert (outcome.index, outcome.phone, outcome.code) == (1, OTHER, "INVALID_MESSAGE")


@pytest.mark.parametrize(("remember", "code"), [(None, "DUPLICATE"), (8, None)])
def test_after_a_flush_only_what_remembers_all_knows_a_repeat(remember: int | None, code: str | None) -> None:
    intake = Intake("Hello", 2, 8, remember)
    assert took(intake, PHONE) == []
    assert list(intake.flush()) == [Batch("Hello", [PHONE], [0])]
    assert [one.code for one in took(intake, PHONE) if isinstance(one, Outcome)] == ([code] if code else [])


inputs = st.lists(
    st.one_of(
        st.builds(Message, st.integers(0, 5).map(lambda n: f"+1212555000{n}"), st.sampled_from("ABCDE")),
        st.sampled_from([Message("?", "A"), Message(PHONE, "")]),
    ),
    max_size=60,
)


@given(inputs, st.integers(1, 4), st.integers(1, 4), st.booleans())
@example([Message(f"+1212555000{n}", text) for n, text in zip("123451", "ABCBCA", strict=True)], 2, 2, False)
def test_every_input_has_one_way_on_and_no_request_holds_a_number_twice(
    items: list[Message], batch_size: int, parallel: int, whole: bool
) -> None:
    lookahead = batch_size * parallel
    intake = Intake(None, batch_size, lookahead, None if whole else lookahead)
    taken: list[Outcome | Batch] = [one for item in items for one in took(intake, item)] + list(intake.flush())
    places = [i for one in taken for i in (one.indexes if isinstance(one, Batch) else [one.index])]
    assert sorted(places) == list(range(len(items)))
    batches = [one for one in taken if isinstance(one, Batch)]
    assert all(len(set(batch.phones)) == len(batch) <= batch_size for batch in batches)
    if whole:
        sent = [(phone, batch.message) for batch in batches for phone in batch.phones]
        assert len(set(sent)) == len(sent)


HERS = "+442079460958"


@pytest.mark.parametrize(
    "items",
    [[PHONE, PHONE], [PHONE, "?"], [PHONE, "+1 323 555 4567"], [PHONE, 7], [PHONE, f"{OTHER}\n{HERS}"], [PHONE, HERS]],
)
def test_several_inputs_are_taken_at_once_only_if_all_are_clean_and_new(items: list[object]) -> None:
    intake = Intake("Hello", 4, 8, None)
    assert took(intake, HERS) == []
    assert intake.room == 3
    assert intake.take_all(items) is None
    assert intake.count == 1
    assert intake.take_all([PHONE, OTHER]) == ()
    last = "+4915112345678"
    assert intake.take_all([last]) == (Batch("Hello", [HERS, PHONE, OTHER, last], [0, 1, 2, 3]),)
    assert refused(intake, OTHER).code == "DUPLICATE"


def test_several_inputs_go_one_by_one_where_each_needs_a_look() -> None:
    assert Intake("", 4, 8, None).take_all([PHONE]) is None
    each_its_own = Intake(None, 4, 8, None)
    assert each_its_own.room == 1
    assert each_its_own.take_all([Message(PHONE, "Hello")]) is None


# The judge


def test_a_letter_keeps_its_place_and_its_line_whatever_becomes_of_it() -> None:
    judge = Judge(ExactRepeats(None))
    sendable, refused = judge.judge(Letter("+1 (212) 555-1234", "A", 7), 5), judge.judge(Letter("nope", "A", 8), 6)
    assert sendable == SendableLetter(5, 7, PHONE, "A")
    assert refused == RefusedLetter(Outcome(6, "nope", Status.UNSENT, None, "it has no digits", Code.INVALID_PHONE), 8)
    assert (sendable.index, refused.index) == (5, 6)


def test_a_refused_number_may_be_one_as_it_is_dialled_at_home() -> None:
    judge = Judge(ExactRepeats(None))
    for number, lacks in (("020 7183 8750", True), ("0044 20 7183 8750", True), ("nobody", False), ("+12", False)):
        refused = judge.judge(Letter(number, "A"), 0)
        assert isinstance(refused, RefusedLetter)
        assert refused.lacks_country_code is lacks


def test_a_region_reads_numbers_without_a_plus() -> None:
    pytest.importorskip("phonenumbers")
    judge = Judge(ExactRepeats(None), "GB")
    assert judge.judge(Letter("020 7946 0958", "A"), 0) == SendableLetter(0, None, HERS, "A")
    with pytest.raises(ConfigurationError, match="'XX'"):
        Judge(ExactRepeats(None), "XX").judge(Letter("020 7946 0958", "A"), 0)


def test_letters_judged_before_are_taken_as_they_are() -> None:
    judge, intake = Judge(ExactRepeats(None)), Intake(None, 2, 8, None)
    first, repeat, last = (judge.judge(Letter(phone, "A"), index) for index, phone in enumerate((PHONE, PHONE, HERS)))
    assert took(intake, first) == []
    assert isinstance(repeat, RefusedLetter)
    assert took(intake, repeat) == [repeat.outcome]
    assert took(intake, last) == [Batch("A", [PHONE, HERS], [0, 2])]
    assert intake.count == 3


def test_a_reason_says_its_line_if_it_has_one() -> None:
    assert with_line("it is empty", 3) == "line 3: it is empty"
    assert with_line("it is empty", None) == "it is empty"


# One judge for all


class Letters:
    """A job of the command, as from a file (its lines follow a header) or from the command line."""

    name = "made up"

    def __init__(self, messages: list[Message], *, in_memory: bool) -> None:
        self.in_memory = in_memory
        self._messages = messages

    def __iter__(self) -> Iterator[Letter]:
        for line, message in enumerate(self._messages, 2):
            yield Letter(message.phone, message.message, None if self.in_memory else line)


class Kept:
    """Results of the command, and a view that shows nothing."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def write(self, outcome: Outcome, origin: Origin = NOWHERE) -> None:
        self.outcomes.append(outcome)

    def close(self) -> None: ...

    def changed(self, progress: Progress) -> None: ...

    def interrupted(self) -> None: ...


async def through_the_command(client: AsyncClient, messages: list[Message], *, in_memory: bool) -> list[Outcome]:
    job: Any = Letters(messages, in_memory=in_memory)
    checked, kept = check(job, region=None, batch_size=100, lookahead=800, samples=0), Kept()
    progress = await Sending(job, checked, client, kept, kept).run(None, Priority.BULK)
    assert progress.error is None
    assert (progress.duplicates, progress.done) == (checked.duplicates, checked.rows)
    return kept.outcomes


async def through_a_campaign(path: Path, messages: list[Message], *, lines: bool) -> list[Outcome]:
    async with Campaign.open(path) as campaign:
        if lines:
            await campaign.ledger.add(Letters(messages, in_memory=False), None, None, ())
        else:
            await campaign.add(messages)
        return [outcome async for outcome in campaign.outcomes()]


async def every_way(messages: list[Message], folder: Path, *, lines: bool) -> dict[str, list[Outcome]]:
    gateway = Sandbox()
    async with (
        gateway.serve() as url,
        AsyncClient(api_key=gateway.api_key, url=url, quota=MemoryQuota(), pace=None) as client,
    ):
        return {
            "send_many": list((await client.send_many(messages)).outcomes),
            "stream": [outcome async for outcome in client.stream(messages)],
            "numbers": await through_the_command(client, messages, in_memory=True),
            "a file": await through_the_command(client, messages, in_memory=False),
            "a campaign" + " of a file" * lines: await through_a_campaign(folder / "ledger", messages, lines=lines),
        }


odd_phones = st.one_of(
    st.sampled_from([PHONE, "tel:+1 (212) 555-1234", OTHER, HERS, "+44 (0)20 7946 0958"]),
    st.sampled_from(["", "nope", "2125551234", "+1 212 555 1234 ext 9", "+44 (020) 7946 0958", "\ud800", "9" * 1_000]),
    st.text(st.characters(), max_size=12),
    st.none() | st.integers() | st.floats() | st.binary(max_size=60) | st.lists(st.integers(), max_size=60),
)
odd_texts = st.sampled_from(["A", "A", "A", "B", "", "\ud83d", None, 7, b"A"])
REFUSED_HERE = {Code.INVALID_PHONE, Code.INVALID_MESSAGE, Code.DUPLICATE}


@settings(max_examples=8)  # each opens a ledger, which waits for the disk
@given(st.lists(st.builds(Message, odd_phones, odd_texts), min_size=20, max_size=80), st.booleans())
@example([Message(PHONE, "A"), Message("+1 212 555 1234", "A"), Message("nope", "A"), Message(HERS, "")], True)
@example([Message("\ud800" * 200, "A"), Message(["+12125551234"] * 40, "A"), Message(PHONE, "\udcff")], False)  # type: ignore[arg-type]
def test_a_bad_recipient_has_one_code_and_one_reason_wherever_it_was_given(
    messages: list[Message], lines: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ways = asyncio.run(every_way(messages, Path(folder), lines=lines))
    judge = Judge(ExactRepeats(None))
    expected = [judge.judge(Letter(each.phone, each.message), index) for index, each in enumerate(messages)]
    for way, outcomes in ways.items():
        refused = {o.index: (o.phone, o.status, o.code, o.error) for o in outcomes if o.code in REFUSED_HERE}
        assert refused == dict(told(letter, way) for letter in expected if isinstance(letter, RefusedLetter)), way
        assert sorted(o.index for o in outcomes) == list(range(len(messages)))
        for phone, _, _, reason in refused.values():
            assert len(phone) <= 100
            assert (phone + str(reason)).encode()


def told(letter: RefusedLetter, way: str) -> tuple[int, tuple[str, Status, str | None, str | None]]:
    """The outcome that a refused letter has in each way: only where there is a file, its line is in front."""
    outcome = letter.outcome
    line = outcome.index + 2 if way.endswith("file") else None
    return outcome.index, (outcome.phone, outcome.status, outcome.code, with_line(str(outcome.error), line))
