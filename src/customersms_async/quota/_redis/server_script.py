"""A Lua script that a Redis server keeps: run by its hash, and sent anew where the server does not know it."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from collections.abc import Sequence


NOT_KNOWN: Final = object()
"""What ``run_if_known`` gives where the server does not know the script: it has just begun, or is another one."""


@final
class ServerScript:
    """The script in the file ``name`` of a ``package``; ``source`` is what all scripts begin with, and then it.

    One with a ``mark`` is another script to a server, which does the same.
    """

    def __init__(self, package: str, name: str, *, mark: str = "") -> None:
        parts = (files(__package__) / "common.lua", files(package) / name)
        self.source = "".join(part.read_text(encoding="utf-8") for part in parts)
        if mark:
            self.source += f"-- {mark}\n"
        self._sha = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, client: Any, keys: Sequence[str], *arguments: object) -> Any:
        """Run it over these Redis keys, in one call to the server; raises what the client raises."""
        answer = await self.run_if_known(client, keys, *arguments)
        if answer is NOT_KNOWN:
            return await client.eval(self.source, len(keys), *_named(keys), *arguments)
        return answer

    async def run_if_known(self, client: Any, keys: Sequence[str], *arguments: object) -> Any:
        """Run it as ``run`` does; or do nothing, and give ``NOT_KNOWN``, where the server would have to load it."""
        from redis.exceptions import NoScriptError

        try:
            return await client.evalsha(self._sha, len(keys), *_named(keys), *arguments)
        except NoScriptError:
            return NOT_KNOWN


def _named(keys: Sequence[str]) -> list[bytes]:
    """The keys as bytes: redis-py takes five times as long to see what text is."""
    return [key.encode() for key in keys]
