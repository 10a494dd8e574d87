r"""What a shell, a program or a page left in a text is told, and ordinary texts are left in peace."""

from __future__ import annotations

import sys

import pytest

from customersms_async._core.suspicious_text import (
    BEGINNINGS,
    has_outer_space,
    means_nothing,
    oddities,
    spoiled,
    written_break,
)


@pytest.mark.parametrize(
    "cell", ["nan", "NaN", "NULL", " null ", "N/A", "n/a", "None", "#N/A", "<NA>", "-", "\u2014", "\\N"]
)
def test_a_cell_that_says_that_nothing_is_known(cell: str) -> None:
    assert means_nothing(cell)
    assert cell[0] in BEGINNINGS, "or it is not looked at"


@pytest.mark.parametrize("cell", ["", " ", "Ann", "Nancy", "Nana", "Noa", "none of them", "Nathan", "N" * 90])
def test_a_cell_that_says_something_or_is_blank(cell: str) -> None:
    assert not means_nothing(cell)


def test_every_cell_that_begins_with_white_space_is_looked_at() -> None:
    assert {char for char in map(chr, range(sys.maxunicode)) if char.isspace()} <= BEGINNINGS


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (r"Hi\nthere", r"\n is sent as it stands"),
        ("Hi%20there", "%20 is sent as it stands, letter for letter: write the character itself"),
        ("Hi Ann%2c your code", "%2c is sent as it stands"),
        (r"Hi\r\nthere", r"\r\n is sent as it stands"),
        ("Hi<br>there", "<br> is sent as it stands"),
        ("You &amp; me", "&amp; is sent as it stands, letter for letter: write the character itself, &"),
        ("You &lt;3", "write the character itself, <"),
        ("5&nbsp;pm", "write the character itself, a space"),
        ("It&#39;s", "write the character itself, '"),
        ("&eacute;t&eacute;", "write the character itself, \xe9"),
        ("It\\u2019s", r"\u2019 is sent as it stands, letter for letter: write the character itself"),
        ("<b>Hi</b>", "<b> is sent as it stands, letter for letter: a text message has no bold"),
        ('<a href="x">Hi</a>', "a text message has no bold"),
        ("Hi %s, ok", "%s is sent as it stands: nothing is filled in there"),
        ("%1$d of them", "%1$d is sent as it stands"),
        ("Jos\xc3\xa9", "the text has '\xc3\xa9', as text has that was read in the wrong encoding in it"),
        ("It costs $ now", "into double quotes, so use single ones"),
        ("It costs $", "a $ has nothing behind it"),
        ("Hi , doors open", "out of double quotes, so use single ones"),
        ("Hi  doors open", "there is a gap"),
        ("Only .99 today", "there is a gap"),
        (" Hi", "begins or ends with white space"),
        ("Hi\n", "begins or ends with white space"),
    ],
)
def test_what_may_be_wrong_is_said_in_a_sentence(text: str, says: str) -> None:
    assert any(says in sentence for sentence in oddities(text))


@pytest.mark.parametrize(
    "text",
    [
        "", "Hi", "Hi Ann, it is $5.", "US$ 5", "5$ only", "$ 5", "$-5", "One.  Two", "Wait ... what", "a & b < c",
        "Bonjour !", "100% deal", "5 %s\u00e9", "R&D; Q&A", "1 <b", "x<2>", "tab\tline\r\n.",
        "https://a.io/b%20c", "a.io?q=b%20c", "50%20 off", "10%20%", "line\nline", "\\o/ hurray", "\u00bf$USD?", "$$$",
    ],
)  # fmt: skip
def test_an_ordinary_text_is_left_in_peace(text: str) -> None:
    assert list(oddities(text)) == []
    assert written_break(text) is None
    assert not has_outer_space(text)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("Jos\ufffd", "could not be read"),
        ("Jos\xc3\xa9", "'\xc3\xa9', as text has that was read in the wrong encoding"),
        ("It\xe2\u20ac\u2122s", "wrong encoding"),
        ("\xc3\u2030mile", "wrong encoding"),
        ("5\xc2\xa0pm", "wrong encoding"),
        ("\xf0\u0178\u02dc\u20ac", "wrong encoding"),
        ("a\x07", "a control character (U+0007)"),
        ("a\x7f", "a control character (U+007F)"),
        ("\u202eab", "turns the direction of reading (U+202E)"),
        ("\u2066ab", "turns the direction of reading (U+2066)"),
        ("a\nb", "a line break"),
        ("a\u2028b", "a line break"),
    ],
)
def test_what_nobody_means_to_have_in_a_cell_is_named(cell: str, says: str) -> None:
    assert says in (spoiled(cell) or "")


@pytest.mark.parametrize(
    "cell", ["", "Ann", "Jos\xe9", "JO\xc3O", "\xc2ngelo", "5 \u20ac", "a\xa0b", "\U0001f600", "\u0391"]
)
def test_an_ordinary_cell_is_not_spoiled(cell: str) -> None:
    assert spoiled(cell) is None
