"""A client for unit tests that no byte leaves: the real one, over a sandbox that is asked in the same process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, Unpack

from ..client import AsyncClient
from ..models import Limit
from ..quota import MemoryQuota
from ..sandbox import Sandbox
from ..sandbox.in_process import InProcessEngine
from ..sandbox.request import PATHS

if TYPE_CHECKING:
    from .._sending.option_overrides import OptionOverrides

_UNLIMITED = Limit(10**9, 1)


class FakeClient(AsyncClient):  # type: ignore[misc]  # what is typed for the client takes this one, and nobody else's
    """An ``AsyncClient`` for unit tests: the same methods, outcomes and errors, without a server or a socket.

    Magic numbers (see docs/testing.md) bring outcomes of their own. By default nobody waits, for no limit and no pace,
    and the quota is this client's own. A test of either gives ``limits``, ``pace`` or a sandbox with limits. Each call
    raises what that of ``AsyncClient`` does.

    Mutable state: what the client and the sandbox have.

    Args:
        sandbox: who answers, with its keys, limits and faults; by default one with a million credits and no limit.
        options: those of ``AsyncClient``, but for the key, the URL and the engine.

    Raises:
        ConfigurationError: as ``AsyncClient`` does.
        TypeError: for ``url`` and ``http_client``, which are its own.

    Example:
        ```python
        async def welcome(phone: str, client: AsyncClient) -> None:
            await client.send(phone, "Welcome")

        async with FakeClient() as client:
            await welcome("+12125551234", client)
            assert [text.phone for text in client.sandbox.texts] == ["+12125551234"]
        ```
    """

    def __init__(self, sandbox: Sandbox | None = None, **options: Unpack[OptionOverrides]) -> None:
        self.sandbox: Sandbox = Sandbox(limits=()) if sandbox is None else sandbox
        gateway = self.sandbox._gateway  # noqa: SLF001 - there is no server to ask it by
        own: dict[str, Any] = {
            "api_key": self.sandbox.api_key,
            "url": f"http://127.0.0.1{PATHS[0]}#{id(gateway):x}",  # or all sandboxes would have one account
            "http_client": InProcessEngine(gateway),
        }
        others: dict[str, Any] = {"limits": _UNLIMITED, "pace": None, "quota": MemoryQuota(), **options}
        super().__init__(**own, **others)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self
