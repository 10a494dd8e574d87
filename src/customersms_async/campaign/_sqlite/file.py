"""The open file of a ledger: what may be lost with its ``-wal`` is said in the main file before it can be.

Every change goes to the ``-wal`` first, and a main file that is moved without it is an old copy. So the main file says
``closed = 0``, written there and synced, before anything else is written, and ``closed = 1`` only when all of it stands
in the main file: whoever finds the first and no ``-wal`` knows that something is missing. Everything here is
synchronous and belongs to one thread.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import sqlite3
import time
from typing import TYPE_CHECKING, Final, TypeVar, final

from ...errors import LedgerError
from ...quota.host_clock import boot_clock
from ..refusals import MisplacedLedgerError, refusal
from . import move_rows, opening
from .copy_check import CopyCheck
from .errors import BUSY_SECONDS, translated
from .lock import Witness
from .schema import UPDATES, VERSION
from .typed_rows import only
from .wal_check import UNKNOWN_BOOT, changes_of, checkpoint, is_closed, open_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ..rows import RunningNow
    from .lock import RunLock
    from .opening import Identity

T = TypeVar("T")

_TRIES: Final = 10
"""How often somebody else may write to the ledger just when it is to be closed."""

_LONGEST_PAUSE: Final = 0.005
"""Seconds, at most, before another try to write to a ledger that others keep from being brought into its main file."""

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
    which files these are; the era that this object has seen in the main file; whether its schema is known to be that of
    this version; whether the disk was full, so that it can only be read, and by nobody else; whether the ledger has
    been further than what is seen here, so that it is not written to.
    """

    def __init__(self, path: Path, lock: RunLock, identity: Identity) -> None:
        self.path = path
        self._lock = lock
        self._places = (path, opening.wal_of(path), path.with_name(path.name + "-shm"))
        self._writing: sqlite3.Connection | None = None
        self._boot = boot_clock()[0] or UNKNOWN_BOOT
        self._era: str | None = None
        self._is_up_to_date = False
        if opening.look(path) != identity:
            raise refusal(path, "it was replaced by another file while in use")
        self._reading, self._lags = open_checked(path, lock, self._boot, self._writer)
        try:
            opening.check(self._reading, path)
            with translated(path):
                self._alone = opening.is_alone(self._reading)
                self._files = [identity] if self._alone else self._identities()
                (self._ledger,) = only(self._reading.execute("SELECT ledger FROM session"), tuple[str])
            if self._files[0] != identity:
                raise refusal(path, "it was replaced by another file while it was being opened")
            self._copies = CopyCheck(path, lock, self._reading, self._ledger, identity)
        except BaseException:
            self._reading.close()
            raise

    def read(self, look: Callable[[sqlite3.Connection], T]) -> T:
        """The findings of ``look``, which sees what is committed."""
        return look(self._reading)

    @contextlib.contextmanager
    def transaction(self, *, anywhere: bool = False, moving: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction: all of a change or nothing, durable when the block ends.

        Refused in a file that is not at its place any more, where nobody would find the change, unless ``anywhere``;
        and in a ledger from which the campaign moves, or where it has not arrived, unless it is a step of the move.
        """
        connection = self.begin(anywhere=anywhere, moving=moving)
        try:
            yield connection
            self.commit(anywhere=anywhere)
        except BaseException:
            self.roll_back()
            raise

    @contextlib.contextmanager
    def beside(self, other: Path) -> Iterator[None]:
        """Have transactions within the block read ``other``, a database of ours that nobody changes, as ``beside``."""
        connection = self._writer()
        connection.execute("ATTACH ? AS beside", (f"{other.as_uri()}?mode=ro&immutable=1",))
        try:
            yield
        finally:
            if not connection.in_transaction:
                connection.execute("DETACH beside")

    def begin(self, *, anywhere: bool = False, moving: bool = False) -> sqlite3.Connection:
        """Begin a transaction that the caller ends."""
        if self._alone:
            raise refusal(self.path, "the disk is full: it can be read, and not be changed")
        if self._lags:
            raise refusal(self.path, _LAGS)
        until = time.monotonic() + BUSY_SECONDS
        while True:
            self.check_place(anywhere=anywhere)  # each time: before a file is opened by its name, and after a pause
            connection = self._writer()
            connection.execute("BEGIN IMMEDIATE")
            session = connection.execute("SELECT closed, place, era FROM session")
            closed, place, era = only(session, tuple[int, str | None, str])
            if (closed, place) != (0, str(self.path)):
                era = secrets.token_hex(8)
                connection.execute("UPDATE session SET closed = 0, place = ?, era = ?", (str(self.path), era))
                connection.execute("UPDATE progress SET era = ?", (era,))
            elif era == self._era:
                self._bring_up_to_date(connection)
                if not moving:
                    self._refuse_if_away(connection)
                connection.execute("UPDATE progress SET changes = changes + 1")
                return connection
            connection.execute("COMMIT")
            if checkpoint(connection):
                self._era = era  # now the main file says so, too
            else:  # or somebody who has looked is closing it, and bringing it into the main file, at this very moment
                time.sleep(random.uniform(0.0, _LONGEST_PAUSE))  # noqa: S311 - no secret
            if time.monotonic() >= until:
                break
        raise refusal(self.path, "other programs read it without end, so that nothing can be written")

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        """Have the file know the moves of this version from its next change on: one of an older one can be read.

        A program that knows no version 3 tells people to drop its trigger, so that it is made again where it is gone.
        """
        if self._is_up_to_date:
            return
        try:
            if opening.version_of(connection, self.path) < VERSION or not opening.knows_moves(connection):
                for statement in UPDATES:
                    connection.execute(statement)
            else:
                self._is_up_to_date = True
        except BaseException:
            self.roll_back()
            raise

    def _refuse_if_away(self, connection: sqlite3.Connection) -> None:
        """Raise ``LedgerError``, and undo the transaction, if the campaign is elsewhere, or on its way."""
        if (why := move_rows.away(connection)) is not None:
            self.roll_back()
            raise refusal(self.path, why)

    def commit(self, *, anywhere: bool = False) -> None:
        """Make what was changed since ``begin`` durable, and write beside the ledger how far it has come.

        Only now does SQLite write it to the ``-wal``, so the files are looked at once more.
        """
        self.check_place(anywhere=anywhere)
        changes = changes_of(self._writer())
        self._writer().execute("COMMIT")
        self._lock.note(Witness(self._ledger, changes, self._boot))

    def roll_back(self) -> None:
        """Undo a transaction, if one is still there: some errors, such as a full disk, have already undone it."""
        if self._writing is not None and self._writing.in_transaction:
            self._writing.execute("ROLLBACK")

    def check_place(self, *, anywhere: bool = False) -> None:
        """Raise ``LedgerError`` if the file, or what belongs to it, is not where it was opened.

        ``anywhere``: only if there is by now another file in the place of one of them.
        """
        if self._is_in_place or (anywhere and not self._is_replaced):
            return
        raise MisplacedLedgerError(
            f"{self.path}: it (or its -wal or -shm file) was moved, deleted or replaced while in use, so nothing more"
            " is sent: put the three of them together again",
            path=str(self.path),
        )

    def become_runner(self, *, moving: bool = False) -> None:
        """Become the one that runs, once the lock is held. Raises ``LedgerError`` if another one is, or may be.

        So it does for a ledger that may only be read, unless it is to be moved. Looks through the whole file for
        damage.
        """
        if not moving and (why := move_rows.away(self._reading)) is not None:
            raise refusal(self.path, why)
        opening.check_all(self._reading, self.path)
        self._copies.refuse()

    def running(self) -> RunningNow | None:
        """Who runs the ledger, by this name or by the one at which it was last written to."""
        return self._lock.holder() or self._copies.holder_elsewhere

    @property
    def is_run_elsewhere(self) -> bool:
        """Whether somebody runs this ledger by the name at which it was last written to."""
        return self._copies.is_run_elsewhere

    def settle(self) -> None:
        """Bring everything into the main file and say there that it is closed, unless others keep that from being done.

        Whoever writes next says first that it is not. Does nothing if nothing was written here, or if others may have
        begun a ``-wal`` or a ``-shm`` of their own.
        """
        connection = self._writing
        if connection is None or connection.in_transaction:
            return
        connection.execute(f"PRAGMA busy_timeout = {_HURRY_MS}")
        for _ in range(_TRIES):
            if is_closed(connection) or not self._is_ours:
                return
            version = _data_version(connection)
            if not checkpoint(connection):
                return
            connection.execute("BEGIN IMMEDIATE")
            if _data_version(connection) == version and self._is_ours:  # nobody else has written since
                connection.execute("UPDATE session SET closed = 1")
            connection.execute("COMMIT")
            checkpoint(connection)  # here, as SQLite does not do it at its end for a file that was moved

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
        """Close both connections: last the one that writes, as only that one tidies up, or else the other one."""
        connections = (self._reading, self._writing)
        for connection in connections if self._is_ours else reversed(connections):
            if connection is not None:
                connection.close()

    def _writer(self) -> sqlite3.Connection:
        if self._writing is None:
            self._writing = opening.connect(self.path, writing=True)
        return self._writing

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
    def _is_ours(self) -> bool:
        """Whether nobody can be using the main file with another ``-wal`` or ``-shm`` than ours.

        They are all in place, or the main file has gone from there, and whoever finds it needs what is written here.
        """
        return self._is_in_place or not (self._is_replaced or self.path.exists())

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


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
