"""An answer's body, read to its end and no further than a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, cast

from .._core import provider
from .._core.post_result import Answer, NoAnswer
from .._core.unpacking import TooLong, Unpacker
from .engine import EngineResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LONGEST_ANSWER: Final = 4 * 1024 * 1024
"""Bytes of an answer that are read: forty times what 1,000 results take, and no more than can be read in a moment."""


class _HttpxShapedResponse(EngineResponse, Protocol):
    """An answer of a caller's client, which a mock or a hook may have read before."""

    @property
    def is_stream_consumed(self) -> bool:
        """Whether the body was read before."""

    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """The body that was read before, unpacked."""


async def read_answer(response: EngineResponse) -> Answer | NoAnswer:
    """Read the body of an answer, and close the answer."""
    if getattr(response, "is_stream_consumed", False):
        encoding = ""
        pieces = cast("_HttpxShapedResponse", response).aiter_bytes()  # no engine but httpx's has that attribute
    else:
        encoding = response.headers.get("Content-Encoding", "")
        pieces = response.aiter_raw()
    unpacker = Unpacker(encoding, LONGEST_ANSWER)
    try:
        async for piece in pieces:
            unpacker.feed(piece)
    except TooLong:
        return NoAnswer(f"the answer was longer than {LONGEST_ANSWER} bytes")
    finally:
        await response.aclose()
    retry_after = response.headers.get(provider.RETRY_AFTER)
    return Answer(response.status_code, unpacker.answer, retry_after, unpacker.unreadable)
