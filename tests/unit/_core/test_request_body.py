"""The request body, as the gateway's documentation has it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.options import Options
from customersms_async._core.provider import encode
from customersms_async._core.secret import Secret


def test_a_request_has_the_documented_fields_in_their_order() -> None:
    assert encode("cspro_key", ["+12125551234", "+13235554567"], 'Zoë said "hi" 👋') == (
        '{"api_key":"cspro_key","phone":["+12125551234","+13235554567"],"message":"Zoë said \\"hi\\" 👋"}'.encode()
    )


def test_one_number_goes_out_as_an_array_too() -> None:
    assert json.loads(encode("k", ("+12125551234",), "Hello"))["phone"] == ["+12125551234"]


@given(st.text(), st.lists(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), min_size=1), st.text())
def test_any_json_reader_reads_the_request_back(key: str, phones: list[str], message: str) -> None:
    assert list(json.loads(encode(key, phones, message)).items()) == [
        ("api_key", key),
        ("phone", phones),
        ("message", message),
    ]


def test_half_a_surrogate_pair_is_refused_and_not_replaced() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode("k", ["+12125551234"], "\ud83d")


def test_the_options_of_a_client_make_the_body_and_seal_it() -> None:
    body = Options(None).request_body(Secret("cspro_key"), ["+12125551234"], "Hi")
    assert body.reveal() == encode("cspro_key", ["+12125551234"], "Hi")
    assert "cspro_key" not in repr(body)
