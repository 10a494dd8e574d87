"""Words for a blank that other programs write otherwise are refused, or shown."""

from __future__ import annotations

import pytest

from customersms_async.cli.send.fallbacks import doubtful, refuse_dialects
from customersms_async.cli.send.template import Template, TemplateProblem

COLUMNS = ["phone", "name", "Code"]


@pytest.mark.parametrize(
    ("fallback", "instead"),
    [
        ('default:"there"', "there"),
        ("default('x')", "x"),
        ("default( 'x' )", "x"),
        ("fallback: there", "there"),
        ("fallback=there", "there"),
        ('default "there"', "there"),
        ('"there"', "there"),
        ("'dear friend'", "dear friend"),
        ("\u201cthere\u201d", "there"),
        ("\u00abthere\u00bb", "there"),
        ("|there", "there"),
        ("|default:there", "there"),
        ('""', "words"),
    ],
)
def test_another_programs_words_for_a_blank_are_refused_with_what_to_write(fallback: str, instead: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        refuse_dialects(Template.parse(f"Hi {{name|{fallback}}}").uses, COLUMNS)
    assert f"where 'name' is blank: write {{name|{instead}}}" in caught.value.reason
    assert caught.value.position == 4


def test_a_column_is_no_words_for_a_blank() -> None:
    with pytest.raises(TemplateProblem, match="rename the column 'Code' to mean it"):
        refuse_dialects(Template.parse("Hi {name|code}").uses, COLUMNS)


@pytest.mark.parametrize(
    "fallback", ["there", "", "you|all", "it's", "Default customer", 'the "best"', "friend: you", "title"]
)
def test_words_for_a_blank_are_not_refused(fallback: str) -> None:
    refuse_dialects(Template.parse(f"{{phone}} {{name|{fallback}}}").uses, COLUMNS)


def test_a_filters_name_is_shown_as_the_word_that_it_is() -> None:
    uses = Template.parse("{phone} {name|Title} {name|upper} {name|there}").uses
    assert list(doubtful(uses)) == [
        "{name|Title} sends the word 'Title' where 'name' is blank",
        "{name|upper} sends the word 'upper' where 'name' is blank",
    ]
