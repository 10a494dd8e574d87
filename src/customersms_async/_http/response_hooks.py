"""The response hooks of a caller's client, which may raise once the answer has come.

``raise_for_status`` is the most common of them. Whatever one of them raises, httpx closes the answer before anybody can
read it, and an accepted text would be unknown. So the answer to a request of ours is read before they are called: by a
hook of our own, that stands first and leaves all other answers alone.
"""

from __future__ import annotations

from typing import Any, Final, final

from .._core.happened import Answer, NoAnswer
from .._core.unpacking import TooLong, Unpacker

EXTENSION: Final = "customersms_async.early"
"""Where a request says that its answer is to be read first, and into what."""

LONGEST_ANSWER: Final = 4 * 1024 * 1024
"""Bytes of an answer that are read: forty times what 1,000 results take, and no more than can be read in a moment."""


@final
class Early:
    """The answer to one request, as soon as it was read. Mutable state: that."""

    __slots__ = ("answer",)

    def __init__(self) -> None:
        self.answer: Answer | NoAnswer | None = None


def stand_first(client: Any, request: Any, early: Early) -> None:
    """See to it that the answer to ``request`` is read into ``early`` before any response hook of ``client`` is called.

    Costs next to nothing if it has none.
    """
    hooks = getattr(client, "event_hooks", None)
    responses = hooks.get("response") if isinstance(hooks, dict) else None
    if not responses:
        return
    request.extensions[EXTENSION] = early
    if responses[0] is not _read_early:
        responses[:] = [_read_early, *(hook for hook in responses if hook is not _read_early)]


async def _read_early(response: Any) -> None:
    early = response.request.extensions.get(EXTENSION)
    if isinstance(early, Early):
        early.answer = await read(response)


async def read(response: Any) -> Answer | NoAnswer:
    """Read the body of an answer, and close it; it was read before by a mock, or a hook of the caller's client."""
    read_before = response.is_stream_consumed
    unpacker = Unpacker("" if read_before else response.headers.get("Content-Encoding", ""), LONGEST_ANSWER)
    try:
        async for some in response.aiter_bytes() if read_before else response.aiter_raw():
            unpacker.feed(some)
    except TooLong:
        return NoAnswer(f"the answer was longer than {LONGEST_ANSWER} bytes")
    finally:
        await response.aclose()
    return Answer(response.status_code, unpacker.answer, response.headers.get("Retry-After"))
