"""What the command leaves of an API key that the gateway says back: nothing, on no output and in no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from anyio.from_thread import start_blocking_portal

from customersms_async._core.secret import PUBLIC_START
from support.echoing_gateway import KEY, PHONE, TEXT, echoing

if TYPE_CHECKING:
    from support.command import Commands

FILE = "phone,name\r\n+12125551234,Ann\r\n+13235554567,Bob\r\nno number,Cid\r\n"


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        ("headers", "out.jsonl"),
        ("refused rows", "out.csv"),
        ("key refused", "out.csv"),
    ],
)
def test_no_output_and_no_file_of_a_command_holds_the_key(customersms: Commands, answer: str, output: str) -> None:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(echoing(answer)) as echo:
        place = {"CUSTOMERSMS_URL": echo.url, "CUSTOMERSMS_API_KEY": KEY, "PYTHONDEVMODE": "1"}
        people = customersms.write("people.csv", FILE)
        log = ("--log-level", "debug")
        one = customersms("send", PHONE, "-m", TEXT, *log, **place)
        many = customersms("send", "-f", people, "-m", "Hi {name}", "-y", "--json", "-o", output, *log, **place)
    shown = one.out + one.err + many.out + many.err
    written = (customersms.folder / output).read_text(encoding="utf-8")
    assert "httpcore" not in shown, "the log of other libraries is not there"
    assert written.count(PHONE) == 1
    for words in (shown, written):
        assert KEY[:PUBLIC_START] not in words
    assert many.err.count("Hi Ann") == 1, "the preview shows the first text, and nothing else does"
    assert PHONE[3:-2] not in "".join(line for line in many.err.splitlines(True) if "customersms_async" in line)


@pytest.mark.parametrize("odd", [f"{KEY} ", f"\ufeff{KEY}", f"{KEY}'"])
def test_a_key_that_is_refused_is_not_shown(customersms: Commands, odd: str) -> None:
    ended = customersms("send", PHONE, "-m", TEXT, CUSTOMERSMS_API_KEY=odd, CUSTOMERSMS_URL="http://127.0.0.1:9/")
    assert ended.status == 2
    assert KEY[:PUBLIC_START] not in ended.out + ended.err
