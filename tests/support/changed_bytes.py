"""Answers whose bytes are packed, changed or cut on their way."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

from support.broken_gateways import Handler, answered, bytes_then_close, http, page

if TYPE_CHECKING:
    from collections.abc import Callable


def in_members(body: bytes) -> bytes:
    """gzip in three pieces, as of a server that flushes, the last of them padded."""
    return gzip.compress(body[:5]) + gzip.compress(body[5:50]) + gzip.compress(body[50:]) + bytes(7)


def raw_deflate(body: bytes) -> bytes:
    """deflate as some servers understand the word."""
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(body) + squeeze.flush()


def damaged(body: bytes) -> bytes:
    """gzip whose check sum does not fit."""
    packed = bytearray(gzip.compress(body))
    packed[-6] ^= 1
    return bytes(packed)


def as_bytes(change: Callable[[bytes], bytes], **headers: str) -> Handler:
    """The documented answer with its bytes changed, or packed."""
    return page(lambda phones: change(json.dumps(answered(phones)).encode()), **headers)


def on_the_wire(change: Callable[[bytes], bytes]) -> Handler:
    """A whole HTTP answer with its bytes changed, and then the connection's end."""
    return bytes_then_close(lambda phones: change(http(answered(phones))))


def with_headers(lines: bytes) -> Handler:
    """The documented answer with these header lines, too."""
    return on_the_wire(lambda data: data.replace(b"\r\n", b"\r\n" + lines, 1))


def until_the_end(cut: int) -> Handler:
    """An answer that says nothing of its length and ends with the connection; ``cut`` bytes of its end are missing."""
    return on_the_wire(lambda data: b"HTTP/1.1 200 OK\r\n\r\n" + data.partition(b"\r\n\r\n")[2][: -cut or None])


def chunked(end: bytes) -> Handler:
    """The documented answer as one chunk, with ``end`` where the last chunk should be."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def change(data: bytes) -> bytes:
        body = data.partition(b"\r\n\r\n")[2]
        return head + f"{len(body):x}\r\n".encode() + body + b"\r\n" + end

    return on_the_wire(change)
