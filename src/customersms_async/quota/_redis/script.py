"""The script that decides over the tokens of a key, in one call to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .server_script import ServerScript

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPT: Final = ServerScript(__package__, "script.lua")

NAMES: Final = ("state", "held", "log", "steps", "done")
"""What each of a key's Redis keys is called, in the script's order."""


_LEAST: Final = {"take": 3, "renew": 3, "look": 5, "usage": 2}
"""How many numbers the answer to a call has, at least."""


async def run(client: Any, keys: Sequence[str], call: str, *arguments: int | str) -> list[int]:
    """Run the script over these Redis keys."""
    answer = await SCRIPT.run(client, keys, call, *arguments)
    if not isinstance(answer, list) or len(answer) < _LEAST.get(call, 0):
        raise TypeError("an answer that is not the script's")
    return answer
