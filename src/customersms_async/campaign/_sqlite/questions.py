"""Questions to a campaign's ledger in a file, with answers of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ..refusals import refusal
from ..rows import kept_columns
from ..wanted import STARTS
from . import move_rows, queries, summary, wanted_rows

if TYPE_CHECKING:
    import sqlite3
    from collections import Counter
    from collections.abc import Callable, Collection, Sequence

    from ...models import Limit
    from ..move_states import LedgerMove
    from ..rows import (
        Activity,
        Addition,
        Count,
        Doubt,
        Entry,
        Input,
        KnownDouble,
        PlacedText,
        PlannedRecipient,
        Resolution,
        RunningNow,
        SeenAttempt,
        Timeline,
    )
    from ..states import State
    from ..wanted import WantedNow
    from .handle import LedgerHandle

T = TypeVar("T")


class LedgerFileQuestions:
    """The questions of a ledger in a file, none of which changes it. Mutable state: the open file."""

    name: str
    _handle: LedgerHandle | None

    async def added(self) -> Input | None:
        """The input that was added, or ``None``."""
        return await self._read(queries.added)

    async def additions(self) -> list[Addition]:
        """All additions, the first input as the first."""
        return await self._read(queries.additions)

    async def counts(self) -> list[Count]:
        """How many recipients there are by state and code."""
        return await self._read(queries.counts)

    async def planned(self, start: int) -> list[PlannedRecipient]:
        """The next recipients to be sent to."""
        return await self._read(lambda connection: queries.planned(connection, start))

    async def requests(self, batch_size: int) -> int:
        """How many requests what is planned comes to, at best."""
        return await self._read(lambda connection: queries.requests(connection, batch_size))

    async def outside(self, prefixes: Collection[str]) -> tuple[int, int | None]:
        """How many planned numbers begin with none of ``prefixes``, and the first one's place."""
        return await self._read(lambda connection: queries.outside(connection, prefixes))

    async def kept_names(self) -> tuple[str, ...]:
        """The columns of files whose texts are kept beside each recipient, in the order that they were named in."""
        return kept_columns(await self._read(queries.first_kept), self.name)

    async def among(self, phones: Collection[str]) -> int:
        """How many of these numbers recipients have."""
        return await self._read(lambda connection: queries.among(connection, phones))

    async def entries(self, start: int, states: Collection[State]) -> list[Entry]:
        """The next recipients in any of ``states``."""
        return await self._read(lambda connection: queries.entries(connection, start, states))

    async def texts(self, places: Sequence[int]) -> list[PlacedText]:
        """The texts of the recipients at these places."""
        return await self._read(lambda connection: queries.texts(connection, places))

    async def wanted(self) -> WantedNow | None:
        """What is wanted of the campaign now; ``None`` if nobody was added yet."""
        return await self._read(wanted_rows.current)

    async def run_is_wanted(self) -> bool:
        """Whether a run is wanted now."""
        now = await self.wanted()
        return now is not None and now.state in STARTS

    async def running(self) -> RunningNow | None:
        """Who runs it, by its run lock."""
        return await self._opened.do(lambda file: file.running())

    async def activity(self, since_us: int) -> Activity:
        """What was attempted lately."""
        return await self._read(lambda connection: summary.activity(connection, since_us))

    async def timeline(self, limits: Sequence[Limit]) -> Timeline | None:
        """Requests over time; ``None`` if there are none."""
        return await self._read(lambda connection: summary.timeline(connection, limits))

    async def version(self) -> str:
        """A word that is another one after each change."""
        return await self._read(queries.version)

    async def attempts(self, after: SeenAttempt | None, most: int) -> list[SeenAttempt]:
        """The attempts that follow one."""
        return await self._read(lambda connection: summary.attempts(connection, after, most))

    async def by_calling_code(self, places: range | None = None) -> list[tuple[str, Counter[State]]]:
        """For every calling code that was sent to, its recipients by state."""
        return await self._read(lambda connection: summary.by_calling_code(connection, places))

    async def doubts(self, places: range | None = None) -> list[Doubt]:
        """The first unknown recipients."""
        return await self._read(lambda connection: summary.doubts(connection, places))

    async def doubles(self) -> list[KnownDouble]:
        """The first known doubles."""
        return await self._read(summary.doubles)

    async def resolutions(self) -> list[Resolution]:
        """People's last decisions."""
        return await self._read(summary.resolutions)

    async def moves(self) -> list[LedgerMove]:
        """All that was ever said of its moves."""
        return await self._read(move_rows.moves)

    async def _read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        return await self._opened.do(lambda file: file.read(look))

    @property
    def _opened(self) -> LedgerHandle:
        if self._handle is None:
            raise refusal(self.name, "it is closed")
        return self._handle
