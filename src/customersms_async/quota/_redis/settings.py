"""Settings of a Redis server with which it may forget: a restart or an eviction then brings tokens back early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

from ..._runtime import log
from ...errors import QuotaStoreError

if TYPE_CHECKING:
    from .clients import RedisClients


@final
class SettingsCheck:
    """Warns once of settings with which a server may forget. Mutable state: whether they were looked at."""

    def __init__(self, clients: RedisClients) -> None:
        self._clients = clients
        self.is_done = False

    async def run(self) -> None:
        """Look at the settings, and warn. Raises ``QuotaStoreError`` where the server should be asked again first."""
        options: dict[str, Any] = {}
        if self._clients.is_cluster:
            from redis.asyncio import RedisCluster

            options["target_nodes"] = RedisCluster.PRIMARIES
        self.is_done = True
        try:
            persistence = await self._clients.ask(lambda client: client.info("persistence", **options))
            memory = await self._clients.ask(lambda client: client.info("memory", **options))
        except BaseException as error:
            # A grant on a cluster does not wait for nodes that it has no need of.
            self.is_done = isinstance(error, QuotaStoreError) and (self._clients.is_cluster or not error.temporary)
            if not self.is_done:
                raise
            log.debug("the settings of the quota's Redis server can't be read: %s", error)
            return
        _warn(persistence, memory)


def _warn(persistence: Mapping[str, Any], memory: Mapping[str, Any]) -> None:
    if any(str(node.get("aof_enabled", 1)) == "0" for node in _nodes(persistence, "aof_enabled")):
        log.warning("the quota's Redis server keeps nothing on disk (appendonly no): a restart forgets the quota used")
    for policy in {str(node.get("maxmemory_policy", "noeviction")) for node in _nodes(memory, "maxmemory_policy")}:
        if policy != "noeviction":
            log.warning(
                "the quota's Redis server may evict (maxmemory-policy %s): the quota used may be forgotten", policy
            )


def _nodes(info: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """A server's answer as it is, a cluster's node by node."""
    return [info] if field in info else [node for node in info.values() if isinstance(node, Mapping)]
