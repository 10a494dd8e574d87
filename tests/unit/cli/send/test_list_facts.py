"""What is said of a list of people before anything is sent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path  # noqa: TC003 - a fixture's annotation

import pytest

from customersms_async.cli.files import FileProblem, PhoneColumns
from customersms_async.cli.send.checked_job import CheckedJob, ListRules
from customersms_async.cli.send.first_reading import check, judged_letters
from customersms_async.cli.send.job import Job
from customersms_async.cli.send.list_facts import list_remarks, suppression
from customersms_async.models import Code

A, B, C = "+12125551234", "+12125551235", "+447911123456"


Opening = Callable[..., Job]


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Opening]:
    """Opens jobs to the rows of a text, and closes them in the end."""
    with contextlib.ExitStack() as stack:

        def opened(text: str, message: str = "Hi {name}", keep: tuple[str, ...] = ()) -> Job:
            path = tmp_path / "people.csv"
            path.write_text(text)
            columns = PhoneColumns()
            found = Job.of_file(path, message, phone_column=columns, encoding="utf-8", delimiter=None, keep=keep)
            return stack.enter_context(contextlib.closing(found))

        yield opened


def checked(of: Job, rules: ListRules | None = None) -> CheckedJob:
    return check(of, region=None, batch_size=100, lookahead=800, samples=0, rules=rules or ListRules())


def test_numbers_with_different_texts_are_counted(job: Opening) -> None:
    found = checked(job(f"phone,name\n{A},Ann\n{A},Ann \n{A},Ann\n{B},Bob\n{A},X\n"))
    assert (found.several_texts, found.duplicates) == (1, 1)
    (first, *_) = list_remarks(found)
    assert first.startswith("1 number occurs more than once with different texts; --one-per-number")


def test_one_per_number_takes_the_first(job: Opening) -> None:
    people = job(f"phone,name\n{A},Ann\n{A},Ann \n{B},Bob\n")
    found = checked(people, ListRules(one_per_number=True))
    assert (found.recipients, found.duplicates, found.several_texts) == (2, 1, 0)
    judged = list(judged_letters(people, found, None))
    assert [getattr(each, "text", None) for each in judged] == ["Hi Ann", None, "Hi Bob"]


def test_the_suppressed_are_counted_and_get_nothing(job: Opening) -> None:
    people = job(f"phone,name\n{A},Ann\n+1 212 555 1234,X\n{B},Bob\n")
    found = checked(people, ListRules(suppressed=frozenset({A, C})))
    assert (found.recipients, found.suppressed, found.listed, found.listed_here) == (1, 2, 2, 1)
    assert suppression(found.listed or 0, found.listed_here) == "--suppress: 2 numbers, 1 of them in this campaign"
    judged = list(judged_letters(people, found, None))
    codes = [outcome.code for each in judged if (outcome := getattr(each, "outcome", None))]
    assert codes == [Code.SUPPRESSED, Code.SUPPRESSED]


def test_who_said_no_in_another_notation_gets_nothing(job: Opening) -> None:
    found = checked(job("phone,name\n+525512345678,Ann\n"), ListRules(suppressed=frozenset({"+5215512345678"})))
    assert (found.recipients, found.suppressed, found.listed, found.listed_here) == (0, 1, 1, 1)


def test_an_empty_list_of_the_suppressed_is_said_too(job: Opening) -> None:
    found = checked(job(f"phone,name\n{A},Ann\n"), ListRules(suppressed=frozenset()))
    said = suppression(found.listed or 0, found.listed_here, ["2 rows have no number"])
    assert said.startswith("--suppress: 0 numbers, none of them in this campaign: is it the right list")
    assert said.endswith(" (2 rows have no number)")
    assert checked(job(f"phone,name\n{A},Ann\n")).listed is None


def test_numbers_of_an_odd_length_are_suspicious(job: Opening) -> None:
    rows = "".join(f"+1 212 55{at},x\n" for at in range(5))
    found = checked(job(f"phone,name\n{A},Ann\n{C},Zoe\n{rows}"))
    assert found.odd_numbers == 5
    remarks = list_remarks(found)
    assert "5 numbers are suspicious: line 4: +1212550: it has 6 digits after +1, and numbers there have 10" in remarks
    assert sum(": it has 6 digits" in remark for remark in remarks) == 3


@pytest.mark.parametrize(("message", "said"), [("Hi {name}", True), ("Hi", False)])
def test_a_list_of_unique_texts_says_what_that_costs(job: Opening, message: str, said: bool) -> None:
    found = checked(job(f"phone,name\n{A},Ann\n{B},Bob\n", message))
    assert ("each text is another one, so each costs a request of its own" in list_remarks(found)) is said


def test_a_cell_without_a_value_makes_the_row_invalid_if_the_text_needs_it(job: Opening) -> None:
    text = f"phone,Name,city\n{A},#N/A,Rome\n{B},Bob,#REF!\n#N/A,Cid,x\n{C},=A1,y\n"
    found = checked(job(text))
    assert [(each.line, each.outcome.code) for each in found.problems] == [
        *((2, Code.INVALID_MESSAGE), (4, Code.INVALID_PHONE), (5, Code.INVALID_MESSAGE))
    ]
    assert "column 'Name' holds '#N/A'" in (found.problems[0].outcome.error or "")
    assert "spreadsheet's error" in (found.problems[1].outcome.error or "")


def test_what_is_kept_goes_with_each_letter(job: Opening) -> None:
    people = job(f"phone,name,id\n{A},Ann,=17\nx,Bob,18\n", keep=("id", "phone"))
    assert [(each.line, each.kept) for each in people] == [(2, ("=17", A)), (3, ("18", "x"))]
    assert [each.kept for each in judged_letters(people, checked(people), None)] == [("=17", A), ("18", "x")]
    for keep, reason in ((("ID",), "no column is called 'ID'"), (("id", "id"), "names 'id' twice")):
        with pytest.raises(FileProblem, match=reason):
            job(f"phone,name,id\n{A},Ann,17\n", keep=keep)


def test_a_column_that_is_used_has_a_name_of_its_own(job: Opening) -> None:
    text = f"phone,name,Notes,Notes\n{A},Ann,1,2\n"
    assert [each.text for each in job(text)] == ["Hi Ann"]
    for message, keep in (("Hi {notes}", ()), ("Hi", ("Notes",))):
        with pytest.raises(FileProblem, match="two columns are called 'Notes'"):
            job(text, message, keep)
