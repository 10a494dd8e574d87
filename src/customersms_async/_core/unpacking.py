"""The bytes of an answer, unpacked no further than a limit.

The library's own decoders unpack whatever one read from the socket brings, a thousandfold for each encoding that the
header names: 64 kB that were packed twice become 64 GB. Nothing packed is asked for (``Accept-Encoding: identity``),
yet some proxies pack all the same.
"""

from __future__ import annotations

import zlib
from typing import final


class TooLong(Exception):  # noqa: N818 - a signal, which ends in transport
    """The answer is longer than anything that is read."""


@final
class Unpacker:
    """Collects an answer of at most ``longest`` bytes; ``encoding`` is the text of its ``Content-Encoding`` header.

    gzip and deflate are unpacked. Any other encoding, several at once included, is kept as it came: nobody will find
    an answer in it. Mutable state: what has come so far.
    """

    def __init__(self, encoding: str, longest: int) -> None:
        packed = encoding.strip().lower() in ("gzip", "x-gzip", "deflate")
        self._zlib = zlib.decompressobj(wbits=47) if packed else None  # 47: a gzip or a zlib header, as it comes
        self._longest = longest
        self._length = 0
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Take in what came. Raises ``TooLong``, and ``zlib.error`` for what was not packed as the header says."""
        if self._zlib is not None:
            data = self._zlib.decompress(data, self._longest - self._length + 1)
        self._length += len(data)
        if self._length > self._longest:
            raise TooLong
        self._parts.append(data)

    @property
    def answer(self) -> bytes:
        """The bytes that have come so far, unpacked."""
        return b"".join(self._parts)
