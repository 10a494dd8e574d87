"""The response hooks of a caller's client, which may raise once the answer has come.

``raise_for_status`` is the most common of them. Whatever one of them raises, httpx closes the answer before anybody can
read it, and an accepted text would be unknown. So the answer to a request of ours is read before they are called: by a
hook of our own, that stands first and leaves all other answers alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from .answer_reading import read_answer
from .engine import EngineResponse

if TYPE_CHECKING:
    from .._core.post_result import Answer, NoAnswer

EXTENSION: Final = "customersms_async.early_answer"
"""The name of the extension in which a request carries its ``PostProgress``."""


class _Progress(Protocol):
    """What hears of the answer to a request as soon as it was read, as ``PostProgress`` does."""

    def answered_early(self, answer: Answer | NoAnswer) -> None:
        """Take the answer."""


class _HookedRequest(Protocol):
    extensions: dict[str, Any]


class _HookedResponse(EngineResponse, Protocol):
    @property
    def request(self) -> _HookedRequest: ...


def read_before_hooks(client: object, request: _HookedRequest, progress: _Progress) -> None:
    """Have the answer to ``request`` read and given to ``progress`` before any response hook of ``client`` is called.

    Costs next to nothing if it has none, and does nothing if it is no client of httpx's shape.
    """
    hooks = getattr(client, "event_hooks", None)
    responses = hooks.get("response") if isinstance(hooks, dict) else None
    if not responses:
        return
    request.extensions[EXTENSION] = progress
    if responses[0] is not _read_early:
        responses[:] = [_read_early, *(hook for hook in responses if hook is not _read_early)]


async def _read_early(response: _HookedResponse) -> None:
    progress: _Progress | None = response.request.extensions.get(EXTENSION)
    if progress is not None:
        progress.answered_early(await read_answer(response))
