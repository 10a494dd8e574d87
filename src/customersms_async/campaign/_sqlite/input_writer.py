"""The first input of a campaign, written into an empty ledger in one transaction: judged, with every repeat found.

Runs in the ledger's own thread. Cost: about 8 µs a recipient; memory: ``LedgerRepeats`` for each recipient, and one
slice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import msgspec

from ..._core.intake import Judge, RefusedLetter, with_line
from ...errors import ConfigurationError
from ...models import Code
from ..ledger_input import InputDigest
from ..process_name import this_process
from ..states import RecipientEvent, after
from ..wanted import WantedChange
from ..wanted_states import WantedEvent
from . import wanted_rows
from .ledger_repeats import LedgerRepeats
from .schema import ORIGINS, ZONES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from ..._core.intake import Letter
    from .ledger_repeats import RecipientRow

_PLANNED, _SKIPPED = after(None, RecipientEvent.ADDED), after(None, RecipientEvent.REFUSED)


@final
class InputWriter:
    """Takes slices of the input in, within a transaction that the caller has begun and ends.

    Mutable state: the input's digest, what came before, and whether anybody has brought a time zone.

    ``one_per_number``: a number's further texts are repeats. ``keep``: the columns whose texts come with each letter.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        region: str | None,
        clock: Callable[[], int],
        *,
        one_per_number: bool = False,
        keep: Sequence[str] = (),
    ) -> None:
        self.connection = connection
        self._clock = clock
        self._keep = keep
        self._repeats = LedgerRepeats(connection, one_per_number=one_per_number)
        self._judge = Judge(self._repeats, region, one_per_number=one_per_number, one_per_key=True)
        self._now_us = 0
        self._has_zones = False
        self.digest = InputDigest()

    def take(self, letters: Sequence[Letter]) -> None:
        """Judge these and write them. Raises ``ConfigurationError`` for a region that can't be used."""
        base = self.digest.count
        self._now_us = self._clock()
        self.digest.take(letters)
        for number, letter in enumerate(letters, base):
            self._repeats.add(self._row(letter, number))
        self._repeats.write()
        if letters and letters[0].line is not None:
            self._keep_origins(letters, base)
        self._keep_zones(letters, base)

    def finish(self, template: str | None, *, rehearsal: bool, file: str, by: str) -> None:
        """Count what was taken, and say what it was, from which file, and who has added it (empty: this process)."""
        if not self.digest.count:
            raise ConfigurationError("there are no recipients to add")
        self.connection.execute(
            "INSERT INTO counts SELECT state, code, count(*), sum(segments) FROM recipients GROUP BY state, code"
        )
        now_us = self._clock()
        self.connection.execute(
            "INSERT INTO input VALUES (1, ?, ?, ?, ?, ?)",
            (self.digest.hex, template, self.digest.count, now_us, rehearsal),
        )
        name = by or this_process()
        self.connection.execute(
            "INSERT INTO additions (source, hash, added_us, by, recipients, first) VALUES (?, ?, ?, ?, ?, 0)",
            (file, self.digest.hex, now_us, name, self.digest.count),
        )
        wanted_rows.append(self.connection, WantedChange(event=WantedEvent.ADDED, by=name), now_us)

    def _keep_origins(self, letters: Sequence[Letter], base: int) -> None:
        """Note where letters that came from a file stand in it."""
        if not base:
            for statement in ORIGINS:
                self.connection.execute(statement)
        self.connection.executemany(
            "INSERT INTO origins VALUES (?, ?, ?)",
            ((number, letter.line, self._kept(letter)) for number, letter in enumerate(letters, base)),
        )

    def _keep_zones(self, letters: Sequence[Letter], base: int) -> None:
        """Note the time zones of those who have brought one."""
        zones = [(number, letter.zone) for number, letter in enumerate(letters, base) if letter.zone is not None]
        if not zones:
            return
        if not self._has_zones:
            for statement in ZONES:
                self.connection.execute(statement)
            self._has_zones = True
        self.connection.executemany("INSERT INTO zones VALUES (?, ?)", zones)

    def _kept(self, letter: Letter) -> str | None:
        if not self._keep:
            return None
        return msgspec.json.encode(dict(zip(self._keep, letter.kept, strict=True))).decode()

    def _row(self, letter: Letter, number: int) -> RecipientRow:
        judged = self._judge.judge(letter, number)
        text = self._repeats.text
        if not isinstance(judged, RefusedLetter):
            return number, judged.phone, text.id, text.segments, _PLANNED, "", None, self._now_us
        phone, code, reason = judged.outcome.phone, judged.outcome.code or "", judged.outcome.error or ""
        text_id = text.id if code == Code.DUPLICATE else None
        return number, phone, text_id, 0, _SKIPPED, code, with_line(reason, judged.line), self._now_us
