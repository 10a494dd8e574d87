"""The bytes of an answer, unpacked no further than a limit.

The library's own decoders unpack whatever one read from the socket brings, a thousandfold for each encoding that the
header names: 64 kB that were packed twice become 64 GB. Nothing packed is asked for (``Accept-Encoding: identity``),
yet some proxies pack all the same, and some say so of what they have not packed.
"""

from __future__ import annotations

import zlib
from typing import Final, final

MOST_LAYERS: Final = 3
"""Packings around each other that are taken off."""

MOST_MEMBERS: Final = 1_000
"""Pieces of gzip one after the other that are read: each begins anew, and nobody has a reason for so many."""

_GZIP: Final = b"\x1f\x8b"
_GZIPS: Final = ("gzip", "x-gzip")
_AT_ONCE: Final = 16_384
"""Packed bytes that are unpacked at once: what is left of them at the end of a piece of gzip is copied."""

_OPENINGS: Final = b"{["
"""What plain JSON begins with, and no raw deflate of any text can."""


class TooLong(Exception):  # noqa: N818 - a signal, which ends in transport
    """The answer is longer than anything that is read."""


@final
class Unpacker:
    """Collects an answer of at most ``longest`` bytes; ``encoding`` is the text of its ``Content-Encoding`` header.

    gzip in any number of members and deflate with or without zlib's header are unpacked, one around the other, too;
    what comes plain though the header says otherwise is kept as it is. So is any other encoding: ``unreadable`` names
    it, as nobody will find an answer in it unless it is none. Mutable state: what has come so far.
    """

    def __init__(self, encoding: str, longest: int) -> None:
        self._encoding = ""
        self._layers: list[_Layer] = []
        self._known = True
        self._longest = longest
        self._length = 0
        self._parts: list[bytes] = []
        if encoding:
            self._lay(encoding)

    def _lay(self, encoding: str) -> None:
        names = [name for each in encoding.split(",") if (name := each.strip().lower()) not in ("", "identity")]
        self._encoding = ", ".join(names)
        self._known = len(names) <= MOST_LAYERS and all(name in (*_GZIPS, "deflate") for name in names)
        if self._known:
            self._layers = [_Layer(self._longest, is_gzip=name in _GZIPS) for name in reversed(names)]

    def feed(self, data: bytes) -> None:
        """Take in some bytes of the answer as they came. Raises ``TooLong``."""
        for layer in self._layers:
            data = layer.unpack(data)
        self._length += len(data)
        if self._length > self._longest:
            raise TooLong
        self._parts.append(data)

    @property
    def answer(self) -> bytes:
        """The bytes that have come so far, unpacked; none if they were damaged on the way."""
        return b"" if self._is_damaged else b"".join(self._parts)

    @property
    def unreadable(self) -> str | None:
        """The encoding, if it is one that is not unpacked, or the answer is not packed as it says."""
        return self._encoding if self._is_damaged or not self._known else None

    @property
    def _is_damaged(self) -> bool:
        return bool(self._layers) and any(layer.is_damaged for layer in self._layers)


@final
class _Layer:
    """One packing around an answer.

    Mutable state: the decoder of the member that is being read, what came before it was known which decoder that is,
    how much may still come out, and what the packing turned out to be: none, or damaged.
    """

    def __init__(self, longest: int, *, is_gzip: bool) -> None:
        self.is_damaged = False
        self._is_gzip = is_gzip
        self._is_plain = False
        self._may_be_plain = False
        self._start = b""
        self._decoder: zlib._Decompress | None = None
        self._left = longest + 1
        self._members = 1

    def unpack(self, data: bytes) -> bytes:
        """What ``data`` brings, at most one byte more than the limit in all."""
        data, self._start = self._start + data, b""
        if self._decoder is None and not self._is_plain:
            if len(data) < len(_GZIP):
                self._start = data
                return b""
            self._begin(data)
        if self._is_plain or self.is_damaged:
            return b"" if self.is_damaged else data
        try:
            unpacked = self._unpacked(data)
        except zlib.error:
            self._is_plain = self._may_be_plain
            self.is_damaged = not self._is_plain
            return data if self._is_plain else b""
        self._may_be_plain = False
        return unpacked

    def _begin(self, data: bytes) -> None:
        """Choose the decoder by how the bytes begin."""
        if data.startswith(_GZIP):
            self._decoder = zlib.decompressobj(wbits=31)
        elif data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0:
            self._decoder = zlib.decompressobj()
        elif self._is_gzip or data[0] in _OPENINGS:
            self._is_plain = True
        else:
            self._decoder = zlib.decompressobj(wbits=-15)
            self._may_be_plain = True

    def _unpacked(self, data: bytes) -> bytes:
        parts: list[bytes] = []
        decoder = self._decoder
        at = 0
        while decoder is not None and at < len(data) and self._left > 0:
            if decoder.eof:
                padded = data[at : at + _AT_ONCE]
                at += len(padded) - len(padded.lstrip(b"\0"))  # some pad what they pack
                if not data[at : at + 1].strip(b"\0"):
                    continue
                begins = data[at : at + len(_GZIP)]
                if begins == _GZIP[:1]:
                    self._start = begins
                if begins != _GZIP:
                    break  # what follows belongs to nothing: every reader of gzip leaves it out
                if self._members == MOST_MEMBERS:
                    self.is_damaged = True
                    break
                self._members += 1
                decoder = self._decoder = zlib.decompressobj(wbits=31)
            piece = data[at : at + _AT_ONCE]
            parts.append(decoder.decompress(piece, self._left))
            self._left -= len(parts[-1])
            at += len(piece) - len(decoder.unused_data)
        return b"".join(parts)
