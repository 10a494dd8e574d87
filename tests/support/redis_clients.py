"""A client of a Redis server whose questions go over a network that loses, delays and doubles them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from customersms_async.testing import Network


class FarClient:
    """A client of redis.asyncio whose scripts go over a network, and run on the server at the time of their arrival."""

    def __init__(self, client: Redis, clock: Callable[[], int], network: Network) -> None:
        self.info = client.info
        self._client, self._clock, self._network = client, clock, network

    async def evalsha(self, sha: str, count: int, *given: Any) -> Any:
        return await self._carry(self._client.evalsha, sha, count, *given)

    async def eval(self, script: str, count: int, *given: Any) -> Any:
        return await self._carry(self._client.eval, script, count, *given)

    async def _carry(self, ask: Any, script: str, count: int, *given: Any) -> Any:
        keys, (call, _, *arguments) = given[:count], given[count:]
        return await self._network.carry(lambda: ask(script, count, *keys, call, self._clock(), *arguments))
