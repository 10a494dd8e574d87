"""A log of replies: whoever refused is taken, and the reader's own number never is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async.cli.files import FileProblem
from customersms_async.cli.suppress.stop_log import StopLog, read_stops
from support.recipient_files import A, B

if TYPE_CHECKING:
    from pathlib import Path

C, D, SHOP = "+442071838750", "+4915112345678", "+18885550100"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


def read(folder: Path, *lines: str, name: str = "log.csv", **more: Any) -> StopLog:
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return read_stops(folder / name, "utf-8", more.pop("region", None), more.pop("names", None), **more)


def taken(log: StopLog) -> list[str]:
    return [reply.phone for reply in log.taken]


def test_whoever_refused_is_taken_once_whatever_else_they_wrote(folder: Path) -> None:
    log = read(
        folder,
        "From,To,Body",
        f"{A},{SHOP},hello",
        f"{A},{SHOP},Stop.",
        f"{B},{SHOP},stop writing to me",
        f"{A},{SHOP},STOP",
        f"{C},{SHOP},ARRÊT",
        f"{D},{SHOP},see you",
        f"{B},{SHOP},stop!!",
        f",{SHOP},STOP",
    )
    assert [(reply.phone, reply.line) for reply in log.taken] == [(A, 3), (B, 8), (C, 6)]
    assert (log.doubtful, log.took_back, log.other, log.nameless) == ([], [], 2, 1)


def test_what_begins_with_a_stop_word_and_says_more_is_doubtful(folder: Path) -> None:
    log = read(folder, "From,Body", f"{A},cancel my order please", f"{A},stop it", f"{B},fin de mes études")
    assert (taken(log), [(reply.phone, reply.line) for reply in log.doubtful]) == ([], [(A, 2), (B, 4)])


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_last_reply_counts_by_its_time_and_not_by_its_row(folder: Path, newest_first: bool) -> None:
    rows = [
        f"{A},STOP,2026-11-01T10:00:00Z",
        f"{B},START,2026-11-01T10:00:00Z",
        f"{A},START,2026-11-01T11:00:00Z",
        f"{B},STOP,2026-11-01T11:00:00Z",
    ]
    log = read(folder, "From,Body,Date", *(reversed(rows) if newest_first else rows))
    assert (taken(log), [reply.phone for reply in log.took_back], log.unordered) == ([B], [A], 0)


@pytest.mark.parametrize("times", [("", ""), ("01/02/2026", "02/01/2026"), ("2026-11-01", "2026-11-01"), ("9", "10")])
def test_whoever_wrote_both_is_taken_where_nobody_can_say_which_came_last(folder: Path, times: tuple[str, str]) -> None:
    log = read(folder, "From,Body,Date", f"{A},STOP,{times[0]}", f"{A},START,{times[1]}")
    assert (taken(log), log.took_back, log.unordered) == ([A], [], 1)


def test_a_doubtful_reply_after_start_keeps_the_refusal(folder: Path) -> None:
    rows = (f"{A},STOP,2026-11-01", f"{A},START,2026-11-02", f"{A},stop it now!! really,2026-11-03")
    log = read(folder, "From,Body,Date", *rows)
    assert (taken(log), log.unordered) == ([A], 0)
    log = read(folder, "From,Body,Date", f"{A},start,2026-11-02", f"{B},stop it,2026-11-01", f"{B},unstop,2026-11-02")
    assert (taken(log), log.doubtful, [reply.phone for reply in log.took_back]) == ([], [], [A, B])


def test_only_texts_that_came_in_count_and_our_own_number_is_never_taken(folder: Path) -> None:
    """Somebody tries the stop word from one of the shop's numbers on the other; and a text that went out says it."""
    other = "+18885550199"
    log = read(
        folder,
        "From,To,Body,Direction",
        f"{A},{SHOP},STOP,inbound",
        f"{SHOP},{B},STOP,outbound-api",
        f"{other},{SHOP},STOP,inbound",
        f"{other},{C},Hello,outbound-reply",
        f"{SHOP},{other},stop,inbound",
    )
    assert (taken(log), log.own, log.went_out) == ([A], {SHOP, other}, 2)
    log = read(folder, "phone,direction,body", f"{A},in,STOP", f"{B},out,STOP", f"{A},out,Goodbye")
    assert (taken(log), log.went_out) == ([A], 2)
    log = read(folder, "From,Body,outgoing", f"{A},STOP,", f"{SHOP},STOP,yes")
    assert taken(log) == [A]
    log = read(folder, "From,To,Body,Direction", f"{A},18885550100,STOP,in", f"{SHOP},{A[1:]},STOP,out")
    assert (taken(log), log.own) == ([A], set())
    log = read(folder, "From,To,Body,Direction", f"{A},0018885550100,STOP,in", f"{SHOP},{B},STOP,in")
    assert (taken(log), log.own) == ([A], {SHOP})
    log = read(folder, "From,To,Body,Type", f"{A},{SHOP},STOP,SMS", f"{B},55555,STOP,MMS", names=["From"])
    assert taken(log) == [A, B]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["From,To", f"{A},{SHOP}"], "no column has a usual name"),
        (["From,Body,Text", f"{A},STOP,x"], "'Body', 'Text' may all have"),
        (["To,Body", f"{SHOP},STOP"], "'To' says whom a text went to"),
        (["From,Body", "nobody,STOP"], "line 2: "),
        (["From,To,Body", f"{SHOP},{A},Hi", f"{SHOP},{B},Hi"], "no more numbers in 'From' than in 'To'"),
        (["From,To,Body", f"{A},{SHOP},STOP", f"{SHOP},{A},STOP"], "line 2: this number wrote here"),
        (["From,To,Body,Direction", f"{A},{SHOP},STOP,inbound", f"{B},{SHOP},STOP,"], "line 3: 'Direction' is ''"),
        (["From,To,Body,Status", f"{SHOP},{A},STOP,delivered"], "'Status' is 'delivered'"),
        (["From,To,Body,outgoing", f"{SHOP},{A},STOP,", f"{SHOP},{B},Hi,"], "no more numbers in 'From' than in 'To'"),
        (["From,To,Body", f"{A},18885550100,STOP", f"{B},1,hi", f"{SHOP},,stop"], "line 4: this number wrote here"),
        (["From,To,Body,Direction", f"{SHOP},(888) 555-0100,STOP,inbound"], "line 2: this number wrote here"),
        (["mobile,alternate,body", f"{A},{B},STOP"], "have numbers"),
    ],
)
def test_a_log_that_leaves_a_doubt_of_who_wrote_is_refused(folder: Path, lines: list[str], said: str) -> None:
    with pytest.raises(FileProblem) as caught:
        read(folder, *lines)
    assert said in str(caught.value)
    assert str(folder / "log.csv") in str(caught.value)


def test_columns_can_be_named_but_not_that_of_the_receivers(folder: Path) -> None:
    lines = ("Who,Body,Text", f"{A},7,STOP")
    assert taken(read(folder, *lines, names=["Who"], body="Text")) == [A]
    with pytest.raises(FileProblem, match="no column is called 'Words'"):
        read(folder, *lines, names=["Who"], body="Words")
    with pytest.raises(FileProblem, match="'To' says whom a text went to"):
        read(folder, "From,To,Body", f"{A},{SHOP},STOP", names=["To"])


def test_other_kinds_of_files_and_national_numbers_are_read_too(folder: Path) -> None:
    line = f'{{"from": "{A}", "to": "{SHOP}", "body": "STOP"}}'
    assert taken(read(folder, line, name="log.jsonl")) == [A]
    assert taken(read(folder, "Absender;Nachricht", "0151 12345678;Abmelden", region="DE")) == [D]
    with pytest.raises(FileProblem, match="no column has a usual name"):
        read(folder, A, name="log.txt")


ROWS = st.lists(
    st.tuples(
        st.sampled_from([A, B, SHOP]),
        st.sampled_from([A, B, SHOP]),
        st.sampled_from(["STOP", "stop it", "START", "hello", "Arrêt"]),
        st.sampled_from(["inbound", "outbound-api"]),
        st.sampled_from(["2026-11-01", "2026-11-02", ""]),
    ),
    min_size=1,
    max_size=8,
)


@given(ROWS)
def test_in_any_log_that_tells_directions_nobody_is_taken_who_is_ours_or_never_refused(
    folder: Path, rows: list[tuple[str, ...]]
) -> None:
    log = read(folder, "From,To,Body,Direction,Date", *map(",".join, rows), name="drawn.csv")
    ours = {to for _, to, _, way, _ in rows if way == "inbound"} | {by for by, _, _, way, _ in rows if way != "inbound"}
    came = [(by, text, when) for by, _, text, way, when in rows if way == "inbound"]
    refused = {by for by, text, _ in came if text in ("STOP", "Arrêt")}
    back = {reply.phone for reply in log.took_back}
    assert set(taken(log)) | (back & refused) == refused - ours
    assert not ours.intersection([*taken(log), *back])
    for phone in back & refused:
        assert max(when for by, text, when in came if (by, text) == (phone, "START")) == "2026-11-02"
        assert {when for by, text, when in came if by == phone and text in ("STOP", "Arrêt")} == {"2026-11-01"}
