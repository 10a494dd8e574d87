"""Values as the server reads and writes them."""

from __future__ import annotations

import pytest

from customersms_async._postgres.wire import unhexed


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (None, b""),
        (b"", b""),
        (rb"\x", b""),
        (rb"\x00ff5c78", b"\x00\xff\\x"),
        (rb"Hi \\x \\\\ \\101", rb"Hi \x \\ \101"),
        (rb"\000\377\303\244\\", b"\x00\xff\xc3\xa4\\"),
    ],
)
def test_bytes_are_read_in_both_formats(written: bytes | None, value: bytes) -> None:
    assert unhexed(written) == value
