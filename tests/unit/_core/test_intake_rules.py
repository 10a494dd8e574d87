"""Who of those that could be sent to is not: the suppressed, spoiled rows, and further texts of a number."""

from __future__ import annotations

from typing import Any

import pytest

from customersms_async import AsyncClient, MemoryQuota
from customersms_async._core.intake import Judge, Letter, RefusedLetter, SendableLetter
from customersms_async._core.repeats import ExactRepeats
from customersms_async.models import Code, Message
from customersms_async.sandbox import Sandbox


@pytest.mark.parametrize("message", [None, "Hi"])
async def test_one_per_number_takes_the_first_text_of_each(message: str | None) -> None:
    gateway = Sandbox()
    texts = [
        Message("+12125551234", "Hi Ann"),
        Message("+1 212 555 1234", "Hi Ann "),
        Message("+12125551235", "Hi Ann"),
    ]
    async with (
        gateway.serve() as url,
        AsyncClient(api_key=gateway.api_key, url=url, quota=MemoryQuota(), pace=None) as client,
    ):
        recipients: Any = texts if message is None else [each.phone for each in texts]
        report = await client.send_many(recipients, message, one_per_number=True)
        streamed = [each async for each in client.stream(recipients, message, one_per_number=True)]
        estimate = await client.estimate(recipients, message, one_per_number=True)
    assert [each.code for each in report.outcomes] == [None, Code.DUPLICATE, None]
    assert report.outcomes[1].error == "the same number came before, and it gets one text only"
    assert sorted(each.code or "" for each in streamed) == ["", "", Code.DUPLICATE]
    assert (estimate.recipients, estimate.duplicates) == (2, 1)


def test_a_suppressed_number_and_a_row_with_a_problem_are_refused_with_what_was_kept() -> None:
    judge = Judge(ExactRepeats(None), suppressed={"+12125551234"})
    refused = judge.judge(Letter("+1 212 555 1234", "x", 5, ("17",), "spoiled"), 0)
    assert isinstance(refused, RefusedLetter)
    assert (refused.outcome.code, refused.line, refused.kept) == (Code.SUPPRESSED, 5, ("17",))
    refused = judge.judge(Letter("+12125551235", "x", 6, ("18",), "spoiled"), 1)
    assert isinstance(refused, RefusedLetter)
    assert (refused.outcome.code, refused.outcome.error) == (Code.INVALID_MESSAGE, "spoiled")
    taken = judge.judge(Letter("+12125551235", "x", 7, ("19",)), 2)
    assert isinstance(taken, SendableLetter)
    assert taken.kept == ("19",)
