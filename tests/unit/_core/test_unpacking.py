"""Packed answers: unpacked no further than a limit."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from customersms_async._core.unpacking import TooLong, Unpacker


@pytest.mark.parametrize("encoding", ["", "identity", "br", "gzip, gzip", "nonsense"])
def test_what_is_not_packed_or_in_no_known_way_is_kept_as_it_came(encoding: str) -> None:
    unpacker = Unpacker(encoding, 10)
    unpacker.feed(b"12345")
    unpacker.feed(b"67890")
    assert bytes(unpacker.answer) == b"1234567890"


@pytest.mark.parametrize("encoding", ["gzip", " GZip", "x-gzip", "deflate"])
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_packed_bytes_are_unpacked_in_whatever_pieces_they_come(encoding: str, size: int) -> None:
    whole = bytes(range(256)) * 10
    packed = zlib.compress(whole) if encoding == "deflate" else gzip.compress(whole)
    unpacker = Unpacker(encoding, len(whole))
    for at in range(0, len(packed), size):
        unpacker.feed(packed[at : at + size])
    assert bytes(unpacker.answer) == whole


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_byte_beyond_the_limit_is_too_long(encoding: str) -> None:
    unpacker = Unpacker(encoding, 10)
    with pytest.raises(TooLong):
        unpacker.feed(gzip.compress(b"x" * 11) if encoding else b"x" * 11)


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    squeeze = zlib.compressobj(level=9, wbits=31)
    bomb = b"".join(squeeze.compress(bytes(1_000_000)) for _ in range(50)) + squeeze.flush()
    unpacker = Unpacker("gzip", 100_000)
    tracemalloc.start()
    try:
        with pytest.raises(TooLong):
            unpacker.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_what_is_not_packed_as_it_says_is_an_error() -> None:
    with pytest.raises(zlib.error):
        Unpacker("gzip", 10).feed(b"{}")
