"""The script that decides over the tokens of a key, in one call to the server."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPT: Final = files(__package__).joinpath("script.lua").read_text(encoding="utf-8")
SHA: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

NAMES: Final = ("state", "held", "log", "steps", "done")
"""What each of a key's Redis keys is called, in the script's order."""


async def run(client: Any, keys: Sequence[str], *arguments: int | str) -> list[int]:
    """Run the script over these Redis keys, and load it where the server does not know it (any more)."""
    from redis.exceptions import NoScriptError

    try:
        answer: list[int] = await client.evalsha(SHA, len(keys), *keys, *arguments)
    except NoScriptError:
        answer = await client.eval(SCRIPT, len(keys), *keys, *arguments)
    return answer
