"""A gateway that says the API key back in every place where an answer has room for words."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

KEY: Final = "cspro_echo/ed+key&0123456789="
PHONE: Final = "+12125551234"
TEXT: Final = "Dear Ms Nobody, your one-time password is 424242"

Answer = Callable[[str, Sequence[str], str], bytes]
"""(key, phones, message) -> all bytes of an answer; none at all to hang up."""


def http(document: Any = None, status: str = "200 OK", body: bytes | None = None, **headers: Any) -> bytes:
    """An answer; names of headers are written with ``_`` for ``-``."""
    content = json.dumps(document).encode() if body is None else body
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content


def refusal(words: str, code: str = "NO") -> dict[str, Any]:
    """The documented error."""
    return {"success": False, "error": words, "code": code}


def rows(phones: Sequence[str], **fields: Any) -> dict[str, Any]:
    """The documented answer, with these fields in every row."""
    return {"success": True, "results": [{"phone": phone, "success": True, **fields} for phone in phones]}


def headers(key: str) -> dict[str, Any]:
    """Every header that anything looks at, and one that nothing does."""
    return {
        "Location": f"https://{key[:9]}.invalid/{key}?{key}",
        "Set_Cookie": f"{key[:10]}={key}; Path=/",
        "Retry_After": key,
        "Content_Type": f"text/{key}",
        "Server": key,
        "X_Key": key,
        key.translate(str.maketrans("/&=", "-_-")): key,
    }


ANSWERS: Final[dict[str, Answer]] = {
    "error": lambda key, _, __: http(refusal(f"bad key {key}", key), "400 Bad", message=key),
    "key refused": lambda key, _, __: http(refusal(f"bad key {key}", "INVALID_API_KEY"), f"401 {key}", **headers(key)),
    "no credits": lambda key, _, __: http(refusal(key, "INSUFFICIENT_CREDITS"), f"402 {key}", **headers(key)),
    "accepted rows": lambda key, phones, _: http(rows(phones, message_id=key) | {"remaining_credits": key}),
    "refused rows": lambda key, phones, _: http(rows(phones, success=False, message_id=key, error=key, code=key)),
    "rows of nobody": lambda key, _, __: http(rows([key], error=key)),
    "names of fields": lambda key, _, __: http({key: key, "success": True, "results": {key: {key: key}}}),
    "cut by us": lambda key, _, __: http(refusal("x" * 190 + key, "x" * 190 + key), "400 Bad"),
    "cut by us from afar": lambda key, _, __: http(refusal(key * 200), "400 Bad"),
    "cut by them": lambda key, _, __: http(refusal(f"bad key {key[:-3]}…", key[:-1]), "400 Bad"),
    "escaped": lambda key, _, __: http(refusal(f"{quote(key, safe='')} {html.escape(key)} {quote(key)}"), "400 Bad"),
    "a page": lambda key, _, __: http(body=f"<b>Fatal</b>: {key}".encode(), status=f"500 {key}", **headers(key)),
    "a page before": lambda key, _, __: http(body=f"<b>{key}</b>{json.dumps(refusal(key))}".encode()),
    "an error of 500": lambda key, _, __: http(refusal(key, key), f"500 {key}"),
    "headers": lambda key, phones, _: http(rows(phones), f"200 {key}", **headers(key)),
    "an odd encoding": lambda key, phones, _: http(rows(phones), Content_Encoding=key),
    "too often": lambda key, _, __: http(refusal(key, key), f"429 {key}", **headers(key)),
    "too large": lambda key, _, __: http(refusal(key, key), f"413 {key}", **headers(key)),
    **{
        f"redirect {status}": lambda key, _, __, status=status: http(  # type: ignore[misc]  # mypy knows no defaults of lambdas
            refusal(key), f"{status} {key}", **headers(key)
        )
        for status in (301, 302, 303, 307, 308)
    },
    "a bad redirect": lambda key, _, __: http(refusal(key), "301 Moved", Location=f"http://[{key}/"),
    "an early hint": lambda key, phones, _: f"HTTP/1.1 103 {key}\r\nLink: {key}\r\n\r\n".encode() + http(rows(phones)),
    "no status line": lambda key, _, __: f"{key} {key} {key}\r\n\r\n".encode(),
    "a bad header": lambda key, _, __: f"HTTP/1.1 200 OK\r\n{key}\r\n {key}\0\r\n\r\n".encode(),
    "a bad length": lambda key, _, __: f"HTTP/1.1 200 OK\r\nContent-Length: {key}\r\n\r\n".encode(),
    "a bad chunk": lambda key, _, __: f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{key}\r\n".encode(),
    "cut": lambda key, phones, _: http(rows(phones, message_id=key))[:-5],
    "nothing": lambda _, __, ___: b"",
    "the person's": lambda _, phones, message: http(refusal(f"{phones[0]} {message}", message), "500 Oops"),
}


class Echo:
    """What the gateway has read: the head of every request, and who asked; and whether it answers what it held."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.asked = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.url = ""


@contextlib.asynccontextmanager
async def echoing(answer: str, *, held_from: int | None = None) -> AsyncIterator[Echo]:
    """Serve one answer of ``ANSWERS`` over real sockets.

    From the request of the number ``held_from`` on none is answered before ``goes_on`` is set.
    """
    echo = Echo()

    serving: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await answered(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        echo.heads.append(head)
        number = len(echo.heads)
        echo.asked.set()
        length = re.search(r"(?i)content-length: (\d+)", head)
        asked: Any = {"phone": [], "message": ""}
        if length:
            asked = json.loads(await reader.readexactly(int(length[1])))
        if held_from is not None and number >= held_from:
            await echo.goes_on.wait()
        writer.write(ANSWERS[answer](asked.get("api_key", KEY), asked["phone"], asked["message"]))
        await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    echo.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sms_system/api.php"
    try:
        yield echo
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)
        await server.wait_closed()
