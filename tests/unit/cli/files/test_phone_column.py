"""The columns of phone numbers: known by the names that exports give them, and asked for where there is a doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.files import FileProblem, PhoneColumns
from support.recipient_files import A, B, problem, read

if TYPE_CHECKING:
    from pathlib import Path

OPTED_OUT = PhoneColumns((), "--suppress-column", opted_out=True)

KNOWN = [
    *("Phone Number", "Mobile Phone", "Phone 1 - Value", "Cell", "Telefon", "phone-number", "MobilePhone", "PHONE_NO."),
    *("Cell #", "Tel.", "Mobile Phone Number", "WhatsApp Phone Number", "Billing Phone", "billing_phone", "SMS"),
    *("Phone (Billing)", "Default Address Phone", "Person - Phone - Work", "Phone - Mobile", "URN:Tel", "TEL;CELL"),
    *("Handy", "Mobil", "Telefon-Nr.", "Mobilnummer", "Téléphone", "Te\u0301le\u0301phone", "TELEPHONE PORTABLE"),
    *("Portable", "N° de téléphone", "Móvil", "Celular", "Número de teléfono", "Telemóvel", "Cellulare", "Mobiel"),
    *("GSM-nummer", "Komórka", "Nr tel.", "Telefonní číslo", "Matkapuhelin", "Cep Telefonu", "Телефон", "手机号码"),
    *("携帯電話", "Phone 2", "buyer-phone-number", "can2_phone", "Phone\nNumber", "휴대폰 번호"),
]


@pytest.mark.parametrize("name", KNOWN)
def test_a_usual_name_is_known(name: str) -> None:
    assert PhoneColumns().find(["Name", name, "Email", "Phone Type", "Fax"], line=1) == (1,)


@pytest.mark.parametrize(
    "name",
    [
        *("Name", "Fax", "Fax Number", "Phone Type", "Phone 1 - Type", "Phone 1 - Label", "Phone Country Code"),
        *("Nummer", "Numéro", "Order Number", "House number", "Customer Number", "Phone opt-in", "Microphone"),
        *("Mobile Carrier", "Recipient", "Contact", "Home", "Excel", "", "Cellar", "Destination", "To Do", "Handyman"),
    ],
)
def test_what_is_no_phone_is_not_taken_for_one(name: str) -> None:
    with pytest.raises(FileProblem, match="another usual name"):
        PhoneColumns().find([name, "Email"], line=1)


@pytest.mark.parametrize(
    "header",
    [
        ["Phone 1 - Value", "Phone 2 - Value"],
        ["Home Phone", "Mobile Phone"],
        ["Phone", "MobilePhone"],
        ["Billing Phone", "Shipping Phone"],
        ["Telefon", "Handy"],
        ["Phone", "Emergency contact phone"],
        ["phone", "applicantMobile"],
        ["From", "To", "Body"],
        ["phone", "to"],
    ],
)
def test_two_candidates_are_a_question(header: list[str]) -> None:
    with pytest.raises(FileProblem) as caught:
        PhoneColumns().find(header, line=3)
    assert f"line 3: {header[0]!r} and {header[1]!r} may all be the phone column" in str(caught.value)
    assert "--phone-column" in str(caught.value)


@pytest.mark.parametrize("name", ["Emergency contact phone", "parentMobile", "Applicant Phone Number", "Chef: Handy 2"])
def test_a_name_that_is_not_sure_is_a_question(name: str) -> None:
    with pytest.raises(FileProblem, match="may be the phone column; if it is, say so with --phone-column"):
        PhoneColumns().find(["name", name], line=1)


def test_a_second_column_is_used_where_the_first_is_empty(folder: Path) -> None:
    text = f"Home,Mobile\n{A},{B}\n,{B}\n{A},\n ,{B}\n#N/A,{B}\nx,\n,\n"
    rows = read(folder, "a.csv", text, phone_column=("Mobile", "Home"))
    assert [row.phone for row in rows] == [B, B, A, B, B, "x"]
    rows = read(folder, "a.csv", text, phone_column=("Home", "Mobile"))
    assert [row.phone for row in rows] == [A, B, A, B, "#N/A", "x"]
    assert "names 'Home' twice" in str(problem(folder, "a.csv", text, phone_column=("Home", "Home")))
    assert "no column is called 'x'" in str(problem(folder, "a.csv", text, phone_column=("Home", "x")))


def test_a_second_key_is_used_where_the_first_is_empty(folder: Path) -> None:
    objects = [f'{{"h": null, "m": "{A}"}}', f'{{"m": "{B}"}}', f'{{"h": 5, "m": "{B}"}}', f'{{"h": [], "m": "{B}"}}']
    rows = read(folder, "a.jsonl", "\n".join([*objects, '{"x": 1}']), phone_column=("h", "m"))
    assert [row.phone for row in rows] == [A, B, "5", [], None]


@pytest.mark.parametrize(
    ("header", "column"),
    [
        (["From", "To", "Body"], 0),
        (["to", "from"], 1),
        (["Date", "Von", "An", "Text"], 1),
        (["From Number", "Short code", "To Number"], 0),
        (["phone"], 0),
        (["date", "sender"], 1),
        (["Mobile Number", "Unsubscribed at"], 0),
    ],
)
def test_who_opted_out_is_who_sent_the_reply(header: list[str], column: int) -> None:
    assert OPTED_OUT.find(header, line=1) == (column,)


@pytest.mark.parametrize(
    "header",
    [
        *(["to"], ["To", "Body"], ["Recipient Phone", "Body"], ["phone", "to"], ["phone", "from"], ["from", "sender"]),
        *(["from", "to", "phone"], ["to", "recipient"], ["name", "email"], ["phone", "mobile"], ["Old phone", "x"]),
    ],
)
def test_who_opted_out_is_a_question_where_it_is_not_sure(header: list[str]) -> None:
    with pytest.raises(FileProblem, match="--suppress-column"):
        OPTED_OUT.find(header, line=1)
    assert PhoneColumns((header[0],), "--suppress-column", opted_out=True).find(header, line=1) == (0,)


def test_several_columns_are_all_offered_for_who_opted_out() -> None:
    for header in (["Customer Number", "Business Number", "Reply"], ["Customer", "Old phone"]):
        with pytest.raises(FileProblem) as caught:
            OPTED_OUT.find(header, line=1)
        assert f"say which of {', '.join(map(repr, header))} is, with --suppress-column" in str(caught.value)


@pytest.mark.parametrize("columns", [PhoneColumns(), PhoneColumns((A,)), OPTED_OUT, PhoneColumns((A,), "--x")])
def test_a_number_is_no_name_of_a_column(columns: PhoneColumns) -> None:
    with pytest.raises(FileProblem, match="line 1: it has no header"):
        columns.find([A, "Ann"], line=1)
    with pytest.raises(FileProblem, match="no column is called"):
        columns.find(["2026-10-31", "Ann"], line=1)


@pytest.mark.parametrize("nothing", ["n/a", "-", "0", "none", "NULL", " N/A "])
def test_what_stands_for_nothing_is_as_good_as_empty(folder: Path, nothing: str) -> None:
    (row,) = read(folder, "a.csv", f"Home,Mobile\n{nothing},{B}\n", phone_column=("Home", "Mobile"))
    assert row.phone == B
    (row,) = read(folder, "a.csv", f"Home,Mobile\n{nothing},\n", phone_column=("Home", "Mobile"))
    assert row.phone == nothing
