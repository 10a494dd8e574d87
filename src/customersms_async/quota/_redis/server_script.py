"""A Lua script that a Redis server keeps: run by its hash, and sent anew where the server does not know it."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from collections.abc import Sequence


@final
class ServerScript:
    """The script in the file ``name`` of a ``package``; ``source`` is what all scripts begin with, and then it."""

    def __init__(self, package: str, name: str) -> None:
        parts = (files(__package__) / "common.lua", files(package) / name)
        self.source = "".join(part.read_text(encoding="utf-8") for part in parts)
        self._sha = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, client: Any, keys: Sequence[str], *arguments: object) -> Any:
        """Run it over these Redis keys, in one call to the server; raises what the client raises."""
        from redis.exceptions import NoScriptError

        names = [key.encode() for key in keys]  # redis-py takes five times as long to see what text is
        try:
            return await client.evalsha(self._sha, len(names), *names, *arguments)
        except NoScriptError:
            return await client.eval(self.source, len(names), *names, *arguments)
