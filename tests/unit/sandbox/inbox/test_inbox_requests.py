from __future__ import annotations

import pytest

from customersms_async.sandbox.inbox.inbox_requests import begins_for_inbox, is_for_inbox

OURS = ["GET /", "HEAD /", "GET /inbox.js", "GET /texts", "DELETE /texts", "PUT /switches", "GET /switches"]
OTHERS = ["POST /", "POST /texts", "PUT /", "DELETE /", "GET /sms_system/api.php", "GET /textsx", "GET //", "OPTIONS /"]


@pytest.mark.parametrize("line", OURS)
@pytest.mark.parametrize("rest", [" HTTP/1.1\r\n", "?after=3 HTTP/1.1\r\n"])
def test_the_inbox_knows_its_requests_by_their_first_bytes(line: str, rest: str) -> None:
    assert is_for_inbox(*line.split(" "))
    first = f"{line}{rest}".encode()
    assert begins_for_inbox(first) is True
    told = [begins_for_inbox(first[:length]) for length in range(1, len(line) + 2)]
    assert told == [None] * len(line) + [True]


@pytest.mark.parametrize("line", OTHERS)
def test_all_others_are_the_gateways(line: str) -> None:
    assert not is_for_inbox(*line.split(" "))
    assert begins_for_inbox(f"{line} HTTP/1.1\r\n".encode()) is False


def test_a_request_for_the_gateway_is_known_at_its_second_byte() -> None:
    assert (begins_for_inbox(b"P"), begins_for_inbox(b"PO")) == (None, False)
    assert begins_for_inbox(b"\x16\x03\x01") is False
