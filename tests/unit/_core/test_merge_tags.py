"""Placeholders of other programs are found in a text, and ordinary texts have none."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customersms_async._core.merge_tags import (
    TagKind,
    column_of,
    is_left_open,
    is_name,
    is_usual,
    key,
    may_hold_tags,
    tags,
)

COLUMNS = {"name", "firstname"}
PIECES = ["{", "}", "name", "%", "[", "]", "<", ">", "*|", "|*", "((", "))", "::", "#", "$", " ", "=", "a", "\n", "|"]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("{name}", TagKind.BRACES, "name"),
        ("{{name}}", TagKind.BRACES, "name"),
        ("{{ First Name }}", TagKind.BRACES, "First Name"),
        ("{{{name}}}", TagKind.BRACES, "name"),
        ("{{name|there}}", TagKind.BRACES, "name"),
        ("{{#if name}}", TagKind.BRACES, "if name"),
        ("{{contact.first_name}}", TagKind.BRACES, "contact.first_name"),
        ("*|FNAME|*", TagKind.CERTAIN, "FNAME"),
        ("*|IF:NAME|*", TagKind.CERTAIN, "NAME"),
        ("_|FNAME|_", TagKind.CERTAIN, "FNAME"),
        ("%name%", TagKind.CERTAIN, "name"),
        ("%%name%%", TagKind.CERTAIN, "name"),
        ("%(name)s", TagKind.CERTAIN, "name"),
        ("<<first name>>", TagKind.LIKELY, "first name"),
        ("[[name]]", TagKind.LIKELY, "name"),
        ("<%= name %>", TagKind.CERTAIN, "name"),
        ("{% if name %}", TagKind.CERTAIN, "if name"),
        ("((name))", TagKind.LIKELY, "name"),
        ("((name??words for it))", TagKind.LIKELY, "name"),
        ("{{${name} | default: 'there'}}", TagKind.CERTAIN, "name"),
        ("::subscriber.first_name::", TagKind.LIKELY, "subscriber.first_name"),
        ("#NAME#", TagKind.LIKELY, "NAME"),
        ("##name##", TagKind.LIKELY, "name"),
        ("$name", TagKind.LIKELY, "name"),
        ("?n=%name%", TagKind.LIKELY, "name"),
        ("|*name*|", TagKind.CERTAIN, "name"),
        ("~Contact.FirstName~", TagKind.CERTAIN, "Contact.FirstName"),
        ("[firstname,fallback=there]", TagKind.CERTAIN, "firstname"),
        ('[[data:firstname:"x"]]', TagKind.CERTAIN, "firstname"),
        ("%7Bname%7D", TagKind.CERTAIN, "name"),
        ("%7b%7bname%7d%7d", TagKind.CERTAIN, "name"),
        ("[Name]", TagKind.BRACKETED, "Name"),
        ("[name|there]", TagKind.BRACKETED, "name"),
        ("[FNAME fallback:there]", TagKind.BRACKETED, "FNAME"),
        ("< First Name >", TagKind.BRACKETED, "First Name"),
        ("«Name»", TagKind.BRACKETED, "Name"),
        ("\u2039Name\u203a", TagKind.BRACKETED, "Name"),
        ("\uff1cname\uff1e", TagKind.BRACKETED, "name"),
        ("\uff5bname\uff5d", TagKind.BRACKETED, "name"),
        ("|FNAME|", TagKind.BRACKETED, "FNAME"),
        (":name:", TagKind.BRACKETED, "name"),
        ("%NAME", TagKind.BRACKETED, "NAME"),
        ("!name!", TagKind.BRACKETED, "name"),
        ("^name^", TagKind.BRACKETED, "name"),
        ("~name~", TagKind.BRACKETED, "name"),
        ("__name__", TagKind.BRACKETED, "name"),
        ("&name&", TagKind.BRACKETED, "name"),
        ("[merge:name]", TagKind.BRACKETED, "name"),
        ("[+name+]", TagKind.BRACKETED, "name"),
        ("[[*name]]", TagKind.BRACKETED, "name"),
        ("%5Bname%5D", TagKind.BRACKETED, "name"),
        ("==name==", TagKind.BRACKETED, "name"),
        ("--name--", TagKind.BRACKETED, "name"),
        ("$$name$$", TagKind.BRACKETED, "name"),
        ("@@name@@", TagKind.BRACKETED, "name"),
        ("`name`", TagKind.BRACKETED, "name"),
        ("*name*", TagKind.POSSIBLE, "name"),
        ("(Name)", TagKind.POSSIBLE, "Name"),
        (":name", TagKind.POSSIBLE, "name"),
        ("#name", TagKind.POSSIBLE, "name"),
        ("_name_", TagKind.POSSIBLE, "name"),
        ("@name", TagKind.POSSIBLE, "name"),
    ],
)
def test_a_placeholder_is_found_where_it_stands(text: str, kind: TagKind, name: str) -> None:
    (tag,) = tags(f"Hi {text}, ok")
    assert (tag.kind, tag.name) == (kind, name)
    assert f"Hi {text}, ok"[tag.position :].startswith(tag.text)
    if kind >= TagKind.CERTAIN:
        assert may_hold_tags(text)


@pytest.mark.parametrize("braces", [1, 2, 3, 4, 6])
def test_braces_are_counted(braces: int) -> None:
    (tag,) = tags("{" * braces + "name" + "}" * braces)
    assert tag.braces == braces


@pytest.mark.parametrize(
    "text",
    [
        "Hi Ann", "50% of all, 20% off", "https://x.example/%C3%A9t%C3%A9?a=%E2%80%99", "a@b.example",
        "{}", "3 < 4 > 2",
        "$5 or 5$",
        "~10.30am~", "https://x.example/%7B1a2b3c4d-00%7D", "[[Note: ok]]", "a | b | c", "Q&A&more", "(12:name:1)",
        "#love#peace", "#1", "(see below: all)", "it is 5 * 3 | 2", "{ }", "100%",
    ],
)  # fmt: skip
def test_an_ordinary_text_has_none_that_is_certain(text: str) -> None:
    assert [tag for tag in tags(text) if tag.kind >= TagKind.CERTAIN] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ NAME }}", "name"),
        ("{{first_name}}", "firstname"),
        ("{{contact.First-Name}}", "firstname"),
        ("{{#if name}}", "name"),
        ("{{surname}}", None),
        ("{{name.}}", "name"),
    ],
)
def test_a_column_is_named_whatever_the_case_spaces_and_what_is_before_it(text: str, found: str | None) -> None:
    (tag,) = tags(text)
    assert column_of(tag, COLUMNS) == found


def test_a_name_without_letters_or_digits_is_no_columns() -> None:
    assert key(" _-. ") == ""
    (tag,) = tags("{{ ... }}")
    assert column_of(tag, {""}) is None


def test_what_looks_like_a_name_is_no_json() -> None:
    assert all(map(is_name, ["name", "First Name", "0", "contact.name"]))
    assert not any(map(is_name, ['"a": 1', "1,2", "", "a=b"]))


def test_a_gap_that_somebody_forgot_to_fill_is_told_from_a_senders_name() -> None:
    assert all(map(is_left_open, ["Vorname", "First Name", "INSERT NAME HERE", "unsubscribe_link", "link"]))
    assert not any(map(is_left_open, ["Acme", "SALE", "terms", ""]))


def test_what_people_are_called_is_a_usual_name() -> None:
    assert all(map(is_usual, ["First Name", "FNAME", "first_name", "name"]))
    assert not any(map(is_usual, ["SALE", "city", ""]))


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@example("{ {name}} {{name")
def test_what_is_found_stands_in_the_text_in_order(text: str) -> None:
    end = 0
    for tag in tags(text):
        assert tag.position >= end
        end = tag.position + len(tag.text)
        assert text[tag.position : end] == tag.text
        assert tag.name in tag.text
        assert (tag.braces > 0) is (tag.kind is TagKind.BRACES)


@pytest.mark.at_length
@pytest.mark.parametrize(
    "start",
    [
        "{",
        "{ ",
        "{" + " " * 50,
        "%a",
        "[ ",
        "<",
        "((a ",
        "{%",
        "$a",
        "::a",
        "{a|",
        "*|A",
        "<% ",
        "~a.",
        "|a",
        ":a",
        "__",
        "[a|",
    ],
)
def test_a_long_text_takes_time_in_its_length_only(start: str) -> None:
    assert list(tags(start * (60_000 // len(start)))) is not None
