"""Idempotency keys that messages bring: refused where they are none, repeats, or kept by nobody."""

from __future__ import annotations

import pytest

from customersms_async._core.batching import Batch
from customersms_async._core.intake import Intake, Judge, Letter, RefusedLetter, SendableLetter
from customersms_async._core.repeats import ExactRepeats, OnePerNumber
from customersms_async.errors import ConfigurationError
from customersms_async.models import Code, Message, Outcome

PHONE = "+12125551234"


def test_a_letter_may_bring_an_idempotency_key_which_must_be_one() -> None:
    judge = Judge(ExactRepeats(None))
    assert judge.judge(Letter(PHONE, "Hello", key="k"), 0) == SendableLetter(0, None, PHONE, "Hello", (), "k")
    for letter, code in (
        (Letter(PHONE, "Ho", key=""), Code.INVALID_MESSAGE),
        (Letter(PHONE, "Hello", key="other"), Code.DUPLICATE),
    ):
        refused = judge.judge(letter, 1)
        assert isinstance(refused, RefusedLetter)
        assert refused.outcome.code == code
    assert isinstance(judge.judge(Letter(PHONE, "Another", key="k"), 2), SendableLetter), "that is for the store to say"


def test_where_nobody_else_keeps_keys_one_that_comes_again_is_a_repeat() -> None:
    judge = Judge(ExactRepeats(None), one_per_key=True)
    assert isinstance(judge.judge(Letter(PHONE, "Hello", key="k"), 0), SendableLetter)
    refused = judge.judge(Letter(PHONE, "Another text", key="k"), 1)
    assert isinstance(refused, RefusedLetter)
    assert (refused.outcome.code, refused.outcome.error) == (Code.DUPLICATE, "the same idempotency key came before")


def test_a_key_that_nobody_would_keep_is_a_wrong_call_or_one_bad_recipient() -> None:
    with pytest.raises(ConfigurationError, match="needs a store"):
        Intake(None, 2, 4, None).take(Message(PHONE, "Hello", "k"))
    intake = Intake(None, 1, 4, None)
    intake.take(Message(PHONE, "Hello"))
    refused = intake.take(Message("+13235554567", "Hello", "k"))
    assert isinstance(refused, Outcome)
    assert refused.code == Code.INVALID_MESSAGE
    keeping = Intake(None, 1, 4, None, keeps_keys=True)
    assert keeping.take(Message(PHONE, "Hello", "k")) == (Batch("Hello", [PHONE], [0], {0: "k"}),)


def test_what_is_kept_of_a_row_goes_with_a_letter_that_brings_a_key() -> None:
    judge = Judge(OnePerNumber(ExactRepeats(None)), one_per_number=True)
    taken = judge.judge(Letter(PHONE, "Hello", 7, ("17",), key="k"), 0)
    assert taken == SendableLetter(0, 7, PHONE, "Hello", ("17",), "k")
    refused = judge.judge(Letter(PHONE, "Another text", 8, ("18",), key="other"), 1)
    assert isinstance(refused, RefusedLetter)
    assert (refused.outcome.error, refused.kept) == ("the same number came before, and it gets one text only", ("18",))
