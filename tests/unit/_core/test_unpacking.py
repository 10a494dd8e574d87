"""Packed answers: unpacked no further than a limit."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from customersms_async._core.unpacking import MOST_MEMBERS, TooLong, Unpacker


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("", None),
        ("identity", None),
        ("br", "br"),
        ("gzip, br", "gzip, br"),
        ("Nonsense", "nonsense"),
        ("gzip," * 4, "gzip, gzip, gzip, gzip"),
    ],
)
def test_what_is_not_packed_or_in_no_known_way_is_kept_as_it_came(encoding: str, named: str | None) -> None:
    unpacker = Unpacker(encoding, 10)
    unpacker.feed(b"12345")
    unpacker.feed(b"67890")
    assert (bytes(unpacker.answer), unpacker.unreadable) == (b"1234567890", named)


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


def raw(whole: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-15)
    return squeeze.compress(whole) + squeeze.flush()


def fed(encoding: str, data: bytes, size: int) -> Unpacker:
    unpacker = Unpacker(encoding, 100_000)
    for at in range(0, len(data), size):
        unpacker.feed(data[at : at + size])
    return unpacker


WHOLE = b'{"success": true}' + bytes(range(256)) * 20


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(WHOLE[:9]) + gzip.compress(b"") + gzip.compress(WHOLE[9:])),
        ("gzip", gzip.compress(WHOLE[:9]) + bytes(9) + gzip.compress(WHOLE[9:]) + bytes(9)),
        ("gzip", gzip.compress(WHOLE) + b"<!-- cached -->"),
        ("gzip", zlib.compress(WHOLE)),
        ("gzip", WHOLE),
        ("deflate", raw(WHOLE)),
        ("deflate", gzip.compress(WHOLE)),
        ("deflate", WHOLE),
        ("gzip, deflate", raw(gzip.compress(WHOLE))),
        ("deflate, identity, gzip", gzip.compress(zlib.compress(WHOLE))),
        ("gzip, gzip, gzip", WHOLE),
    ],
)
def test_each_way_of_packing_is_read_and_so_is_what_only_says_that_it_is_packed(
    encoding: str, packed: bytes, size: int
) -> None:
    unpacker = fed(encoding, packed, size)
    assert unpacker.answer == WHOLE
    assert unpacker.unreadable is None


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_what_is_damaged_is_named_and_none_of_it_is_read(size: int) -> None:
    packed = bytearray(gzip.compress(WHOLE))
    packed[-6] ^= 1
    unpacker = fed("gzip", bytes(packed), size)
    assert (unpacker.answer, unpacker.unreadable) == (b"", "gzip")


def test_a_page_that_is_not_packed_as_deflate_is_kept_as_it_came() -> None:
    assert fed("deflate", b"<html>no</html>", 100).answer == b"<html>no</html>"


def test_members_without_end_are_not_read_to_their_end() -> None:
    assert fed("gzip", gzip.compress(b"1") * MOST_MEMBERS, 10_000).answer == b"1" * MOST_MEMBERS
    assert fed("gzip", gzip.compress(b"1") * (MOST_MEMBERS + 1), 10_000).unreadable == "gzip"


@pytest.mark.parametrize("padding", [1, 16_382, 16_384, 40_000])
def test_members_are_read_however_much_is_between_them(padding: int) -> None:
    packed = gzip.compress(b"one") + bytes(padding) + gzip.compress(b"two")
    unpacker = Unpacker("gzip", 100)
    unpacker.feed(packed + bytes(padding) + b"\x1f")
    unpacker.feed(gzip.compress(b"three")[1:] + b"neither this" + gzip.compress(b"nor that"))
    assert bytes(unpacker.answer) == b"onetwothree"


def test_what_is_not_packed_is_kept_as_it_came_up_to_the_limit() -> None:
    plain = Unpacker("", 10)
    for piece in (b"12345", b"", b"67890"):
        plain.feed(piece)
    assert (plain.answer, plain.unreadable) == (b"1234567890", None)
    with pytest.raises(TooLong):
        plain.feed(b"1")
