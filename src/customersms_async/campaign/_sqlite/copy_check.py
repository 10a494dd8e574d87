"""Copies of a ledger: an old one, and a second one beside the first, may not be run, or people are sent to twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from ..._core.plural import counted
from ...errors import LedgerError
from ..refusals import refusal
from . import opening
from .lock import RunLock
from .typed_rows import file_named, only
from .wal_check import changes_of

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from ..rows import RunningNow
    from .lock import Witness
    from .opening import Identity


@final
class CopyCheck:
    """Tells whether the open ledger at ``path`` is a copy, by where it was last written to.

    The run lock goes by the file's name, so it is looked for at the place where the file was last written to as well.
    """

    def __init__(self, path: Path, lock: RunLock, reading: sqlite3.Connection, ledger: str, identity: Identity) -> None:
        self._path = path
        self._lock = lock
        self._reading = reading
        self._ledger = ledger
        self._identity = identity

    def refuse(self) -> None:
        """Raise ``LedgerError`` if the ledger is a copy, or run by another name."""
        earlier = self._earlier_place()
        for lock in (self._lock, RunLock(earlier or self._path)):
            self._refuse_older_copy(lock.witness())
        if self.is_run_elsewhere:
            raise RunLock(earlier or self._path).refusal()
        if earlier is not None:
            self._refuse_copy(earlier)

    @property
    def is_run_elsewhere(self) -> bool:
        """Whether somebody runs this ledger by the name at which it was last written to."""
        earlier = self._earlier_place()
        return earlier is not None and RunLock(earlier).taken

    @property
    def holder_elsewhere(self) -> RunningNow | None:
        """Who runs this ledger by that name."""
        earlier = self._earlier_place()
        return None if earlier is None else RunLock(earlier).holder()

    def _refuse_older_copy(self, witness: Witness | None) -> None:
        """Raise ``LedgerError`` if the ledger was further than it is here."""
        here = changes_of(self._reading)
        if witness is not None and witness.ledger == self._ledger and witness.changes > here:
            missing = counted(witness.changes - here, "change made since is", "changes made since are")
            raise refusal(
                self._path,
                f"it is an older copy: {missing} not in it, and going on would send again what was sent then",
            )

    def _refuse_copy(self, place: Path) -> None:
        """Raise ``LedgerError`` if this is a copy of the ledger at ``place``."""
        try:
            if opening.identity(place) == self._identity:
                return
            found = opening.ledger_of(place)
        except (FileNotFoundError, NotADirectoryError):
            return  # it has gone from there
        except (OSError, LedgerError) as error:
            raise refusal(
                self._path, f"it was last written to as {place}, and whether it is still there can't be seen: {error}"
            ) from None
        if found == self._ledger:
            raise refusal(
                self._path,
                f"it is a copy of {place}, which is still there: go on with that one, as each would send to those whom"
                " the other has sent to",
            )

    def _earlier_place(self) -> Path | None:
        """The place at which the ledger was last written to, if that is not here."""
        (place,) = only(self._reading.execute("SELECT place FROM session"), tuple[str | None])
        return None if place is None or place == str(self._path) else file_named(place)
