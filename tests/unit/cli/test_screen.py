"""What a person sees, drawn into a terminal of memory."""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console, RenderableType

from customersms_async._core.intake import RefusedLetter, SendableLetter
from customersms_async.cli.formats import length, moment
from customersms_async.cli.send.check import Checked
from customersms_async.cli.send.ending import ending
from customersms_async.cli.send.preview import preview
from customersms_async.cli.send.screen import Screen, quota_line
from customersms_async.cli.send.sending import Progress
from customersms_async.errors import AuthenticationError
from customersms_async.models import DOCUMENTED_LIMITS, Limit, LimitStatus, Outcome, QuotaStatus, Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UNITS = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


def console(width: int = 80, *, terminal: bool = False) -> Console:
    return Console(record=True, width=width, file=io.StringIO(), force_terminal=terminal, color_system=None)


def drawn(what: RenderableType, width: int = 80) -> str:
    """As text, every line within the width."""
    to = console(width)
    to.print(what)
    text = to.export_text()
    assert max(map(cell_len, text.splitlines()), default=0) <= width
    return text


def words(text: str) -> str:
    return " ".join(re.sub(r"[│┃]", " ", text).split())


def progress(counts: dict[Status, int], total: int, seconds: float = 10.0) -> Progress:
    made = Progress(total, 9, 0.0, Counter(counts), {}, lambda: seconds)
    made.done = sum(counts.values())
    return made


def quota(limits: Sequence[Limit] = DOCUMENTED_LIMITS, used: int = 3) -> QuotaStatus:
    return QuotaStatus(tuple(LimitStatus(limit, used, limit.requests - used, 1.0) for limit in limits), {}, 0.0)


def screen(to: Console, shows: Progress, left: float | None, status: QuotaStatus | None) -> Screen:
    made = Screen(to)
    made.changed(shows)
    made._quota, made._left = status, left
    return made


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock on the wall that is put forward and back every year."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.04, "0 s"),
        (0.05, "0.1 s"),
        (0.5, "0.5 s"),
        (9.94, "9.9 s"),
        (9.95, "10 s"),
        (10.4, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3_599.6, "1 h"),
        (3_600, "1 h"),
        (3_660, "1 h 1 min"),
        (3_659, "1 h"),
        (86_399, "23 h 59 min"),
        (86_399.7, "1 d"),
        (90_000, "1 d 1 h"),
        (400 * 86_400, "400 d"),
    ],
)
def test_a_length_has_its_two_largest_units(seconds: float, shown: str) -> None:
    assert length(seconds) == shown


@given(st.floats(0, 1e9))
def test_a_length_is_never_off_by_more_than_its_smaller_unit(seconds: float) -> None:
    parts = re.findall(r"([\d.]+) (\w+)", length(seconds))
    assert 1 <= len(parts) <= 2
    sizes = [size for unit, size in UNITS.items() for _, named in parts if named == unit]
    assert sizes == sorted(sizes, reverse=True)
    shown = sum(float(number) * UNITS[unit] for number, unit in parts)
    finest = {"d": 3_600, "h": 60, "min": 1, "s": 1}[parts[0][1]]
    assert abs(shown - seconds) <= finest


def test_a_moment_is_the_time_of_day_or_the_day_as_well() -> None:
    before = datetime.now().astimezone().replace(microsecond=0)
    shown = moment(0)
    assert before.strftime("%H:%M:%S") <= shown or shown.startswith("00:00")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", moment(43_199))
    assert re.fullmatch(r"\w{3} \d\d \w{3} \d\d:\d\d", moment(43_200))


def test_a_moment_is_by_the_clock_that_the_wall_will_have_then(berlin: None) -> None:
    half_a_year = 182 * 86_400
    before = int(time.time())
    shown = moment(half_a_year)
    while_asked = range(before, int(time.time()) + 2)
    assert shown in {time.strftime("%a %d %b %H:%M", time.localtime(now + half_a_year)) for now in while_asked}


@pytest.mark.parametrize("seconds", [4e11, 1e14, 1e20])
def test_a_moment_beyond_all_calendars_ends_nothing(seconds: float) -> None:
    assert moment(seconds)
    assert drawn(preview("made up", Checked(rows=1, recipients=1, seconds=seconds)))


def test_the_preview_says_what_will_happen() -> None:
    problems = [RefusedLetter(Outcome(1, "nope", Status.UNSENT, None, "it has no digits", "INVALID_PHONE"), 3)]
    problems += [RefusedLetter(Outcome(4, "[red]9", Status.UNSENT, None, "no [/] number", "INVALID_PHONE"), None)]
    shown = words(
        drawn(
            preview(
                "people[/].csv: a table",
                Checked(
                    rows=1_234_567,
                    recipients=1_200_000,
                    invalid=30_000,
                    duplicates=4_567,
                    requests=12_345,
                    segments=2_500_000,
                    least_segments=1,
                    most_segments=3,
                    ucs2_texts=2,
                    ucs2_characters="Я漢",
                    problems=problems,
                    samples=[SendableLetter(0, 2, "+12125551234", "Hi [bold]Ann[/bold]")],
                    seconds=90_000,
                ),
            )
        )
    )
    for part in (
        "people[/].csv: a table",
        "recipients 1,200,000 of 1,234,567 rows",
        "invalid 30,000",
        "line 3: 'nope': it has no digits",
        "number 5: '[red]9': no [/] number",
        "… and 29,998 more",
        "duplicates 4,567",
        "requests 12,345",
        "segments 2,500,000 estimated, 1 to 3 each; these force UCS-2: Я 漢",
        "in 1 d 1 h, at",
        "+12125551234: Hi [bold]Ann[/bold]",
    ):
        assert part in shown


def test_the_preview_of_a_short_send_is_short() -> None:
    shown = words(drawn(preview("x", Checked(rows=1, recipients=1, segments=2, least_segments=2, most_segments=2))))
    assert "ends at once" in shown
    assert "estimated, 2 each" in shown
    assert "UCS-2" not in shown
    assert "more" not in shown


@pytest.mark.parametrize("name", ["preview", "sample"])
def test_a_files_escape_sequences_do_not_reach_the_terminal(name: str) -> None:
    evil = "\x1b]0;gone\x07\x1b[2J"
    problem = RefusedLetter(Outcome(0, evil, Status.UNSENT, None, "no", "INVALID_PHONE"), 2)
    shown = (
        Checked(rows=1, problems=[problem])
        if name == "preview"
        else Checked(samples=[SendableLetter(0, 2, "+1", evil)])
    )
    assert "\x1b" not in drawn(preview("x", shown))


def test_the_end_groups_the_reasons_with_a_few_examples() -> None:
    made = Progress(9, 1, 0.0, Counter(), {}, lambda: 0.0)
    made.add(Outcome(0, "+12125551234", Status.ACCEPTED, "1"), 2)
    for row in range(1, 6):
        made.add(Outcome(row, "nope", Status.UNSENT, None, "it has no [/] digits", "INVALID_PHONE"), row + 2)
    made.add(Outcome(6, "+13235554567", Status.REJECTED, None, "Invalid", "INVALID_NUMBER"), None)
    made.add(Outcome(7, "+13235554568", Status.UNKNOWN, None, "no answer", None), 9)
    made.error = AuthenticationError("the [key] is bad")
    assert drawn(ending(made, 12_345))
    shown = words(drawn(ending(made, 12_345), 160))
    assert "8 of 9 rows" in shown
    assert "accepted 1 rejected 1 1 INVALID_NUMBER: Invalid +13235554567" in shown
    assert "unknown 1 1 no answer line 9" in shown
    assert re.search(r"unsent 5 5 INVALID_PHONE: it has no \[/\] digits line 3, line 4, line 5( |$)", shown)
    assert "credits left: 12,345" in shown
    assert "1 row was not read any more" in shown
    assert "It ended early: the [key] is bad" in shown
    assert made.exit_status == 1


@pytest.mark.parametrize(
    ("statuses", "codes", "status"),
    [
        (["accepted"], [None], 0),
        ([], [], 0),
        (["accepted", "unsent"], [None, "DUPLICATE"], 0),
        (["unsent"], ["INVALID_PHONE"], 3),
        (["accepted", "rejected"], [None, "DUPLICATE"], 3),
        (["accepted", "unknown"], [None, "NO_ANSWER"], 3),
    ],
)
def test_the_exit_status_tells_whether_all_went_well(statuses: list[str], codes: list[str | None], status: int) -> None:
    made = Progress(len(statuses), 1, 0.0, Counter(), {}, lambda: 0.0)
    for row, (each, code) in enumerate(zip(statuses, codes, strict=True)):
        made.add(Outcome(row, "+1", Status(each), None, None, code), None)
    assert made.exit_status == status
    made.interrupted = True
    assert made.exit_status == 130


def test_the_end_knows_when_no_figure_of_credits_came() -> None:
    assert "credits left: not known" in drawn(ending(progress({}, 0), None))


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("left", [None, 0.0, 3_725.0, 500_000.0])
def test_the_picture_fits_and_has_everything_in_it(width: int, left: float | None) -> None:
    counts = {Status.ACCEPTED: 400_000, Status.REJECTED: 5, Status.UNKNOWN: 0, Status.UNSENT: 1_234}
    made = screen(console(width, terminal=True), progress(counts, 1_000_000), left, quota())
    shown = words(drawn(made.picture(), width))
    assert "401,239 of 1,000,000" in shown
    assert "accepted 400,000 rejected 5 unknown 0 unsent 1,234" in shown
    assert "· 40,124 a second" in shown
    assert "left: 97 of 100 in 1 min · 4,997 of 5,000 in 1 h · 49,997 of 50,000 in 1 d" in shown
    if left is not None:
        assert f"{length(left)} to go, until " in shown
    assert "━" in shown


def test_the_picture_says_that_it_is_stopping() -> None:
    made = screen(console(terminal=True), progress({Status.ACCEPTED: 3}, 10), 60.0, quota())
    made.interrupted()
    assert "3 of 10, stopping: waiting for answers" in drawn(made.picture())


def test_without_a_terminal_the_interruption_is_a_line() -> None:
    to = console()
    made = screen(to, progress({Status.ACCEPTED: 3}, 10), 60.0, quota())
    made.interrupted()
    assert "waiting for the requests in flight; once more stops at once" in to.export_text()


def test_the_plain_line_is_one_line_with_everything_in_it() -> None:
    made = screen(console(), progress({Status.ACCEPTED: 30, Status.UNSENT: 1}, 1_000), 75.0, quota([Limit(100, 60)]))
    shown = made._plain()
    assert re.fullmatch(
        r"31 of 1,000, 1 min 15 s to go, until \d\d:\d\d:\d\d: 30 accepted, 0 rejected, 0 unknown, 1 unsent;"
        r" 3 a second; left: 97 of 100 in 1 min",
        shown,
    )


def test_a_plain_line_comes_every_few_seconds_and_not_more_often() -> None:
    to, now = console(), 100.0
    with Screen(to, lambda: now) as made:
        made.look(quota(), 60.0)
        made.changed(progress({Status.ACCEPTED: 30}, 1_000))
        now = 104.9
        for _ in range(5):
            made.look(quota(), 60.0)
        assert to.export_text(clear=False) == ""
        now = 105.0
        for _ in range(5):
            made.look(quota(), 60.0)
    assert to.export_text().count("30 of 1,000, 1 min to go") == 1


def test_a_long_plain_line_is_not_broken() -> None:
    to, now = console(40), 100.0
    with Screen(to, lambda: now) as made:
        made.changed(progress({Status.ACCEPTED: 30}, 1_000))
        now = 105.0
        made.look(quota(), 60.0)
    assert to.export_text().count("\n") == 1


def test_what_is_left_is_told_of_every_limit() -> None:
    assert quota_line(quota([Limit(5, 0.5), Limit(1_000, 7_200)])) == "2 of 5 in 0.5 s · 997 of 1,000 in 2 h"
