"""Lists of people who said no, as they are exported: never the number that they wrote to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.files import FileProblem
from customersms_async.cli.files.phone_list import numbers_in, suppressed_in
from support.recipient_files import A, B

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SHOP = "+18885550100"


def suppressed(folder: Path, text: str, names: Sequence[str] | None = None, *, name: str = "stop.csv") -> list[str]:
    (folder / name).write_text(text)
    return list(suppressed_in(folder / name, "utf-8", None, names).numbers)


def test_a_log_of_replies_suppresses_those_who_sent_them(folder: Path) -> None:
    for header, row in (("From,To,Body", "{0},{1},STOP"), ("body,to,from", "STOP,{1},{0}")):
        text = "\n".join([header, row.format(A, SHOP), row.format(B, SHOP), row.format(A, SHOP)])
        assert suppressed(folder, text) == [A, B]
    objects = [f'{{"from": "{each}", "to": "{SHOP}"}}\n' for each in (A, B)]
    assert suppressed(folder, "".join(objects), name="stop.jsonl") == [A, B]
    assert suppressed(folder, f"From,To,Direction,Body\n{A},{SHOP},inbound,STOP\n") == [A]
    assert suppressed(folder, f"{A}\n{B}\n", name="stop.txt") == [A, B]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"To,Body\n{SHOP},STOP\n", "'To' says whom a text went to"),
        (f"From,To,Body\n{SHOP},{A},You are out\n{SHOP},{B},You are out\n", "no more numbers in 'From' than in 'To'"),
        (f"From,To,Direction\n{A},{SHOP},inbound\n{SHOP},{A},outbound-reply\n", "line 3: 'Direction' is"),
        (f"From,To,Direction\n{A},{SHOP},\n", "line 2: 'Direction' is ''"),
        (f"phone,to\n{A},{SHOP}\n", "'phone' and 'to' may all be"),
        (f"From,To\n{A},{SHOP}\nShop,{SHOP}\n", "line 3"),
        (f"From,To,Body\n{SHOP},{A},Hi\n", "no more numbers in 'From' than in 'To'"),
        (f"Sender,Recipient,Text\n{SHOP},{A},Hi\n", "no more numbers in 'Sender' than in 'Recipient'"),
        (f"From,To,Status\n{SHOP},{A},undelivered\n", "'Status' is 'undelivered'"),
        (f"From,To,Body,Status\n{SHOP},{A},STOP,Delivered\n", "'Status' is 'Delivered'"),
        (f"From,To,ErrorCode\n{SHOP},{A},21610\n", "'ErrorCode' is '21610'"),
        (f"incoming,From,To\nfalse,{SHOP},{A}\n", "'incoming' is 'false'"),
        (f"is_incoming,From,To\n1,{SHOP},{A}\n,{A},{SHOP}\n", "line 3: 'is_incoming' is ''"),
        (f"outgoing,From,To,Body\n1,{SHOP},{A},stop\n", "'outgoing' is '1'"),
        (f"phone,status\n{A},subscribed\n{B},unsubscribed\n", "line 3: 'status' is 'subscribed' in some rows"),
        (f"phone,opted_out\n{A},TRUE\n{B},\n", "make a file of those who opted out only"),
        (f"name,mobile,home\nAnn,{A},{B}\n", "line 2: 'mobile' and 'home' have numbers"),
        (f"phone,alternate\n{A},\n,{B}\n", "line 3: 'phone' and 'alternate' have numbers"),
        ("phone\n\n", "no number that could be suppressed"),
        ("email,phone\na@x.com,n/a\n", "no number that could be suppressed"),
        ("phone\nnobody\n", "line 2: it has no digits"),
    ],
)
def test_a_list_that_leaves_a_doubt_is_refused(folder: Path, text: str, said: str) -> None:
    with pytest.raises(FileProblem) as caught:
        suppressed(folder, text)
    assert said in str(caught.value)
    assert str(folder / "stop.csv") in str(caught.value)


def test_the_column_can_be_named(folder: Path) -> None:
    assert suppressed(folder, f"From,To\n{SHOP},{A}\n{SHOP},{B}\n", ["To"]) == [A, B]
    assert suppressed(folder, f"From,To\n,{A}\n{B},\n", ["From", "To"]) == [A, B]


def test_other_lists_are_read_as_recipients_are(folder: Path) -> None:
    (folder / "some.csv").write_text(f"From,To\n{SHOP},{A}\n")
    with pytest.raises(FileProblem, match="say which with --phone-column"):
        list(numbers_in(folder / "some.csv", "utf-8", None, None))
    assert list(numbers_in(folder / "some.csv", "utf-8", None, ["To"])) == [A]


def test_a_log_in_which_everything_came_in_needs_no_more_senders_than_receivers(folder: Path) -> None:
    for said in ("inbound", "Inbound SMS", "incoming", "received", "MO"):
        assert suppressed(folder, f"From,To,Direction,Body\n{A},{SHOP},{said},Hi\n") == [A]
    assert suppressed(folder, f"incoming,From,To,ErrorCode,Status\nTRUE,{A},{SHOP},,received\n") == [A]
    for stop in ("STOP", "stop.", "Arr\u00eat", "BAJA", "STOPP", "unsubscribe", "Stop please", "END", "opt out"):
        assert suppressed(folder, f"From,To,Body\n{A},{SHOP},{stop}\n") == [A]
    with pytest.raises(FileProblem, match="no more numbers"):
        suppressed(folder, f"From,To,Body\n{A},{SHOP},STOP\n{B},{A},Stop by our shop today\n")


def test_every_column_that_is_named_counts_in_each_row(folder: Path) -> None:
    text = f"name,mobile,home\nAnn,{A},{B}\nBob,,{SHOP}\n"
    assert suppressed(folder, text, ["mobile", "home"]) == [A, B, SHOP]
    assert suppressed(folder, text, ["home"]) == [B, SHOP]


def test_the_same_number_in_another_column_is_no_doubt(folder: Path) -> None:
    assert suppressed(folder, f"phone,raw,id,when\n{A},+1 (212) 555-1234,2125551299,2026-10-31\n") == [A]


def test_rows_without_a_number_are_passed_over_and_counted(folder: Path) -> None:
    path = folder / "blank.csv"
    path.write_text(f"email,phone\na@x.com,{A}\nb@x.com,\nc@x.com,N/A\nd@x.com,whatsapp:{B}\n")
    assert suppressed_in(path, "utf-8", None, None) == ((A, B), ("2 rows have no number",))


def test_a_status_that_is_the_same_for_all_is_no_doubt(folder: Path) -> None:
    text = f"phone,status,opted out\n{A},unsubscribed,2026-10-01\n{B},Unsubscribed,2026-10-03\n"
    assert suppressed(folder, text) == [A, B]


def test_a_comment_is_no_formula(folder: Path) -> None:
    with pytest.raises(FileProblem, match="line 1: it is a comment"):
        suppressed(folder, f"# opt outs\n{A}\n", name="stop.txt")


def test_no_column_of_a_list_has_the_name_of_another(folder: Path) -> None:
    with pytest.raises(FileProblem, match="two columns are called 'home'"):
        suppressed(folder, f"phone,home,home\n{A},{B},\n")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("stop.dat", f"{A}\n", "or .txt (one phone number a line)"),
        ("stop.csv", "phone,a;b\n+1,c;d\n", "may all separate its columns; say which by a first line, such as sep=,"),
        ("stop.tsv", f"phone;name\n{A};Ann\n", "so save it as .csv, with sep=; as its first line"),
        ("stop.csv", f"sep=;\nphone\tname\n{A}\tAnn\n", "so save it as .tsv"),
    ],
)
def test_a_list_has_no_option_for_what_separates_its_columns(folder: Path, name: str, text: str, says: str) -> None:
    with pytest.raises(FileProblem) as refused:
        suppressed(folder, text, name=name)
    assert str(refused.value).endswith(says), refused.value
    assert "--delimiter" not in str(refused.value)


def test_what_is_said_in_place_of_the_option_helps(folder: Path) -> None:
    assert suppressed(folder, f"sep=;\nphone;name\n{A};Ann\n") == [A]
    assert suppressed(folder, f"sep=,\nphone,a;b\n{A},c;d\n") == [A]
    assert suppressed(folder, f"phone\tname\n{A}\tAnn\n", name="stop.tsv") == [A]
