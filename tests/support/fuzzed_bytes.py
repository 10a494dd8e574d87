"""An input of the fuzzer, taken apart into what a test needs."""

from __future__ import annotations

from typing import Any, final


@final
class Bytes:
    """An input taken apart from its start; what is missing reads as zero."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def one_of(self, choices: Any) -> Any:
        return choices[self.byte() % len(choices)]

    def rest(self) -> bytes:
        return self._data[self._at :]

    def text(self) -> str:
        length = self.byte()
        self._at += length
        return self._data[self._at - length : self._at].decode("utf-8", "replace")
