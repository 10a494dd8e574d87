"""Phone numbers: what is removed, what is refused and why, and that no removal ever changes a number."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core import calling_codes, phone
from customersms_async.errors import ConfigurationError, InvalidRecipientError

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]
DASHES = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Pd"] + ["\u2212", "\u30fc"]
INVISIBLE = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
ZEROS = [chr(code) for code in range(0x110000) if unicodedata.decimal(chr(code), None) == 0]


def is_sure(number: str) -> bool:
    """Whether it is dialled as it is written, by the plain rule."""
    try:
        return phone.parse(f" {number}") == number
    except InvalidRecipientError:
        return False


numbers = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True).filter(is_sure)
# Not a dot: "+1212555123.0" is a damaged number. Not a line break: it may part two numbers.
fillers = st.sampled_from([char for char in SPACES if char not in phone._LINE_BREAKS] + DASHES + INVISIBLE)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+12125551234", "+12125551234"),
        ("+1234567", "+1234567"),
        ("+423456789012345", "+423456789012345"),
        ("+1 (212) 555-1234", "+12125551234"),
        ("+1 [212] 555-1234", "+12125551234"),
        ("(+1) 212.555.1234", "+12125551234"),
        ("+1.212.555.1234", "+12125551234"),
        ("+33.1.42.68.53.00", "+33142685300"),
        ("+1\u00a0212\u2009555\u202f1234", "+12125551234"),
        ("\t+12125551234\r\n", "+12125551234"),
        ("+1 212\n555 1234", "+12125551234"),
        ("+1\u2010212\u2011555\u20131234", "+12125551234"),
        ("+81\u30fc90\u30fc1234\u30fc5678", "+819012345678"),
        ("\u202a+12125551234\u202c", "+12125551234"),
        ("\ufeff+1212\u200b5551234", "+12125551234"),
        ("tel:+1-212-555-1234", "+12125551234"),
        ("TEL: +12125551234", "+12125551234"),
        ("'+12125551234", "+12125551234"),
        ("'tel:+12125551234", "+12125551234"),
        ("\u2019+12125551234", "+12125551234"),
        ("\uff0b\uff11\uff12\uff11\uff12\uff15551234", "+12125551234"),
        ("+971\uff08\uff15\uff10\uff09123\uff0d4567", "+971501234567"),
        ("+٩٧١٥٠١٢٣٤٥٦٧", "+971501234567"),
        ("+९१ ९८७६५ ४३२१०", "+919876543210"),
        ("+44(0)20 7946 0958", "+442079460958"),
        ("+44 (0) 20 7946 0958", "+442079460958"),
        ("(+44) [0] 20 7946 0958", "+442079460958"),
        ("+49 ( 0 ) 30 1234567", "+49301234567"),
        ("+353 (0)86 123 4567", "+353861234567"),
        ("+39 (06) 6981 2345", "+390669812345"),  # Italy keeps its zero, so there is nothing to lose
        ("+44 20 (079) 46 0958", "+4420079460958"),
        ("+4402079460958", "+442079460958"),  # a 0 after the code is what (0) is, as no number there begins with 0
        ("+44 07911 123456", "+447911123456"),
        ("+44 (020) 7946 0958", "+442079460958"),
        ("(+44)(020) 7946 0958", "+442079460958"),
        ("+49 030 1234567", "+49301234567"),
        ("+353 086 123 4567", "+353861234567"),
        ("+39 06 6981 2345", "+390669812345"),
        ("+225 01 23 45 67 89", "+2250123456789"),  # dialled with its 0
        ("+2290197123456", "+2290197123456"),
        ("p:+12125551234", "+12125551234"),
        ("sms:+12125551234", "+12125551234"),
    ],
)
def test_removes_what_cannot_change_the_number(text: str, number: str) -> None:
    assert phone.parse(text) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \u200b\n", "empty"),
        ("'", "empty"),
        ("tel:", "empty"),
        ("+", "no digits"),
        ("unknown", "no digits"),
        ("\u00b9\u00b2", "no digits"),
        ("12125551234", "no +"),
        ("2125551234", "no +"),
        ("0012125551234", "00 instead of +"),
        ("(0)20 7946 0958", "no +"),
        ("+1-800-FLOWERS1", "letters in it: 'FLOWERS'"),
        ("+1212555O234", "letters in it: 'O'"),
        ("+1 212 555 1234 or +1 212 555 1235", "two numbers"),
        ("+12125551234x123", "extension"),
        ("+12125551234 ext. 5", "extension"),
        ("+12125551234 Extension 5", "extension"),
        ("+12125551234 #5", "extension"),
        ("tel:+12125551234;ext=5", "extension"),
        ("tel:+12125551234;phone-context=a", "two numbers"),
        ("1.2E+10", "scientific"),
        ("+1.2125551234e10", "scientific"),
        ("1,2125551234E+10", "scientific"),
        ("12125551234.0", "ends in .0"),
        ("+12125551234.0", "ends in .0"),
        ("+12125551234.00", "ends in .0"),
        ("+1.212.555.1234.0", "ends in .0"),
        ("(+12125551234.0)", "ends in .0"),
        ("+1 212 555 1234. 0 ", "ends in .0"),
        ("++12125551234", "more than one +"),
        ("+1212+5551234", "more than one +"),
        ("+12125551234 +12125551235", "more than one +"),
        ("1+2125551234", "not in front"),
        ("2125551234+", "not in front"),
        ("+12125551234,+12125551235", "two numbers"),
        ("+12125551234/5", "two numbers"),
        ("+12125551234;12125551235", "two numbers"),
        ("+12125551234|12125551235", "two numbers"),
        ("+12125551234\uff0c12125551235", "two numbers"),
        ("+12125551234\n+12125551235", "two numbers"),
        ("+1234567\r\n7654321", "two numbers"),
        ("+12125551234 12125551235", "22 digits"),
        ("+1234567890123456", "16 digits"),
        ("+123456", "6 digits"),
        ("+0123456789", "country code starts with 0"),
        ("+1212555123\u2074", "not an ordinary digit"),
        ("+\u2460212555123", "not an ordinary digit"),
        ("\u207a12125551234", "which no phone number has"),
        ("+1 212 555*1234", "which no phone number has"),
        ("+1\u0000212 5551234", "which no phone number has"),
        ("\ud83d+12125551234", "which no phone number has"),
        ("''+12125551234", "which no phone number has"),
        ("+39 (0)6 6981 2345", "(0) may only stand"),
        ("+1 (0)212 555 1234", "(0) may only stand"),
        ("+44 20 (0)7946 0958", "(0) may only stand"),
        ("+44 (0)(0)20 7946 0958", "(0) twice"),
        ("+44 (0) 020 7946 0958", "no number begins with 0 after +44"),
        ("+44 (0)(020) 7946 0958", "no number begins with 0 after +44"),
        ("+44002079460958", "no number begins with 0 after +44"),
        ("+36 06 30 123 4567", "no number begins with 0 after +36"),
        ("+7 0 912 345 67 89", "no number begins with 0 after +7"),
        ("+1 02125551234", "after +1 come 10 digits"),
        ("+1 1 212 555 1234", "after +1 come 10 digits"),
        ("+121255512345", "after +1 come 10 digits"),
        ("+12125551234 ::: +12125551235", "two numbers"),
        ("+12125551234 mobile, +12125551235 home", "two numbers"),
        ("212 555 1234 oder 212 555 1235", "two numbers"),
        ("#N/A", "a spreadsheet's error"),
        ("#DIV/0!", "a spreadsheet's error"),
        ("=VLOOKUP(A2,B:C,2)", "it is a formula"),
        ("+1 (212 555-1234", "do not pair up"),
        ("+1 )212( 555-1234", "do not pair up"),
        ("+1 (212] 555-1234", "do not pair up"),
        ("+1 ((212)) 555-1234", "do not pair up"),
        ("+44 (0) 20 (7946", "do not pair up"),
    ],
)
def test_refuses_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidRecipientError) as caught:
        phone.parse(text)
    assert reason in caught.value.reason
    assert caught.value.reason in str(caught.value)
    assert caught.value.phone == text
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (str(again), again.phone, again.reason) == (str(caught.value), text, caught.value.reason)


@pytest.mark.parametrize("value", [12125551234, 1.2125551234e10, None, True, b"+12125551234", ["+12125551234"]])
def test_refuses_what_is_no_text_without_turning_it_into_one(value: object) -> None:
    with pytest.raises(InvalidRecipientError, match=f"type {type(value).__name__}") as caught:
        phone.parse(value)  # type: ignore[arg-type] # the very case
    assert caught.value.phone == ""


def test_a_refused_novel_is_not_repeated_in_the_message() -> None:
    with pytest.raises(InvalidRecipientError) as caught:
        phone.parse("x" * 100_000 + "1")
    assert len(str(caught.value)) < 200


@given(st.lists(st.from_regex(r"\+[1-9]0?[0-9]{6,13}", fullmatch=True), min_size=1))
@example(["+390669812345", "+2250123456789", "+12125551234", "+44207946000"])
@example(["+4402079460958"])
@example(["+121255512345"])
@example(["+70123456789"])
@example(["+2010000", "+8900000"])
def test_clean_numbers_are_those_that_come_out_as_they_went_in(given_: list[str]) -> None:
    zeros = any(number.startswith("0", len(calling_codes.calling_code(number))) for number in given_)
    assert phone.are_clean(given_) == (all(map(is_sure, given_)) and not zeros)


american = st.from_regex(r"\+1[2-9][0-9]{9}", fullmatch=True)
damage = st.sampled_from(["0", "1", "+", "\n", " ", "", "12", "\u0663", "\ud800"])
damaged = st.tuples(american, st.integers(0, 11), damage).map(
    lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
)


@given(st.lists(american | damaged))
@example(["+12125551234", "+12125551235"])
@example(["+12125551234\n", "12125551234"])
@example(["+1212555123", "+121255512345"])
def test_several_american_numbers_are_clean_if_each_is(texts: list[str]) -> None:
    assert phone.are_clean(["+12125551234", *texts]) == all(phone.are_clean([text]) for text in texts)


@pytest.mark.parametrize("rest", ["0000", "1000", "01000", "10000", "12345", "1234567", "02345678"])
def test_both_rules_say_the_same_of_every_calling_code(rest: str) -> None:
    for number in (f"+{code}{rest}" for code in range(1, 1_000)):
        zero = number.startswith("0", len(calling_codes.calling_code(number)))
        is_phone = len(number) > len("+123456")
        assert phone.are_clean([number, number]) == (is_phone and is_sure(number) and not zero), number


@given(numbers)
def test_a_clean_number_comes_out_as_it_went_in(number: str) -> None:
    assert phone.parse(number) == number
    assert phone.parse(number, region="no such region") == number


@given(numbers, st.lists(st.tuples(st.integers(0, 16), fillers), max_size=12))
def test_inserting_what_is_removed_never_changes_the_result(number: str, inserted: list[tuple[int, str]]) -> None:
    text = number
    for position, filler in inserted:
        text = text[:position] + filler + text[position:]
    assert phone.parse(text) == number


@given(numbers, st.integers(2, 6), st.integers(1, 3), st.sampled_from(["()", "[]", "\uff08\uff09"]))
def test_brackets_around_a_group_that_starts_with_no_zero_change_nothing(
    number: str, start: int, width: int, pair: str
) -> None:
    group = number[start : start + width]
    if group and not group.startswith("0"):
        assert phone.parse(number[:start] + pair[0] + group + pair[1] + number[start + width :]) == number


@given(numbers, st.data())
def test_digits_of_all_scripts_are_read(number: str, data: st.DataObject) -> None:
    zeros = st.sampled_from(ZEROS)
    text = "+" + "".join(chr(ord(data.draw(zeros)) + int(digit)) for digit in number[1:])
    assert phone.parse(text) == number


def parsed(text: str, region: str | None = None) -> str | InvalidRecipientError:
    try:
        return phone.parse(text, region=region)
    except InvalidRecipientError as refused:
        return refused


@given(st.text() | st.text(alphabet="0123456789+-. ()[]\n'xeE,;\u00b2\u0661\u200b", max_size=24))
@example("+1 (212) 555-1234")
@example("+44 (0)20 7946 0958")
def test_only_e164_comes_out_with_the_same_digits_in_the_same_order(text: str) -> None:
    number = parsed(text)
    if isinstance(number, InvalidRecipientError):
        assert number.reason
        assert number.phone == text
        return
    assert E164.fullmatch(number)
    assert phone.parse(number) == number
    digits = "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())
    if number[1:] != digits:
        code = next(code for code in sorted(calling_codes.TRUNK_ZERO) if number[1:].startswith(code))
        assert digits == f"{code}0{number[1 + len(code) :]}"


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("(212) 555-1234", "US", "+12125551234"),
        ("12125551234", "US", "+12125551234"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("020 7946 0958", "gb", "+442079460958"),
        ("(020) 7946 0958", "GB", "+442079460958"),
        ("(0)20 7946 0958", "GB", "+442079460958"),
        ("0044 (0)20 7946 0958", "GB", "+442079460958"),
        ("0049 (0)30 1234567", "GB", "+49301234567"),
        ("tel:0151 23456789", "DE", "+4915123456789"),
        ("06 6981 2345", "IT", "+390669812345"),
        ("+44(0)20 7946 0958", "US", "+442079460958"),
    ],
)
def test_a_region_reads_numbers_as_they_are_dialled_there(text: str, region: str, number: str) -> None:
    pytest.importorskip("phonenumbers")
    assert phone.parse(text, region=region) == number


@pytest.mark.parametrize(
    ("text", "region", "reason"),
    [
        ("555-1234", "US", "not a valid number in US"),
        ("1", "US", "not a valid number in US"),
        ("112", "GB", "not a valid number in GB"),
        ("1" * 300, "GB", "not a valid number in GB"),
        ("(0)6 6981 2345", "IT", "not a valid number in IT"),
        ("(0)347 123 4567", "IT", "(0) may only stand"),
        ("0039 (0)347 123 4567", "GB", "(0) may only stand"),
        ("02079(0)460958", "GB", "(0) may only stand"),
        ("212-555-1234 x5", "US", "extension"),
        ("2125551234.0", "US", "ends in .0"),
        ("2.125551234E9", "US", "scientific"),
        ("+2125551234567890", "US", "16 digits"),
    ],
)
def test_a_region_repairs_nothing_else(text: str, region: str, reason: str) -> None:
    pytest.importorskip("phonenumbers")
    with pytest.raises(InvalidRecipientError) as caught:
        phone.parse(text, region=region)
    assert reason in caught.value.reason


@given(st.text(alphabet="0123456789+-. ()", max_size=20))
def test_a_region_changes_nothing_for_a_text_with_a_plus(text: str) -> None:
    without, *others = (parsed(f"+{text}", region) for region in (None, "US", "no such region"))
    assert all(str(other) == str(without) for other in others)


@pytest.mark.parametrize("region", ["XX", "USA", "", "001", 1])
def test_an_unknown_region_is_a_mistake_of_the_call(region: str) -> None:
    pytest.importorskip("phonenumbers")
    with pytest.raises(ConfigurationError, match="is not a region"):
        phone.parse("2125551234", region=region)


def test_a_region_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(ConfigurationError, match=r'pip install "customersms-async\[phones\]"'):
        phone.parse("2125551234", region="US")
    assert phone.parse("+1 212 555 1234", region="US") == "+12125551234"


def test_phonenumbers_is_imported_only_for_a_number_that_needs_it() -> None:
    script = """if True:
        import sys
        from customersms_async._core import phone
        phone.parse("+1 212 555 1234", region="US")
        assert "phonenumbers" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 - our own script


def test_the_codes_with_a_trunk_zero_are_those_of_the_numbering_plans() -> None:
    phonenumbers = pytest.importorskip("phonenumbers")
    expected = {
        str(code)
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
        if regions != ("001",)
        and all(phonenumbers.PhoneMetadata.metadata_for_region(region).national_prefix == "0" for region in regions)
    }
    assert expected == calling_codes.TRUNK_ZERO


@pytest.mark.parametrize(
    ("number", "masked"),
    [("+12125551234", "+12***34"), ("+1234567", "+12***67"), ("+123456", "***"), ("", "***")],
)
def test_a_masked_number_shows_five_characters_at_most(number: str, masked: str) -> None:
    assert phone.mask(number) == masked
