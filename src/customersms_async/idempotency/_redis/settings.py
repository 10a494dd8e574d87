"""Settings of a Redis server without which it may forget what it has acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, final

from ...errors import IdempotencyStoreError, QuotaStoreError

if TYPE_CHECKING:
    from ...quota._redis.clients import RedisClients

WHAT_IT_MEANS: Final = "a text may be sent twice after a restart, a crash or an eviction. volatile=True accepts that"

_UNKNOWN: Final = "unknown"

_GOOD: Final = {
    "appendonly": ("yes",),
    "appendfsync": ("always",),
    "no-appendfsync-on-rewrite": ("no", _UNKNOWN),  # which a server that has no such setting can't do
    "maxmemory-policy": ("noeviction",),
}
"""Each setting, with the values of a server that forgets nothing; the first is the one to set."""


@final
class DurabilityCheck:
    """Refuses a server that may forget. Mutable state: whether it was looked at since it was last out of reach."""

    def __init__(self, clients: RedisClients) -> None:
        self._clients = clients
        self.is_done = False

    async def run(self) -> None:
        """Look at the settings. Raises ``IdempotencyStoreError`` for those of a server that may forget.

        And ``QuotaStoreError`` where the server can't be asked.
        """
        self.is_done = False
        options: dict[str, Any] = {}
        if self._clients.is_cluster:
            from redis.asyncio import RedisCluster

            options["target_nodes"] = RedisCluster.PRIMARIES
        try:
            found = {name: await self._clients.ask(methodcaller("config_get", name, **options)) for name in _GOOD}
        except QuotaStoreError as error:
            if error.temporary:
                raise
            why = str(error).partition(": ")[2]  # without whose server it is: that is said of the quota's
            raise IdempotencyStoreError(
                f"the Redis server does not tell its settings ({why}), so it may forget: {WHAT_IT_MEANS}"
            ) from None
        for name, good in _GOOD.items():
            for value in _values(found[name], name):
                if value not in good:
                    raise IdempotencyStoreError(
                        f"the Redis server has {name} {value}, and not {good[0]}, so it may forget: {WHAT_IT_MEANS}"
                    )
        self.is_done = True


def _values(answer: Mapping[Any, Any], name: str) -> set[str]:
    """A server's setting, or those of a cluster's nodes."""
    nodes = [node for node in answer.values() if isinstance(node, Mapping)] or [answer]
    return {_text(value) for node in nodes for key, value in node.items() if _text(key) == name} or {_UNKNOWN}


def _text(given: Any) -> str:
    return given.decode() if isinstance(given, bytes) else str(given)
