"""A text with {column} in it: the row's text in its place, and nothing else happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async.cli.send.template import Template, TemplateProblem

TEXTS = st.text(st.one_of(st.sampled_from("{}!:.[]"), st.characters(exclude_categories=["Cs"])), max_size=20)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}|"), min_size=1).filter(str.strip)


def escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("", ""),
        ("Hi", "Hi"),
        ("Hi {name}", "Hi Ann"),
        ("{name}{name}", "AnnAnn"),
        ("{name}, {first name}!", "Ann, Zoé!"),
        ("{{name}}", "{name}"),
        ("{{{name}}}", "{Ann}"),
        ("{{}}", "{}"),
        ("{a.b}{a[0]}{a!r}{a:>9}", "1234"),  # columns with strange names, and nothing more
        ("{Name}{ NAME }", "AnnAnn"),
        ("{e\u0301}{\u00e9}", "ee"),  # an accent by itself, and with its letter, look the same
        ("$name %s %(name)s {é}", "$name %s %(name)s e"),
    ],
)
def test_a_column_in_braces_is_replaced_and_nothing_else(text: str, rendered: str) -> None:
    fields = {"name": "Ann", "first name": "Zoé", "a.b": "1", "a[0]": "2", "a!r": "3", "a:>9": "4", "É": "e"}
    template = Template.parse(text)
    template.check(fields)
    assert template.render(fields) == rendered


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("{", 1, "a lone {"),
        ("}", 1, "a lone }"),
        ("Hi {name", 4, "a lone {"),
        ("Hi name}", 8, "a lone }"),
        ("{name}}", 7, "a lone } after {name}: leave it out, or write }} for one that is sent"),
        ("{{name}", 7, "a lone }"),
        ("a{na{me}}", 2, "a lone {"),
        ("{{{", 3, "a lone {"),
        ("ab{}", 3, "names no column"),
        ("ab{ \n}", 3, "names no column"),
        ("\n\n{{{{{", 7, "a lone {"),
    ],
)
def test_a_lone_brace_is_refused_where_it_stands(text: str, position: int, reason: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        Template.parse(text)
    assert caught.value.position == position
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"character {position} of the message: ")


@pytest.mark.parametrize(
    ("text", "columns", "position", "reason"),
    [
        ("Hi {nmae}", ["phone", "Name"], 4, "no column is called 'nmae'; did you mean {Name}?"),
        ("{name.__class__}", ["name"], 1, "no column is called 'name.__class__'; there are 'name'"),
        ("{name[0]}", ["name"], 1, "no column"),
        ("{name!r}", ["name"], 1, "no column"),
        ("{name:>9}", ["name"], 1, "no column"),
        ("{0}", ["name"], 1, "no column is called '0'; there are 'name'"),
        ("{x}", [], 1, "there are none"),
        ("{x}", [*map(str, range(20))], 1, "'9', …"),
        ("{name}{NAME}", ["name", "Name"], 7, "{NAME} may be 'name' and 'Name'"),
    ],
)
def test_an_unknown_column_is_refused(text: str, columns: list[str], position: int, reason: str) -> None:
    template = Template.parse(text)
    for use in (lambda: template.check(columns), lambda: template.render(dict.fromkeys(columns, ""))):
        with pytest.raises(TemplateProblem) as caught:
            use()
        assert caught.value.position == position
        assert reason in caught.value.reason


def test_the_columns_are_the_names_as_they_are_written() -> None:
    assert Template.parse("{a}{ B }{{c}}{a}").columns == {"a", " B "}
    assert Template.parse("{{c}}").columns == frozenset()


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("Hi {name|there}", "Hi Ann"),
        ("Hi {blank|there}", "Hi there"),
        ("Hi {space|dear friend}!", "Hi dear friend!"),
        ("Hi { BLANK | you all }", "Hi you all"),
        ("Hi {blank|}", "Hi "),
        ("{blank|a|b}{name|x}{blank|c}{blank}", "a|bAnnc"),
        ("100% {blank|50%} {name}%s", "100% 50% Ann%s"),
    ],
)
def test_a_fallback_stands_where_the_cell_is_blank(text: str, rendered: str) -> None:
    fields = {"name": "Ann", "blank": "", "space": " \t\xa0"}
    template = Template.parse(text)
    template.check(fields)
    assert template.render(fields) == rendered


def test_a_fallback_stands_for_a_column_that_a_row_lacks_but_the_file_must_have_it() -> None:
    template = Template.parse("{name|you} {city}")
    assert template.render({"city": "Rome"}) == "you Rome"
    assert template.render({"NAME": "Ann", "city": "Rome"}) == "Ann Rome"
    with pytest.raises(TemplateProblem, match="'city'"):
        template.render({"name": "Ann"})
    with pytest.raises(TemplateProblem, match="'name'"):
        template.check(["city"])
    with pytest.raises(TemplateProblem, match="may be 'Name' and 'NAME'"):
        template.render({"Name": "Ann", "NAME": "Bob", "city": "Rome"})


def test_a_column_with_a_bar_in_its_name_is_not_taken_for_a_fallback() -> None:
    Template.parse("{a|c}").check(["a", "a|b"])
    with pytest.raises(TemplateProblem, match=r"may be the column 'a\|b', or 'a' with a fallback"):
        Template.parse("{a|b}").check(["a", "A | B"])
    with pytest.raises(TemplateProblem, match="names no column"):
        Template.parse("{ |b}")


def test_a_literal_template_is_the_text() -> None:
    template = Template.literal("{name} {{ }")
    template.check([])
    assert template.render({"name": "Ann"}) == "{name} {{ }"


def test_an_exact_name_goes_before_a_similar_one() -> None:
    assert Template.parse("{Name}{name}").render({"name": "a", "Name": "b"}) == "ba"


def test_rows_may_differ_in_their_columns() -> None:
    template = Template.parse("{name}")
    assert template.render({"name": "a"}) == "a"
    assert template.render({"Name": "b"}) == "b"
    with pytest.raises(TemplateProblem, match="no column is called 'name'"):
        template.render({"x": "c"})
    assert template.render({"x": "c", "name": "d"}) == "d"


def test_a_text_without_columns_is_one_object_for_all() -> None:
    template = Template.parse("a {{text}} for all")
    assert template.render({"a": "1"}) is template.render({"b": "2"})


@given(TEXTS)
def test_an_escaped_text_is_rendered_as_it_was(text: str) -> None:
    template = Template.parse(escaped(text))
    assert not template.columns
    assert template.render({}) == text


def test_white_space_between_the_words_of_a_name_counts_as_one_space() -> None:
    template = Template.parse("Hi {first name}")
    for column in ("first\u00a0name", "First  Name", "first\nname"):
        template.check(["phone", column])
        assert template.render({"phone": "", column: "Ann"}) == "Hi Ann"
    with pytest.raises(TemplateProblem, match="no column is called"):
        template.check(["firstname", "first_name"])


@given(st.lists(st.tuples(TEXTS, NAMES), max_size=5), TEXTS, st.data())
def test_values_are_put_in_as_they_are(parts: list[tuple[str, str]], end: str, data: st.DataObject) -> None:
    values = {name: data.draw(TEXTS) for _, name in parts}
    template = Template.parse("".join(f"{escaped(text)}{{{name}}}" for text, name in parts) + escaped(end))
    assert template.columns == set(values)
    template.check(values)
    assert template.render(values) == "".join(text + values[name] for text, name in parts) + end


@given(TEXTS)
def test_any_text_is_a_template_or_a_problem(text: str) -> None:
    try:
        template = Template.parse(text)
    except TemplateProblem as problem:
        assert text[problem.position - 1] in "{}"  # noqa: PT017 - either is right
    else:
        assert all(f"{{{name}}}" in text for name in template.columns)
