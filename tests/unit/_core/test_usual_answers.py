"""``judge_usual``: what it says of an answer of the usual kind is what the long way says of it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.answers import read_documented
from customersms_async._core.batching import Batch
from customersms_async._core.post_result import Answer
from customersms_async._core.rulings import Ruling, judge_unusual, judge_usual
from customersms_async._core.steps import finish

PHONES = [f"+1212555{number:04}" for number in range(3)]
BATCH = Batch("Hello", PHONES, [4, 5, 9])

usually = st.sampled_from([True, True, True, True, False, 1, "true", None])
ids = st.sampled_from(["msg_1", "msg_2", "x" * 200, "x" * 201, "a b", "", None, 17, "key", "é"])
rows = st.fixed_dictionaries(
    {"phone": st.sampled_from(PHONES), "success": usually, "message_id": ids},
    optional={"code": st.sampled_from([None, "RATE_LIMITED", ""]), "error": st.text(max_size=3)},
)
in_order = st.tuples(
    *(st.fixed_dictionaries({"phone": st.just(phone), "success": usually, "message_id": ids}) for phone in PHONES)
).map(list)
answers = st.fixed_dictionaries(
    {"success": usually, "results": in_order | st.lists(rows, max_size=4)},
    optional={
        "remaining_credits": st.sampled_from([7, "7", 7.5, 10**300, -1, None, True, "much"]),
        "code": st.sampled_from([None, "INVALID_API_KEY", "X"]),
        "successful_sends": st.integers(0, 3),
    },
)


def without_the_mark(ruling: Ruling) -> Any:
    return [getattr(ruling, name) for name in ruling.__struct_fields__ if name != "all_accepted"]


def redact(text: str) -> str:
    return text.replace("key", "[API key]")


@given(answers, st.sampled_from([200, 200, 200, 202, 300, 402, 404, 500]))
def test_it_says_what_the_long_way_says_or_nothing(written: dict[str, Any], status: int) -> None:
    answer = Answer(status, json.dumps(written).encode())
    usual = judge_usual(answer, BATCH, redact)
    if usual is not None:
        assert usual.all_accepted
        long_way = finish(judge_unusual(answer, read_documented(answer.body), BATCH, 0.0, redact))
        assert without_the_mark(usual) == without_the_mark(long_way)


def test_the_documented_answer_is_usual() -> None:
    rows = [{"phone": phone, "success": True, "message_id": f"msg_{phone[-4:]}"} for phone in PHONES]
    answer = Answer(200, json.dumps({"success": True, "remaining_credits": 7, "results": rows}).encode())
    usual = judge_usual(answer, BATCH, redact)
    assert usual is not None
    assert [(o.index, o.phone, o.message_id) for o in usual.outcomes] == [
        (4, PHONES[0], "msg_0000"),
        (5, PHONES[1], "msg_0001"),
        (9, PHONES[2], "msg_0002"),
    ]
