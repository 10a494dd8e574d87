from __future__ import annotations

import pytest

from customersms_async.sandbox import Fault, magic
from customersms_async.sandbox.faults import EFFECTS, Spoils
from support.sandbox_requests import ask, document, state

ROWS = [fault for fault in Fault if EFFECTS[fault].spoils is Spoils.ROW]
REQUESTS = [fault for fault in Fault if EFFECTS[fault].spoils is not Spoils.ROW]


def test_the_table_in_the_docs_is_the_table_in_the_code() -> None:
    assert magic.__doc__ is not None
    assert magic.table() in magic.__doc__
    assert set(EFFECTS) == set(Fault)


def test_a_status_fault_has_its_status_in_its_number() -> None:
    for fault in Fault:
        if fault.name.startswith("STATUS_"):
            assert fault.name == f"STATUS_{EFFECTS[fault].status}"
            assert magic.number(fault) == f"+15005551{EFFECTS[fault].status}"


@pytest.mark.parametrize("fault", ROWS)
def test_a_row_number_does_to_its_row_what_the_schedule_does_to_all(fault: Fault) -> None:
    phone = magic.number(fault)
    alone = document(ask(state(), phone, fault=fault))
    assert document(ask(state(), phone)) == alone
    mixed = document(ask(state(), phone, "+12125551234"))["results"]
    assert mixed[:-1] == alone["results"]
    assert (mixed[-1]["phone"], mixed[-1]["success"]) == ("+12125551234", True)


@pytest.mark.parametrize("fault", REQUESTS)
def test_a_request_number_does_what_the_schedule_does(fault: Fault) -> None:
    phone = magic.number(fault)
    assert ask(state(), "+12125551234", phone) == ask(state(), "+12125551234", phone, fault=fault)


@pytest.mark.parametrize("fault", REQUESTS)
def test_a_first_time_number_acts_once(fault: Fault) -> None:
    at, phone = state(), magic.number(fault, once=True)
    assert [ask(at, phone).planned is not None for _ in range(3)] == [True, False, False]


def test_a_row_fault_has_no_first_time_number() -> None:
    with pytest.raises(ValueError, match="ROW_MISSING"):
        magic.number(Fault.ROW_MISSING, once=True)


@pytest.mark.parametrize("phone", ["+15005550000", "+15005551999", "+15005553429", "+15005559999", "+12125551234"])
def test_other_numbers_of_the_block_are_accepted(phone: str) -> None:
    at = state()
    assert document(ask(at, phone))["results"][0]["success"] is True
    assert [text.phone for text in at.texts] == [phone]


def test_the_first_magic_number_of_a_request_counts_and_the_schedule_before_it() -> None:
    late, later = magic.number(Fault.STATUS_500), magic.number(Fault.STATUS_503)
    assert ask(state(), "+12125551234", late, later).status == 500
    assert ask(state(), late, fault=Fault.STATUS_404).status == 404
