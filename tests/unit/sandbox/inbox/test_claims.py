from __future__ import annotations

import pytest

from customersms_async.sandbox.inbox.claims import begins_as_claimed, claims

OURS = ["GET /", "HEAD /", "GET /inbox.js", "GET /texts", "DELETE /texts", "PUT /switches", "GET /switches"]
OTHERS = ["POST /", "POST /texts", "PUT /", "DELETE /", "GET /sms_system/api.php", "GET /textsx", "GET //", "OPTIONS /"]


@pytest.mark.parametrize("line", OURS)
@pytest.mark.parametrize("rest", [" HTTP/1.1\r\n", "?after=3 HTTP/1.1\r\n"])
def test_the_inbox_knows_its_requests_by_their_first_bytes(line: str, rest: str) -> None:
    assert claims(*line.split(" "))
    first = f"{line}{rest}".encode()
    assert begins_as_claimed(first) is True
    told = [begins_as_claimed(first[:length]) for length in range(1, len(line) + 2)]
    assert told == [None] * len(line) + [True]


@pytest.mark.parametrize("line", OTHERS)
def test_all_others_are_the_gateways(line: str) -> None:
    assert not claims(*line.split(" "))
    assert begins_as_claimed(f"{line} HTTP/1.1\r\n".encode()) is False


def test_a_request_for_the_gateway_is_known_at_its_second_byte() -> None:
    assert (begins_as_claimed(b"P"), begins_as_claimed(b"PO")) == (None, False)
    assert begins_as_claimed(b"\x16\x03\x01") is False
