"""Texts as people write them: what is refused, what is shown, and what then goes out to whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, Message
from customersms_async.sandbox import Sandbox

if TYPE_CHECKING:
    from support.typed_command import Desk

A, B, C = "+12125551234", "+13235554567", "+442079460000"
PEOPLE = f"phone,name,First Name,amount,note\n{A},Ann,Ann,5,hi\n{B},Bob,Bob,7,hi\n"


FOREIGN = [
    "{{name}}", "{{ name }}", "{{Name}}", "{{{name}}}", "{{name|there}}", "{{#name}}", "{{contact.name}}",
    "{{first_name}}", "{{FirstName}}", "%name%", "%%NAME%%", "%(name)s", "[[name]]", "((name))", "<<name>>",
    "<<First Name>>", "*|NAME|*", "*|FNAME|*", "_|NAME|_", "{% if name %}", "<%= name %>", "::name::", "#name#",
    "##name##", "$name", "$First_Name",
    "|*name*|", "~Contact.FirstName~", "[firstname,fallback=there]", '[[data:firstname:"x"]]', "%7Bname%7D",
    "\uff1cname\uff1e", "\uff5bname\uff5d", "[name]", "[First Name]", "[First_Name]", "<name>", "«name»",
    "[name|there]", "[First Name fallback:there]", "|NAME|", ":name:", "%NAME", "!name!", "^name^", "~name~",
    "__name__", "&name&", "[merge:name]", "[[+name]]", "==name==", "--name--", "$$name$$", "`name`",
]  # fmt: skip


@pytest.mark.parametrize("campaign", [False, True], ids=["send", "campaign"])
@pytest.mark.parametrize("tag", FOREIGN)
def test_another_programs_placeholder_goes_to_nobody(desk: Desk, tag: str, campaign: bool) -> None:
    file = desk.write(PEOPLE)
    command = ("campaign", "run", file, "--ledger", str(desk.folder / "l")) if campaign else ("send", "--file", file)
    ended = desk(*command, "--message", f"Hi {tag}, ok", "--yes")
    assert ended.status == 2
    assert "character 4 of the message: " in ended.words
    assert tag in ended.words
    assert "write {name}" in ended.words or "write {First Name}" in ended.words or "such as {" in ended.words
    assert desk.gateway.requests == 0


def test_doubled_braces_around_a_column_say_how_to_mean_them_and_that_is_sent(desk: Desk) -> None:
    file = desk.write(PEOPLE)
    ended = desk("send", "--file", file, "--message", "Hi {{name}}", "--yes")
    assert "write {name}, or {{{{name}}}} to mean it" in ended.words
    assert desk("send", "--file", file, "--message", "{name}: {{{{name}}}} {{}}", "--yes").status == 0
    assert desk.sent == {A: "Ann: {{name}} {}", B: "Bob: {{name}} {}"}


@pytest.mark.parametrize("name", ["customer", "unsubscribe_link", "1"])
def test_doubled_braces_around_no_column_are_refused_too(desk: Desk, name: str) -> None:
    ended = desk("send", "--file", desk.write(PEOPLE), "--message", f"Hi {{{{{name}}}}}", "--yes")
    assert ended.status == 2
    assert f"no column is called '{name}'; write {{{{{{{{{name}}}}}}}}} to mean it (--literal sends" in ended.words
    assert desk.gateway.requests == 0


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Hi *name*", "*name* is sent as it stands: for the column, write {name}"),
        ("Hi (Name)", "(Name) is sent as it stands: for the column, write {name}"),
        ("Hi :name", ":name is sent as it stands: for the column, write {name}"),
        ("Hi #name", "#name is sent as it stands: for the column, write {name}"),
        ("Hi _name_", "_name_ is sent as it stands: for the column, write {name}"),
        ("Hi [Vorname]", "[Vorname] is sent as it stands"),
        ("Hi [INSERT NAME HERE]", "[INSERT NAME HERE] is sent as it stands"),
        ("Hi [unsubscribe_link]", "[unsubscribe_link] is sent as it stands"),
        ("Hi [link]", "[link] is sent as it stands"),
        ("<<SALE>> [[link]]", "<<SALE>> is sent as it stands suspicious 2 [[link]] is sent as it stands"),
        ("Hi [Your company]", "[Your company] is sent as it stands"),
        ("Hi @name", "@name is sent as it stands"),
        ("Hi ${name}", "$ stands before 'Ann' on line 2 and 1 more"),
        (r"Hi\nthere", r"\n is sent as it stands"),
        ("Hi %s", "%s is sent as it stands: nothing is filled in there"),
        ("You &amp; me", "&amp; is sent as it stands, letter for letter: write the character itself, &"),
        ("It is <b>free</b>", "<b> is sent as it stands"),
        ("Hi " * 600 + "you", "a text has more than 10 segments, up to 12"),
        (
            "Pay $ now",
            "a $ has nothing behind it: a shell puts its own variables into double quotes",
        ),
        ("Hi , ok", "there is a gap"),
        (" Hi", "the text begins or ends with white space"),
        ("Hi {name} ", "the text begins or ends with white space"),
    ],
)
def test_what_may_be_meant_is_shown_before_it_is_sent(desk: Desk, message: str, shown: str) -> None:
    ended = desk("send", "--file", desk.write(PEOPLE), "--message", message, "--dry-run")
    assert ended.status == 0
    assert f"suspicious 2 {shown}" in ended.words


def test_nothing_is_suspicious_about_ordinary_texts(desk: Desk) -> None:
    message = "Hi {name}, 50% off [terms] (see the note): ${amount} & more... #deal https://x.example/?a=%C3%A9 {{}}"
    ended = desk("send", "--file", desk.write(PEOPLE), "--message", message, "--dry-run")
    assert ended.status == 0
    assert " suspicious " not in ended.words
    assert " blank " not in ended.words


@pytest.mark.parametrize("tag", ["{name}", "{{name}}", "{{{{name}}}}", "{0}", "*|NAME|*", "%x%", "<<name>>", "{% x %}",
    "[First Name]", "[name]", "<name>", "%NAME", "[Vorname]", "{$name}", "{!Contact.Name}"])  # fmt: skip
def test_a_placeholder_to_plain_numbers_is_refused_with_what_to_do(desk: Desk, tag: str) -> None:
    ended = desk("send", A, "--message", f"Hi {tag}")
    assert ended.status == 2
    assert f"character 4 of the message: {tag} is a placeholder, and numbers on the command line have no" in ended.words
    assert "--file" in ended.words
    assert desk.gateway.requests == 0
    assert desk("send", A, "--message", f"Hi {tag}", "--literal").status == 0
    assert desk.sent == {A: f"Hi {tag}"}


def test_other_braces_to_plain_numbers_are_sent_and_what_is_odd_is_shown(desk: Desk) -> None:
    text = '{"a": 1} {} {{ (Name) [link] 5% \\n '
    ended = desk("send", A, "--message", text)
    assert ended.status == 0
    assert "suspicious: \\n is sent as it stands" in ended.words
    assert "suspicious: the text begins or ends with white space" in ended.words
    assert "suspicious: (Name) is sent as it stands" in ended.words
    assert "suspicious: [link] is sent as it stands" in ended.words
    assert desk.sent == {A: text}


def test_a_message_for_a_file_may_be_literal_too(desk: Desk) -> None:
    assert desk("send", "--file", desk.write(PEOPLE), "--message", "{{name}} {x} }", "--literal", "--yes").status == 0
    assert set(desk.sent.values()) == {"{{name}} {x} }"}


async def test_texts_in_python_are_literal() -> None:
    gateway = Sandbox()
    async with gateway.serve() as url, AsyncClient(api_key=gateway.api_key, url=url) as client:
        await client.send(A, "Hi {name} {{name}} {")
        await client.send_many([Message(B, "%name% {{x}}")])
    assert {text.message for text in gateway.texts} == {"Hi {name} {{name}} {", "%name% {{x}}"}


def test_a_cell_with_a_placeholder_of_the_file_makes_its_row_invalid(desk: Desk) -> None:
    people = f"phone,name,text\n{A},Ann,Hi {{name}}\n{B},Bob,Hi {{{{ NAME }}}}\n{C},Cy,Hi Cy {{sic}}\n"
    ended = desk("send", "--file", desk.write(people), "--message", "{text}", "--yes")
    assert ended.status == 3
    assert f"line 2: '{A}': {{name}} stands in a cell, and cells are not filled in" in ended.words
    assert "invalid 2" in ended.words
    assert "suspicious 1 {sic} in a cell of 'text' is sent as it stands on line 4" in ended.words
    assert desk.sent == {C: "Hi Cy {sic}"}


def test_a_fallback_stands_for_a_blank_and_blanks_without_one_are_counted(desk: Desk) -> None:
    file = desk.write(f"phone,name,city\n{A},Ann,Rome\n{B}, ,\n{C},,Oslo\n")
    ended = desk("send", "--file", file, "--message", "Hi {name|dear friend} in {city}", "--yes", "--sample", "3")
    assert "blank 1 {city} is blank on line 3: write {city|words} for words in its place, or add --require city" in (
        ended.words
    )
    assert desk.sent == {A: "Hi Ann in Rome", B: "Hi dear friend in ", C: "Hi dear friend in Oslo"}
    found = json.loads(desk("estimate", "--file", file, "--message", "{name} {city}", "--json").out)
    assert (found["blank"], found["suspicious"]) == (
        2, [{"what": "the text begins or ends with white space", "texts": 2, "line": 3}],
    )  # fmt: skip


@pytest.mark.parametrize("require", ["name", " NAME "])
def test_a_required_column_that_is_blank_makes_its_row_invalid(desk: Desk, require: str) -> None:
    file = desk.write(f"phone,name\n{A},Ann\n{B}, \n")
    ended = desk("send", "--file", file, "--message", "Hi", "--require", require, "--yes")
    assert ended.status == 3
    assert f"line 3: '{B}': 'name' is blank, and --require asks for it" in ended.words
    assert desk.sent == {A: "Hi"}


def test_a_required_column_must_be_there(desk: Desk) -> None:
    ended = desk("send", "--file", desk.write(PEOPLE), "--message", "Hi", "--require", "nmae", "--yes")
    assert (ended.status, "--require nmae: no column is called that" in ended.words) == (2, True)
    ended = desk("send", A, "--message", "Hi", "--require", "name")
    assert (ended.status, "give --file" in ended.words) == (2, True)
    assert desk.gateway.requests == 0


def test_a_row_of_jsonl_without_a_key_takes_the_fallback_or_stops(desk: Desk) -> None:
    file = desk.write(
        f'{{"phone": "{A}", "name": "Ann"}}\n{{"phone": "{B}"}}\n{{"phone": "{C}", "NAME": "Cy"}}\n', "p.jsonl"
    )
    assert desk("send", "--file", file, "--message", "Hi {name|you}", "--yes").status == 0
    assert desk.sent == {A: "Hi Ann", B: "Hi you", C: "Hi Cy"}
    assert "line 2: no column is called 'name'" in desk("send", "--file", file, "--message", "{name}", "--yes").words


@pytest.mark.parametrize("fallback", ['default:"there"', '"there"', "|there", "amount"])
def test_words_for_a_blank_in_another_dialect_are_refused(desk: Desk, fallback: str) -> None:
    ended = desk("send", "--file", desk.write(PEOPLE), "--message", f"Hi {{name|{fallback}}}", "--yes")
    assert ended.status == 2
    assert f"character 4 of the message: {{name|{fallback}}} would send" in ended.words
    assert desk.gateway.requests == 0


def test_a_filter_is_shown_as_the_word_that_it_is(desk: Desk) -> None:
    ended = desk("send", "--file", desk.write(PEOPLE), "--message", "Hi {name|title}", "--dry-run")
    assert "suspicious 2 {name|title} sends the word 'title' where 'name' is blank" in ended.words


def test_a_header_is_found_whatever_stands_in_it_unseen(desk: Desk) -> None:
    file = desk.write(f"phone,\u200bna\ufeffme\n{A},Ann\n")
    assert desk("send", "--file", file, "--message", "Hi {name}", "--require", "name", "--yes").status == 0
    assert desk.sent == {A: "Hi Ann"}


def test_cells_that_say_nothing_are_counted(desk: Desk) -> None:
    file = desk.write(f"phone,name,city\n{A},NULL,Rome\n{B},nan,N/A\n{C},Nan Wu,Nice\n")
    ended = desk("send", "--file", file, "--message", "Hi {name} in {city}", "--dry-run")
    assert "suspicious 2 {name} says only 'NULL' on line 2 and 1 more" in ended.words
    assert "suspicious 1 {city} says only 'N/A' on line 3" in ended.words


def test_what_spoils_a_cell_is_counted(desk: Desk) -> None:
    file = desk.write(f'phone,name,city\n{A},Jos\u00c3\u00a9,"Ro\nme"\n{B},Zo\ufffd,Nice\n{C},\u202eAnn,N\u00eemes\n')
    ended = desk("send", "--file", file, "--message", "Hi {name} in {city}", "--dry-run")
    assert "suspicious 1 a cell of 'name' has '\u00c3\u00a9', as text has that was read in the wrong" in ended.words
    assert "suspicious 1 a cell of 'name' has a character that could not be read (U+FFFD) in it on line " in ended.words
    assert "suspicious 1 a cell of 'name' has a character that turns the direction of reading (U+202E)" in ended.words
    assert "suspicious 1 a cell of 'city' has a line break in it on line 2" in ended.words


def test_the_first_text_with_a_fallback_is_shown_as_well(desk: Desk) -> None:
    file = desk.write(f"phone,name\n{A},Ann\nbad,\n{B},\n{C},\n")
    ended = desk("send", "--file", file, "--message", "Hi {name|there}", "--dry-run")
    assert f"{A}: Hi Ann the first text with words in place of a blank, of line 4: {B}: Hi there" in ended.words
    ended = desk("send", "--file", file, "--message", "Hi {name|there}", "--dry-run", "--sample", "3")
    assert "words in place of a blank" not in ended.words


def test_a_long_text_is_shown_to_a_thousand_characters(desk: Desk) -> None:
    ended = desk("send", "--file", desk.write(PEOPLE), "--message", "Hello" * 300, "--dry-run")
    assert "(500 more characters)" in ended.words


@pytest.mark.parametrize("message", ["", "  ", "\n"])
def test_a_blank_message_is_refused_at_once(desk: Desk, message: str) -> None:
    for whom in ((A,), ("--file", desk.write(PEOPLE), "--yes")):
        ended = desk("send", *whom, "--message", message)
        assert (ended.status, "--message has no text in it" in ended.words) == (2, True)


def test_a_message_comes_from_a_file_with_its_line_breaks(desk: Desk) -> None:
    message = desk.write("\ufeffHi {name},\r\ndoors open\r\n", "message.txt")
    ended = desk("send", "--file", desk.write(PEOPLE), "--message-file", message, "--yes")
    assert ended.status == 0
    assert desk.sent[A] == "Hi Ann,\ndoors open"
    assert "the first text, 1 segment (GSM-7, 18 of 160):" in ended.words
    assert f"{A}: Hi Ann,\ndoors open\n" in ended.out, "and not as \\n"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "can't be read: No such file"),
        (b"", "has no text in it"),
        (b" \n", "has no text in it"),
        ("Zoé".encode("latin-1"), "is not text in UTF-8"),
        (b"{\\rtf1 Hi}", "is a word processor's file: save it as plain text"),
        (b"PK\x03\x04\x14\0", "is a word processor's file: save it as plain text"),
        (b"Hi\0", "or a NUL in it: name the file with the text"),
        (b"x" * 100_001, "has more than 100000 characters"),
    ],
)
def test_a_file_that_is_no_message_is_refused(desk: Desk, data: bytes | None, says: str) -> None:
    path = desk.folder / "message.txt"
    if data is not None:
        path.write_bytes(data)
    ended = desk("send", A, "--message-file", str(path))
    assert (ended.status, says in ended.words, str(path) in ended.words) == (2, True, True)
    ended = desk("send", A, "--message-file", str(path), "--message", "Hi")
    assert (ended.status, "leave one out" in ended.words) == (2, True)


def test_a_message_may_come_through_a_pipe(desk: Desk) -> None:
    assert desk("send", A, "--message-file", "-", typing="Hi\nyou\n").status == 0
    assert desk.sent == {A: "Hi\nyou"}


SMART = "It\u2019s on \u2013 \u201cdoors\u201d" + " at eight" * 12


def test_smart_replaces_what_only_looks_different_and_shows_it(desk: Desk) -> None:
    file = desk.write(PEOPLE)
    offered = desk("send", "--file", file, "--message", SMART, "--dry-run")
    assert "--smart would save 2 segments: \u2019 → ', \u2013 → -, \u201c → \"" in offered.words
    ended = desk("send", "--file", file, "--message", SMART + " {name}\u2026", "--smart", "--yes")
    assert "smart 2 segments saved: \u2019 → ' (2)" in ended.words
    assert desk.sent[A] == 'It\'s on - "doors"' + " at eight" * 12 + " Ann..."
    assert "smart: --smart would save 1 segment: \u2019 → '" in desk("send", B, "--message", SMART).words
    ended = desk("send", C, "--message", "\u201cok\u201d", "--smart")
    assert 'smart: 0 segments saved: \u201c → " (1), \u201d → " (1)' in ended.words
    assert desk.sent[C] == '"ok"'


@pytest.mark.parametrize("message", ["\u0141\u00f3d\u017a \u2013 \u201cok\u201d", "\U0001f600 \u2019", "plain"])
def test_smart_is_not_offered_where_it_saves_nothing_and_changes_no_word(desk: Desk, message: str) -> None:
    file = desk.write(PEOPLE)
    assert "--smart" not in desk("send", "--file", file, "--message", message * 9, "--dry-run").words
    assert desk("send", "--file", file, "--message", message, "--smart", "--yes").status == 0
    assert desk.sent[A] == message


def test_texts_that_are_equal_once_they_are_in_gsm7_are_repeats(desk: Desk) -> None:
    file = desk.write(f"phone,name\n{A},O\u2019Hara\n{A},O'Hara\n")
    assert desk("send", "--file", file, "--message", "Hi {name}", "--smart", "--yes").status == 0
    assert [text.message for text in desk.gateway.texts] == ["Hi O'Hara"]
