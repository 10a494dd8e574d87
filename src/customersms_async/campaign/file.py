"""The open file of a ledger: what may be lost with its ``-wal`` is said in the main file before it can be.

Every change goes to the ``-wal`` first, and a main file that is moved without it is an old copy. So the main file says
``closed = 0``, written there and synced, before anything else is written, and ``closed = 1`` only when all of it stands
in the main file: whoever finds the first and no ``-wal`` knows that something is missing. Everything here is
synchronous and belongs to one thread.
"""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, final

from .._core.plural import counted
from ..errors import LedgerError
from ..quota.host_clock import boot_clock
from . import opening
from .lock import RunLock, Witness
from .schema import SINCE_VERSION_2, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .opening import Identity

T = TypeVar("T")

_LOOKS: Final = 20
_LOOK_SECONDS: Final = 0.05
"""A ``-wal`` that is missing is looked for so often, so long apart: another process may just be opening the file."""

_TRIES: Final = 10
"""How often somebody else may close the ledger just when it is to be written to."""

_UNKNOWN: Final = "-"
"""The name of a machine's run that can't be known."""

_LAGS: Final = (
    "the ledger has been further than what is seen of it here: it is an older copy, or its -wal was brought while"
    " another program had it open (then end that program, and open it again)"
)

_HURRY_MS: Final = 1_000
"""How long others are waited for when the file is closed; who can't be waited for closes it in order later."""


@final
class LedgerFile:
    """An open ledger, by the name ``path``; ``lock`` is its run lock. Raises ``LedgerError`` for all that is wrong.

    Mutable state: a connection that reads, and sees only what is committed; one that writes, made when first needed;
    which files these are; the era that this object has seen in the main file; whether the disk was full, so that it
    can only be read, and by nobody else; whether the ledger has been further than what is seen here, so that it is
    not written to.
    """

    def __init__(self, path: Path, lock: RunLock, identity: Identity) -> None:
        self.path = path
        self._lock = lock
        self._places = (path, opening.wal_of(path), path.with_name(path.name + "-shm"))
        self._writing: sqlite3.Connection | None = None
        self._boot = boot_clock()[0] or _UNKNOWN
        self._era: str | None = None
        self._lags = False
        if opening.look(path) != identity:
            raise opening.refusal(path, "it was replaced by another file while in use")
        self._reading = self._whole()
        try:
            opening.check(self._reading, path)
            with opening.translated(path):
                self._alone = opening.is_alone(self._reading)
                self._files = [identity] if self._alone else self._identities()
                (self._ledger,) = self._reading.execute("SELECT ledger FROM session").fetchone()
            if self._files[0] != identity:
                raise opening.refusal(path, "it was replaced by another file while it was being opened")
        except BaseException:
            self._reading.close()
            raise

    def read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        """What ``look`` finds in what is committed."""
        return look(self._reading)

    @contextlib.contextmanager
    def transaction(self, *, anywhere: bool = False) -> Iterator[sqlite3.Connection]:
        """All of a change or nothing; it is durable when the block ends.

        Refused in a file that is not at its place any more, where nobody would find the change, unless ``anywhere``.
        """
        connection = self.begin(anywhere=anywhere)
        try:
            yield connection
            self.commit()
        except BaseException:
            self.roll_back()
            raise

    def begin(self, *, anywhere: bool = False) -> sqlite3.Connection:
        """Begin a transaction that the caller ends."""
        if self._alone:
            raise opening.refusal(self.path, "the disk is full: it can be read, and not be changed")
        if self._lags:
            raise opening.refusal(self.path, _LAGS)
        if not anywhere or self._is_replaced:
            self.check_place()
        connection = self._writer()
        for _ in range(_TRIES):
            connection.execute("BEGIN IMMEDIATE")
            closed, place, era = connection.execute("SELECT closed, place, era FROM session").fetchone()
            if (closed, place) != (0, str(self.path)):
                era = secrets.token_hex(8)
                connection.execute("UPDATE session SET closed = 0, place = ?, era = ?", (str(self.path), era))
                connection.execute("UPDATE progress SET era = ?", (era,))
            elif era == self._era:
                connection.execute("UPDATE progress SET changes = changes + 1")
                return connection
            connection.execute("COMMIT")
            if not _checkpoint(connection):
                break
            self._era = era  # now the main file says so, too
        raise opening.refusal(self.path, "other programs read it without end, so that nothing can be written")

    def commit(self) -> None:
        """Make what was changed since ``begin`` durable, and write beside the ledger how far it has come."""
        changes = _changes(self._writer())
        self._writer().execute("COMMIT")
        self._lock.note(Witness(self._ledger, changes, self._boot))

    def roll_back(self) -> None:
        """Undo a transaction, if one is still there: some errors, such as a full disk, have already undone it."""
        if self._writing is not None and self._writing.in_transaction:
            self._writing.execute("ROLLBACK")

    def check_place(self) -> None:
        """Raise ``LedgerError`` if the file, or what belongs to it, is not where it was opened."""
        if self._is_in_place:
            return
        raise opening.refusal(
            self.path,
            "it (or its -wal or -shm file) was moved, deleted or replaced while in use, so nothing more is sent:"
            " put the three of them together again",
        )

    def run_by(self) -> None:
        """Become the one that runs, once the lock is held. Raises ``LedgerError`` if another one is, or may be.

        Looks through the whole file for damage. The lock goes by the file's name, so it is looked for at the place
        where the file was last written to as well.
        """
        opening.check_all(self._reading, self.path)
        earlier = self._earlier_place()
        for lock in (self._lock, RunLock(earlier or self.path)):
            self._refuse_older_copy(lock.witness())
        if self.is_run_elsewhere:
            raise RunLock(earlier or self.path).refusal()
        if earlier is not None:
            self._refuse_copy(earlier)

    @property
    def is_run_elsewhere(self) -> bool:
        """Whether somebody runs this ledger by the name at which it was last written to."""
        earlier = self._earlier_place()
        return earlier is not None and RunLock(earlier).taken

    def settle(self) -> None:
        """Bring everything into the main file and say there that it is closed, unless others keep that from being done.

        Whoever writes next says first that it is not. Does nothing if nothing was written here.
        """
        connection = self._writing
        if connection is None or connection.in_transaction:
            return
        connection.execute(f"PRAGMA busy_timeout = {_HURRY_MS}")
        for _ in range(_TRIES):
            if _is_closed(connection):
                return
            version = _data_version(connection)
            if not _checkpoint(connection):
                return
            connection.execute("BEGIN IMMEDIATE")
            if _data_version(connection) == version:  # nobody else has written since
                connection.execute("UPDATE session SET closed = 1")
            connection.execute("COMMIT")
            _checkpoint(connection)  # here, as SQLite does not do it at its end for a file that was moved

    def close(self) -> None:
        """Close it in order; the last one to do so, in any process, brings all into the main file."""
        with contextlib.suppress(LedgerError, OSError, sqlite3.Error):  # a full disk: then it says that it is open
            if not self._lock.taken and self._may_tidy_up:
                self._writer()  # so that no -wal is left behind
            self.settle()
        self._disconnect()

    def let_go(self) -> bool:
        """Close it before a fork; not in the middle of a transaction."""
        if self._writing is not None and self._writing.in_transaction:
            return False
        with contextlib.suppress(sqlite3.Error):
            self.settle()
        self._disconnect()
        return True

    def _disconnect(self) -> None:
        """Close both connections; the one that writes last, as only that one may tidy up."""
        self._reading.close()
        if self._writing is not None:
            self._writing.close()

    def _writer(self) -> sqlite3.Connection:
        if self._writing is None:
            self._writing = opening.connect(self.path, writing=True)
        return self._writing

    def _whole(self) -> sqlite3.Connection:
        """A connection that reads; raises ``LedgerError`` if something is missing, or the version is unknown.

        Whoever looks through SQLite makes a ``-shm`` that says what the ``-wal`` holds, and holds on to it: a ``-wal``
        that is brought meanwhile is taken for empty, overwritten and deleted. So nobody looks that way at a main file
        that lacks its ``-wal``, and what is seen must not be less than what the lock says was written.
        """
        for left in reversed(range(_LOOKS)):
            has_wal = self._has_wal()
            if left and not has_wal and not self._stands_alone():
                time.sleep(_LOOK_SECONDS)
                continue
            reading = opening.connect(self.path, writing=False)
            try:
                version = opening.version_of(reading, self.path)
                if version < VERSION:
                    self._upgrade()
                whole = _belong_together(reading)
                if has_wal and not whole:
                    raise opening.refusal(
                        self.path,
                        "the -wal file beside it belongs to another ledger, or to another time of this one: bring the"
                        " one that was beside it when it was last written to",
                    )
                if whole and _was_emptied(reading):
                    self._writer()  # which wants a -wal again
                    return reading
                witnessed = self._is_witnessed(reading)
                if whole and (version < VERSION or _is_closed(reading) or witnessed):
                    return reading
                if whole and has_wal and (witnessed is None or not left):
                    self._lags = witnessed is not None
                    return reading
            except BaseException:
                reading.close()
                raise
            place = reading.execute("SELECT place FROM session").fetchone()[0]
            reading.close()
            if left:
                time.sleep(_LOOK_SECONDS)
        raise opening.refusal(
            self.path,
            f"it was not closed in order, and what was sent last stands in its -wal file, which is not here: bring"
            f" {opening.wal_of(self.path).name} beside it (it was last written to as {place}, so look for {place}-wal);"
            " if that is lost, nobody can know from this file who was sent to: see docs/campaigns.md",
        )

    def _stands_alone(self) -> bool:
        """Whether the main file says by itself that nothing is missing; false as well while somebody writes to it."""
        try:
            with contextlib.closing(opening.main_file(self.path)) as main:
                if main.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                    return True  # what it is then, is said by whoever opens it
                return _is_closed(main) or bool(self._is_witnessed(main))
        except sqlite3.Error:
            return False

    def _has_wal(self) -> bool:
        """Whether there is a ``-wal`` with something in it: SQLite makes an empty one whenever it looks."""
        try:
            return opening.wal_of(self.path).stat().st_size > 0
        except FileNotFoundError:
            return False

    def _is_witnessed(self, reading: sqlite3.Connection) -> bool | None:
        """Whether every change that was made is seen; ``None`` if there is nobody to tell.

        Only the lock of the place that the main file names can: whoever writes to the ledger at another one says so
        there first.
        """
        ledger, place = reading.execute("SELECT ledger, place FROM session").fetchone()
        witness = None if place is None else RunLock(Path(place)).witness()
        if witness is None or (witness.ledger, witness.boot) != (ledger, self._boot) or self._boot == _UNKNOWN:
            return None
        return witness.changes <= _changes(reading)

    def _upgrade(self) -> None:
        if not self._lock.try_to_take():
            raise opening.refusal(self.path, "an older version of customersms_async is running it")
        try:
            connection = self._writer()
            if opening.version_of(connection, self.path) < VERSION:
                connection.executescript(f"BEGIN IMMEDIATE; {SINCE_VERSION_2} COMMIT;")
                _checkpoint(connection)
        finally:
            self.roll_back()
            self._lock.free()

    def _refuse_older_copy(self, witness: Witness | None) -> None:
        """Raise ``LedgerError`` if the ledger was further than it is here."""
        here = _changes(self._reading)
        if witness is not None and witness.ledger == self._ledger and witness.changes > here:
            missing = counted(witness.changes - here, "change made since is", "changes made since are")
            raise opening.refusal(
                self.path, f"it is an older copy: {missing} not in it, and going on would send again what was sent then"
            )

    def _refuse_copy(self, place: Path) -> None:
        """Raise ``LedgerError`` if this is a copy of the ledger at ``place``."""
        try:
            if opening.identity(place) == self._files[0]:
                return
            found = opening.ledger_of(place)
        except (FileNotFoundError, NotADirectoryError):
            return  # it has gone from there
        except (OSError, LedgerError) as error:
            raise opening.refusal(
                self.path, f"it was last written to as {place}, and whether it is still there can't be seen: {error}"
            ) from None
        if found == self._ledger:
            raise opening.refusal(
                self.path,
                f"it is a copy of {place}, which is still there: go on with that one, as each would send to those whom"
                " the other has sent to",
            )

    def _earlier_place(self) -> Path | None:
        """Where the ledger was when it was last written to, if that is not here."""
        (place,) = self._reading.execute("SELECT place FROM session").fetchone()
        return None if place in (None, str(self.path)) else Path(place)

    @property
    def _may_tidy_up(self) -> bool:
        """Whether what was opened here is still here, is all there is of it, and is nobody's in use elsewhere."""
        return not self._alone and not self._lags and self._is_in_place and not self.is_run_elsewhere

    @property
    def _is_in_place(self) -> bool:
        """Whether the three files are where they were opened."""
        with contextlib.suppress(OSError):
            return self._identities() == self._files
        return False

    @property
    def _is_replaced(self) -> bool:
        """Whether others have by now a file where one of ours was, with changes of their own in it."""
        for place, ours in zip(self._places, self._files, strict=False):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                if opening.identity(place) != ours:
                    return True
        return False

    def _identities(self) -> list[Identity]:
        return [opening.identity(place) for place in self._places]


def _is_closed(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT closed FROM session").fetchone()[0])


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _checkpoint(connection: sqlite3.Connection) -> bool:
    """Bring everything into the main file, synced; false if somebody reads something older for too long."""
    busy, written, brought = connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
    return not busy and written == brought


def _changes(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT changes FROM progress").fetchone()[0])


def _belong_together(connection: sqlite3.Connection) -> bool:
    """Whether the ``-wal`` is of this main file, and of its last session."""
    query = "SELECT session.era = progress.era FROM session, progress"
    return bool(connection.execute(query).fetchone()[0])


def _was_emptied(connection: sqlite3.Connection) -> bool:
    """Whether somebody has told SQLite to do without a ``-wal``, for which it brings all into the main file."""
    return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal")
