"""The user's list of people who said no where there is none yet: it may be made while a run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ...suppression import SQLiteSuppression


@final
class ComingList:
    """The list in the file ``path`` from the moment on at which it is there; until then nobody is on it.

    A run makes no list, and lasts for days: whoever is the first to be put on it must get no text either. Mutable
    state: the list, once there is one.
    """

    __list_name__: Final = None
    """Terms of a campaign don't name it: nothing is known of it, and who goes on elsewhere would need the same one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._list: SQLiteSuppression | None = None

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        """The suppressed ones of ``phones``, as of now. Raises as ``SQLiteSuppression`` does."""
        if self._list is None:
            if not self._path.exists():
                return frozenset()
            from ...suppression import SQLiteSuppression

            self._list = SQLiteSuppression(self._path)
        return await self._list.suppressed(phones)

    async def aclose(self) -> None:
        """Close the list, if there is one; a cancel only ends the waiting."""
        if self._list is not None:
            await self._list.aclose()
