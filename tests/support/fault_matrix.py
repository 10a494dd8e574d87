"""The fault matrix: one row a fault, with all that it may lead to; ``test_faults`` runs each in every way to send."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from customersms_async import (
    AuthenticationError,
    ConnectionFailedError,
    InsufficientCreditsError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    Status,
)
from customersms_async._core.outcome_table import TokenFate
from customersms_async.sandbox import Entry, Fault
from support.broken_gateways import (
    Handler,
    answered,
    drip,
    go_on_and_on,
    never_answer,
    never_read,
    page,
)
from support.changed_bytes import (
    as_bytes,
    chunked,
    damaged,
    in_members,
    on_the_wire,
    raw_deflate,
    until_the_end,
    with_headers,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ACCEPTED, REJECTED, UNKNOWN, UNSENT = Status.ACCEPTED, Status.REJECTED, Status.UNKNOWN, Status.UNSENT
SETTLED, HELD, BACK = TokenFate.SETTLE, TokenFate.LAPSE, TokenFate.GIVE_BACK
UNREADABLE, NO_ANSWER = "UNREADABLE_ANSWER", "NO_ANSWER"
LONG = "x" * 16_000_000
"""A text that no socket's buffers can hold."""


class Row(NamedTuple):
    """A fault that befalls every request, and what it leads to: for one number by itself, and for two in one request.

    ``what``: a fault of the sandbox, a raw gateway's way, or the name of a place where no gateway is. ``error`` and
    ``code`` are those that ``send`` raises; outcomes have the same code. ``begun``: requests that reached the server;
    ``read``: whether it read them in full; ``sent``: whether the texts went out. ``pause``: seconds for which the key
    must rest, from and to. ``stops``: nothing more can go out, so every way to send raises. ``slow``: it takes as long
    as the time-out, so that is made to end soon, and there is one number only.
    """

    name: str
    what: Entry | Handler | str
    alone: Status
    pair: tuple[Status, Status]
    error: type[Exception] | None = None
    code: str | None = None
    tokens: TokenFate = SETTLED
    begun: int = 1
    begun_pair: int = 1
    read: bool = True
    sent: bool = True
    pause: tuple[float, float] = (0, 0)
    slow: bool = False
    stops: bool = False
    message: str = "Hello"


def row(what: Any, status: Status, error: Any, code: str | None = None, name: str = "", **more: Any) -> Row:
    """A row of the matrix: a fault, and all that it may lead to."""
    if name == "":
        name = (what[0] if isinstance(what, tuple) else what).name
    return Row(name, what, status, more.pop("pair", (status, status)), error, code, **more)


def accepted(what: Any, name: str = "", **more: Any) -> Row:
    """All texts are accepted."""
    return row(what, ACCEPTED, None, None, name, **more)


def unknown(what: Any, code: str = UNREADABLE, name: str = "", **more: Any) -> Row:
    """All texts are unknown: they may have been sent."""
    return row(what, UNKNOWN, OutcomeUnknownError, code, name, **more)


def lost(what: Any, name: str = "", **more: Any) -> Row:
    """No answer came: unknown, and the tokens are held."""
    return unknown(what, NO_ANSWER, name, tokens=HELD, **more)


def rejected(what: Any, code: str | None, name: str = "", **more: Any) -> Row:
    """The gateway refuses the texts, for good."""
    return row(what, REJECTED, more.pop("error", RejectedError), code, name, **more)


def refused(what: Any, status: int, **more: Any) -> Row:
    """Judged by its status alone."""
    return rejected(what, f"HTTP_{status}", sent=False, **more)


def later(what: Any, pause: tuple[float, float], **more: Any) -> Row:
    """The gateway is busy, and asks to come again after a pause of so many seconds, at least and at most."""
    return row(what, UNSENT, RateLimitedError, "RATE_LIMITED", pause=pause, sent=False, **more)


def never_left(what: str, code: str = "CONNECTION_FAILED", **more: Any) -> Row:
    """No byte of the request left this machine."""
    return row(
        what,
        UNSENT,
        ConnectionFailedError,
        code,
        what,
        tokens=BACK,
        begun=0,
        begun_pair=0,
        read=False,
        sent=False,
        **more,
    )


def bad_key(what: Any, name: str = "", **more: Any) -> Row:
    """The gateway refuses the key, and everything stops."""
    return row(what, UNSENT, AuthenticationError, "INVALID_API_KEY", name, sent=False, stops=True, **more)


def broke(what: Any, name: str = "", **more: Any) -> Row:
    """The account has no credits, and everything stops."""
    return row(what, UNSENT, InsufficientCreditsError, "INSUFFICIENT_CREDITS", name, sent=False, stops=True, **more)


def results(*rows: Callable[[str], dict[str, Any]], status: str = "200 OK", **fields: Any) -> Handler:
    """An answer with these rows for each number asked, and these fields in place of the documented ones."""
    return page(lambda phones: {**answered(phones), "results": [r(p) for p in phones for r in rows], **fields}, status)


def without_results(status: str = "200 OK", fields: dict[str, Any] | None = None, **more: Any) -> Handler:
    """An answer of these fields, without a row for any number."""
    return page({**(fields or {}), **more}, status)


def took(phone: str) -> dict[str, Any]:
    """A row that accepts the number."""
    return {"phone": phone, "success": True, "message_id": "msg_1"}


def failed(phone: str) -> dict[str, Any]:
    """A row that rejects the number, with a reason."""
    return {"phone": phone, "success": False, "error": "Invalid", "code": "INVALID_NUMBER"}


def refused_silently(phone: str) -> dict[str, Any]:
    """A row that rejects the number, without a reason."""
    return {"phone": phone, "success": False}


def silently_failed(_: str) -> dict[str, Any]:
    """A row that rejects, and names no number."""
    return {"success": False}


def with_code(code: str, success: bool = False) -> Callable[[str], dict[str, Any]]:
    """Rows with this code."""
    return lambda phone: {"phone": phone, "success": success, "code": code}


def masked(row: Callable[[str], dict[str, Any]]) -> Callable[[str], dict[str, Any]]:
    """Rows with half of each number hidden."""
    return lambda phone: {**row(phone), "phone": f"{phone[:5]}***{phone[-4:]}"}


def keyed_from_1(phones: list[str]) -> dict[str, Any]:
    """An answer whose rows are an object with the keys 1, 2, 3."""
    return {**answered(phones), "results": {str(i): {"success": False} for i, _ in enumerate(phones, 1)}}


def keyed_by_phone(phones: list[str]) -> dict[str, Any]:
    """An answer whose rows are an object with the numbers as its keys."""
    return {**answered(phones), "results": {phone: {"success": True} for phone in phones}}


def stranger(_: str) -> dict[str, Any]:
    """A row that accepts a number which nobody asked for."""
    return took("+15005559999")


def failed_stranger(_: str) -> dict[str, Any]:
    """A row that rejects a number which nobody asked for."""
    return failed("+15005559999")


OF_THE_SANDBOX: Final = [
    # Odd bodies
    accepted(Fault.BOM),
    accepted(Fault.PHP_WARNING),
    accepted(Fault.TEXT_HTML),
    accepted(Fault.NUMBERS_AS_TEXT),
    accepted(Fault.PHONES_AS_NUMBERS),
    accepted(Fault.RESULTS_REVERSED),
    accepted(Fault.RESULTS_KEYED),
    accepted(Fault.COUNTERS_WRONG),
    accepted(Fault.FAILURE_BUT_SENT),
    accepted(Fault.NOT_AN_OBJECT),
    unknown(Fault.RESULTS_SHORT, pair=(ACCEPTED, UNKNOWN)),
    unknown(Fault.RESULTS_MISSING),
    unknown(Fault.HTML_FATAL),
    unknown(Fault.EMPTY_BODY),
    unknown(Fault.JSON_CUT),
    lost(Fault.HUGE_BODY),
    lost(Fault.GZIP_BOMB),
    # Odd rows
    rejected(Fault.ROW_REJECTED, "INVALID_NUMBER", sent=False),
    rejected(Fault.ROW_REJECTED_WITHOUT_CODE, None, sent=False),
    rejected(Fault.ROW_REJECTED_WITH_ID, "INVALID_NUMBER", sent=False),
    broke(Fault.ROW_NO_CREDITS),
    bad_key(Fault.ROW_KEY_REFUSED),
    unknown(Fault.ROW_MISSING),
    unknown(Fault.ROW_CONTRADICTED),
    accepted(Fault.ROW_PHONE_AS_NUMBER),
    accepted(Fault.ROW_WITHOUT_ID),
    accepted(Fault.ROW_ID_AS_NUMBER),
    accepted(Fault.ROW_SUCCESS_AS_TEXT),
    accepted(Fault.ROW_TWICE),
    accepted(Fault.ROW_EXTRA),
    # The connection
    lost(Fault.CLOSE_BEFORE, read=False, sent=False),
    lost(Fault.CLOSE_DURING, read=False, sent=False),
    lost(Fault.CLOSE_AFTER),
    lost(Fault.RESET_BEFORE, read=False, sent=False),
    lost(Fault.RESET_AFTER),
    lost(Fault.CUT_IN_HEADERS),
    lost(Fault.CUT_IN_BODY),
    lost(Fault.ENDLESS_BODY),
    accepted(Fault.IDLE_CLOSED),
    accepted(Fault.EARLY_HINTS),
    lost((Fault.SLOW, 3_600.0), slow=True),
    # The status
    refused(Fault.STATUS_301, 301),
    unknown(Fault.STATUS_302, "HTTP_302"),
    unknown(Fault.STATUS_303, "HTTP_303"),
    refused(Fault.STATUS_307, 307),
    refused(Fault.STATUS_308, 308),
    refused(Fault.STATUS_400, 400),
    bad_key(Fault.STATUS_401),
    broke(Fault.STATUS_402),
    refused(Fault.STATUS_403, 403),
    refused(Fault.STATUS_404, 404),
    unknown(Fault.STATUS_408, "HTTP_408", sent=False),
    unknown(Fault.STATUS_409, "HTTP_409"),
    refused(Fault.STATUS_413, 413, begun_pair=3),
    later(Fault.STATUS_425, (1, 1)),
    later(Fault.STATUS_429, (1, 1)),
    later((Fault.STATUS_429, 1_000_000.0), (60, 60.1), name="a 429 that asks for more than the longest window"),
    later(Fault.RETRY_AFTER_DATE, (0, 2)),
    later(Fault.RETRY_AFTER_NONSENSE, (60, 60.1)),
    later(Fault.RETRY_AFTER_MISSING, (60, 60.1)),
    unknown(Fault.STATUS_500, "HTTP_500", tokens=HELD),
    unknown(Fault.STATUS_502, "HTTP_502", tokens=HELD),
    unknown(Fault.STATUS_503, "HTTP_503", tokens=HELD, sent=False),
    unknown(Fault.STATUS_504, "HTTP_504", tokens=HELD),
]

SAYS_NO: Final[dict[str, Any]] = {"success": False, "error": "No", "code": "NO"}
WRONG_KEY: Final[dict[str, Any]] = {"success": False, "error": "Invalid or inactive API key", "code": "INVALID_API_KEY"}

OF_ANSWERS: Final = [
    # The status, where the sandbox has none
    unknown(page(b"", "204 No Content"), "UNREADABLE_ANSWER", "204"),
    unknown(page(b"", "300 Multiple Choices"), "HTTP_300", "300"),
    unknown(on_the_wire(lambda _: b"HTTP/1.1 304 Not Modified\r\n\r\n"), "HTTP_304", "304"),
    refused(page(b"", "405 Method Not Allowed", Allow="GET"), 405, name="405"),
    refused(page(b"", "415 Unsupported Media Type"), 415, name="415"),
    refused(page(b"", "422 Unprocessable Content"), 422, name="422"),
    unknown(page(b"", "599 Odd"), "HTTP_599", "599", tokens=HELD),
    lost(on_the_wire(lambda _: b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), "101"),
    accepted(on_the_wire(lambda data: b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000 + data), "100, a thousand times"),
    # The status and the words
    rejected(without_results("400 Bad Request", SAYS_NO), "NO", "400 with a code", sent=False),
    rejected(without_results(fields=SAYS_NO), "NO", "200 with a code", sent=False),
    rejected(without_results(fields=SAYS_NO, successful_sends="0"), "NO", "200 with no sends", sent=False),
    unknown(without_results(fields=SAYS_NO, successful_sends=1), "NO", "200 with success false and a send"),
    unknown(without_results("400 Bad Request", SAYS_NO, successful_sends="1"), "NO", "400 with a send"),
    unknown(without_results("500 Oops", SAYS_NO), "NO", "500 with a code", tokens=HELD),
    unknown(without_results(success=True), UNREADABLE, "200 with success and nothing more"),
    unknown(without_results("404 Not Found", success=True), "HTTP_404", "404 with success"),
    unknown(without_results("429 Too Many", success=True), "HTTP_429", "429 with success"),
    bad_key(without_results(fields=WRONG_KEY), "a bad key at 200"),
    bad_key(without_results("403 Forbidden", WRONG_KEY), "a bad key at 403"),
    bad_key(without_results("500 Oops", WRONG_KEY), "a bad key at 500", tokens=HELD),
    unknown(without_results(fields=WRONG_KEY, success=True), "INVALID_API_KEY", "a bad key, but success", stops=True),
    # Rows outrank the status below 500, and nothing outranks a status from 500
    accepted(results(took, status="201 Created"), "201 with rows"),
    accepted(results(took, status="302 Found"), "302 with rows"),
    accepted(results(took, status="401 Unauthorized"), "401 with rows", stops=True),
    broke(results(refused_silently, status="402 Payment Required"), "402 with rows that failed"),
    accepted(results(took, status="429 Too Many"), "429 with rows"),
    rejected(results(failed, status="408 Time-out"), "INVALID_NUMBER", "408 with rows"),
    unknown(results(took, status="500 Oops"), "HTTP_500", "500 with rows", tokens=HELD),
    unknown(results(failed, status="502 Oops"), "HTTP_502", "502 with rows that failed", tokens=HELD),
    # Rows
    unknown(results(), UNREADABLE, "no rows"),
    unknown(results(stranger), UNREADABLE, "rows of strangers only"),
    unknown(results(failed_stranger), UNREADABLE, "failed rows of strangers only"),
    unknown(results(stranger, success=False), UNREADABLE, "success false, and a stranger's text was taken"),
    unknown(results(failed, took), UNREADABLE, "the same number failed and taken"),
    rejected(results(failed, failed, stranger), "INVALID_NUMBER", "more rows than numbers"),
    accepted(results(took, took, took, stranger), "four rows a number"),
    accepted(results(took, successful_sends=0, failed_sends=7, total_numbers=-1), "counters beside the rows"),
    rejected(results(failed, successful_sends=2, success=True), "INVALID_NUMBER", "counters against the rows"),
    unknown(results(lambda p: {"phone": p}), UNREADABLE, "rows that don't say"),
    unknown(results(lambda p: {"phone": p, "success": "maybe"}), UNREADABLE, "rows that say maybe"),
    accepted(results(lambda _: {"success": 1}), "rows by position"),
    unknown(results(silently_failed, silently_failed), name="rows by position, twice as many"),
    unknown(results(silently_failed, status="400 Bad", results=[0]), "HTTP_400", "400 with what is no row"),
    unknown(page(keyed_from_1), name="rows keyed from 1"),
    accepted(page(keyed_by_phone), "rows keyed by phone"),
    # Rows that speak of the key or the account
    broke(results(with_code("insufficient_credits")), "rows without credits, in lower case"),
    broke(results(lambda p: {"phone": p, "code": "INSUFFICIENT_CREDITS"}), "rows without credits or success"),
    broke(results(refused_silently, code="INSUFFICIENT_CREDITS"), "failed rows, and no credits above them"),
    unknown(
        results(with_code("INVALID_API_KEY", True)), "INVALID_API_KEY", "rows with success and a bad key", stops=True
    ),
    unknown(
        results(with_code("INSUFFICIENT_CREDITS"), status="500 Oops"),
        "HTTP_500",
        "500 with rows without credits",
        tokens=HELD,
        stops=True,
    ),
    unknown(results(masked(with_code("INSUFFICIENT_CREDITS"))), name="masked rows without credits", stops=True),
    later(results(with_code("RATE_LIMITED")), (60, 60.1), name="rows beyond the limits"),
    later(without_results(fields=SAYS_NO, code="RATE_LIMITED"), (60, 60.1), name="200, beyond the limits"),
    # Bytes
    accepted(as_bytes(gzip.compress, Content_Encoding="gzip"), "packed, though nobody asked for it"),
    accepted(as_bytes(in_members, Content_Encoding="gzip"), "packed, in several members"),
    accepted(as_bytes(zlib.compress, Content_Encoding="deflate"), "packed by deflate"),
    accepted(as_bytes(raw_deflate, Content_Encoding="deflate"), "packed by deflate, without zlib's header"),
    accepted(as_bytes(lambda b: gzip.compress(gzip.compress(b)), Content_Encoding="gzip, gzip"), "packed twice"),
    accepted(as_bytes(lambda b: b, Content_Encoding="gzip"), "not packed, though it says so"),
    accepted(as_bytes(lambda b: b, Content_Encoding="deflate"), "not packed, though it says deflate"),
    accepted(as_bytes(lambda b: b, Content_Encoding="br"), "not packed, though it says br"),
    unknown(as_bytes(lambda b: b[::-1], Content_Encoding="br"), name="packed by br"),
    unknown(as_bytes(lambda b: b[::-1], Content_Encoding="zstd"), name="packed by zstd"),
    unknown(as_bytes(lambda b: gzip.compress(b)[:-20], Content_Encoding="gzip"), UNREADABLE, "packed, and cut"),
    unknown(as_bytes(damaged, Content_Encoding="gzip"), name="packed, and damaged"),
    # Headers
    accepted(page(answered, X_Long="x" * 9_000), "a header of 9 kB"),
    accepted(page(answered, X_Long="x" * 60_000), "a header of 60 kB"),
    accepted(page(answered, **{f"X-{place}": "y" for place in range(150)}), "150 headers"),
    accepted(with_headers(b"X: y\r\n" * 1_500), "1,500 headers"),
    accepted(page(answered, "200 " + "OK " * 3_000), "a reason of 9 kB"),
    unknown(as_bytes(lambda b: b.decode().encode("utf-16")), name="UTF-16"),
    accepted(until_the_end(0), "ended by the connection's end"),
    unknown(until_the_end(1), name="cut by the connection's end"),
    accepted(chunked(b"0\r\n\r\n"), "chunked"),
    lost(chunked(b""), "chunked, without an end"),
    lost(on_the_wire(lambda data: data[:-1]), "a byte too few"),
    accepted(on_the_wire(lambda data: data + b"<!-- cached -->"), "bytes beyond its length"),
    lost(on_the_wire(lambda _: b"SMS sent\r\n\r\n"), "not HTTP"),
    lost(on_the_wire(lambda _: b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n"), "headers too long"),
    lost(with_headers((b"X: " + b"x" * 9_000 + b"\r\n") * 900), "long headers, and many of them"),
    lost(on_the_wire(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), "two lengths"),
    lost(drip, "an answer that drips", slow=True),
    lost(go_on_and_on, "100 without end", slow=True),
    lost(never_answer, "no answer", slow=True),
    lost(never_read, "a request that nobody reads", slow=True, read=False, message=LONG),
]

OF_PLACES: Final = [
    never_left("refused"),
    never_left("name not found"),
    never_left("certificate refused", "CERTIFICATE_REFUSED"),
    never_left("handshake cut"),
    never_left("handshake without an answer", slow=True),
    never_left("queue full", slow=True),
]

ROWS: Final = [*OF_THE_SANDBOX, *OF_ANSWERS, *OF_PLACES]
