"""What became of each text, told in every odd form and read back: never the opposite, and unknown when in doubt.

Promise 2: *A text that may have been sent is never sent again unless a person says so: every recipient ends as
accepted, rejected, unsent or unknown, and unknown is never guessed away.*
"""

from __future__ import annotations

import enum
import json
from typing import TYPE_CHECKING, Any, Final

from hypothesis import event, given, settings
from hypothesis import strategies as st

from customersms_async._core.batching import Batch
from customersms_async._core.outcome_table import NextStep
from customersms_async._core.post_result import Answer
from customersms_async._core.rulings import Ruling, judge
from customersms_async.models import Code, Status

if TYPE_CHECKING:
    from collections.abc import Callable

POOL: Final = (
    *("+12125551234", "+442125551234", "+2125551234", "+5551234", "+13235554567", "+3235554567", "+493235554567"),
    *("+12125561234", "+442079460958", "+12345678901234"),
)


class Fate(enum.Enum):
    """What the gateway did about one text."""

    TAKEN = "taken"
    REFUSED = "refused"
    NO_CREDITS = "no credits"


Row = dict[str, Any]

FLAGS: Final = {True: (True, 1, "1", "true"), False: (False, 0, "0", "false")}

PHONES: Final[dict[str, Callable[[str], Row]]] = {
    "whole": lambda phone: {"phone": phone},
    "as a number": lambda phone: {"phone": int(phone[1:])},
    "without its plus": lambda phone: {"phone": phone[1:]},
    "without its country": lambda phone: {"phone": "0" + phone[max(2, len(phone) - 10) :]},
    "in groups": lambda phone: {"phone": f"{phone[:2]} ({phone[2:5]}) {phone[5:]}"},
    "masked": lambda phone: {"phone": f"{phone[:4]}***{phone[-4:]}"},
    "its end": lambda phone: {"phone": phone[-4:]},
    "empty": lambda _: {"phone": ""},
    "null": lambda _: {"phone": None},
    "n/a": lambda _: {"phone": "n/a"},
    "absent": lambda _: {},
    "under another name": lambda phone: {"number": phone},
    "masked under another name": lambda phone: {"msisdn": f"{phone[:4]}***{phone[-4:]}"},
    "in a nested field": lambda phone: {"sms": {"from": "shop", "recipients": [phone[1:]]}},
}
SILENT: Final = frozenset({"empty", "null", "n/a", "absent"})
"""Forms in which a row says nothing of its number: an order that is wrong can't be told from one that is right."""


@st.composite
def rows_of(draw: st.DrawFn, phone: str, fate: Fate) -> tuple[str, Row]:
    """The row of one number, and in which form it names it."""
    form = draw(st.sampled_from(sorted(PHONES)))
    row: Row = PHONES[form](phone)
    if fate is Fate.TAKEN:
        row |= {"success": draw(st.sampled_from(FLAGS[True])), **draw(st.sampled_from([{}, {"message_id": "msg_1"}]))}
    elif fate is Fate.REFUSED:
        row |= {"success": draw(st.sampled_from(FLAGS[False])), "error": "Blocked", "code": "BLOCKED"}
    else:
        said = draw(st.sampled_from([{}, *({"success": flag} for flag in FLAGS[False])]))
        row |= {**said, "code": draw(st.sampled_from(["INSUFFICIENT_CREDITS", "insufficient_credits"]))}
    return form, row


@st.composite
def answers(draw: st.DrawFn) -> tuple[Answer, dict[str, Fate]]:
    """An answer about some texts, with rows left out, doubled and in any order, and what really became of each."""
    phones = draw(st.lists(st.sampled_from(POOL), min_size=1, max_size=5, unique=True))
    fates = {phone: draw(st.sampled_from(list(Fate))) for phone in phones}
    drawn = [(phone, *draw(rows_of(phone, fate))) for phone, fate in fates.items()]
    silent = all(form in SILENT for _, form, _ in drawn)
    change = draw(st.sampled_from(["", "left out", "doubled"] if silent else ["", "left out", "doubled", "both"]))
    kept = [entry for entry in drawn if change not in ("left out", "both") or draw(st.booleans())]
    if change in ("doubled", "both") and kept:
        kept += draw(st.lists(st.sampled_from(kept), min_size=1, max_size=len(phones)))
    if not all(form in SILENT for _, form, _ in kept):
        kept = draw(st.permutations(kept))
    elif len(kept) == len(phones) and [phone for phone, _, _ in kept] != phones:
        kept = kept[1:]
    results = draw(results_of([(phone, row) for phone, _, row in kept]))
    document: dict[str, Any] = {"results": results}
    taken = sum(fate is Fate.TAKEN for fate in fates.values())
    document |= draw(st.sampled_from([{}, {"successful_sends": taken, "failed_sends": len(phones) - taken}]))
    document |= draw(st.sampled_from([{}, {"success": True}, *([{"success": False}] if results else [])]))
    status = draw(st.sampled_from([200, 201, 302, 400, 403, 409, 413, 500])) if results else 200
    return Answer(status, json.dumps(document).encode()), fates


@st.composite
def results_of(draw: st.DrawFn, rows: list[tuple[str, Row]]) -> Any:
    """Rows as a list or under keys, with other things among them."""
    shape = draw(st.sampled_from(["list", "keyed", "keyed from 1", "keyed oddly", "by phone", "in a list"]))
    event(shape)
    entries: list[Any] = [row for _, row in rows]
    if draw(st.integers(0, 3)) == 3:
        entries.insert(draw(st.integers(0, len(entries))), draw(st.sampled_from([None, 1, "sent", []])))
    if shape == "by phone":
        return {phone[draw(st.integers(0, 1)) :]: row for phone, row in rows}
    if shape in ("list", "in a list"):
        return entries if shape == "list" else [entries]
    if shape == "keyed oddly":
        keys = draw(st.permutations(["00", "-0", "1 ", "01", "x", "0", "1", "2", "9", "10", "11", "12", "13"]))
        return dict(zip(keys, entries, strict=False))
    return {str(i): entry for i, entry in enumerate(entries, shape == "keyed from 1")}


def judged(answer: Answer, fates: dict[str, Fate]) -> Ruling:
    return judge(answer, Batch("Hello", list(fates), list(range(len(fates)))), 0.0)


MAY_BE_TOLD: Final = {
    Fate.TAKEN: {Status.ACCEPTED, Status.UNKNOWN},
    Fate.REFUSED: {Status.REJECTED, Status.UNKNOWN},
    Fate.NO_CREDITS: {Status.UNSENT, Status.UNKNOWN},
}


@settings(max_examples=1_000)
@given(answers())
def test_however_an_answer_is_written_nobody_is_told_the_opposite_of_what_happened(
    told: tuple[Answer, dict[str, Fate]],
) -> None:
    answer, fates = told
    ruling = judged(answer, fates)
    for outcome in ruling.outcomes:
        assert outcome.status in MAY_BE_TOLD[fates[outcome.phone]], outcome
        event(f"{outcome.status} of {fates[outcome.phone].value}")
    assert ruling.then is NextStep.DONE
    if b"insufficient_credits" in answer.body.lower() and b"[[" not in answer.body:
        assert ruling.fatal is Code.INSUFFICIENT_CREDITS
