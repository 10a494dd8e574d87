"""The ledger of a campaign: one SQLite file, and the thread that alone touches it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, final

from ..._runtime.clock import wall_us
from ...errors import ConfigurationError
from ..ledger_input import compare, slices
from ..refusals import MissingLedgerError, judged_apart, refusal
from . import later_additions, move_rows, opening, packing, queries, resolving, transitions, wanted_rows
from .file import LedgerFile
from .fitted_addition import FittedAddition
from .handle import LedgerHandle
from .input_writer import InputWriter
from .questions import LedgerFileQuestions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..._core.rulings import Ruling
    from ...models import Outcome
    from ..ledger_input import Letters
    from ..move_states import LedgerMove
    from ..rows import Count, Intent
    from ..states import Choice
    from ..wanted import WantedChange

T = TypeVar("T")


@final
class SQLiteLedger(LedgerFileQuestions):
    """One open ledger in a file, of which a process may have as many as it likes over one: see ``LedgerHandle``.

    ``name`` is the file's path, and ``id`` the ledger's own, made at random, whatever the file is called.

    Every method runs in the file's thread, one after the other, and raises ``LedgerError``. A cancelled call leaves at
    once; what it asked for still happens, whole, in its turn. WAL with ``synchronous = FULL``: what a method changed is
    durable when it returns. Mutable state: the handle, until it is closed.
    """

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self.name = str(path)
        self.id = ""
        self._path = path
        self._clock = clock
        self._handle = None

    @classmethod
    async def open(
        cls, path: Path | str, *, create: bool, clock: Callable[[], int] = wall_us, looking: bool = False
    ) -> SQLiteLedger:
        """Open the ledger at ``path``, or make it if it isn't there and may be made.

        ``clock`` gives the times that it keeps (microseconds since 1970). Who was being sent to by a process that has
        ended is unknown from here on, unless it is opened for ``looking`` alone.
        """
        ledger = cls(real_path(path), clock)
        if not ledger._path.exists():
            if not create:
                raise MissingLedgerError(f"{ledger._path}: there is no such ledger", path=str(ledger._path))
            await asyncio.to_thread(opening.create, ledger._path)
        ledger._handle = LedgerHandle.join(ledger._path, ledger)
        try:
            if not looking:
                await ledger._handle.recover(clock)
            ledger.id = await ledger._read(queries.ledger_id)
        except BaseException:
            await ledger.close()
            raise
        return ledger

    async def close(self) -> None:
        """Close the file once everything asked for is done, unless others use it too."""
        handle, self._handle = self._handle, None
        if handle is not None:
            if handle.runner is self:
                await handle.leave_running(self)
            await handle.leave(self)

    def hurry(self) -> None:
        """Do nothing: a file is never waited for."""

    async def now_us(self) -> int:
        """The time by this machine's clock, in microseconds since 1970."""
        return self._clock()

    async def become_runner(self) -> None:
        """Become the one runner; raises if there is another. Looks through the whole file for damage first."""
        await self._opened.become_runner(self, self._clock)

    async def leave_running(self) -> None:
        """End being the one runner, so that another can run."""
        await self._opened.leave_running(self)

    async def become_mover(self) -> None:
        """Become the one runner, also of a ledger that may only be read as the campaign is moved."""
        await self._opened.become_runner(self, self._clock, moving=True)

    async def recover(self) -> float | None:
        """Make unknown whoever was being sent to by a process that has ended, which the run lock says at once."""
        await self._opened.recover(self._clock)
        return None

    async def add(
        self,
        letters: Letters,
        template: str | None,
        region: str | None,
        suppressed: Iterable[str],
        *,
        source: str = "add",
        rehearsal: bool = False,
        one_per_number: bool = False,
        keep: Sequence[str] = (),
        file: str = "",
        by: str = "",
    ) -> bool:
        """Take all of ``letters`` in, in one transaction; false if the same were there already.

        ``suppressed`` are kept in either case, as told by ``source``. ``one_per_number``: a number's further texts are
        skipped. ``keep`` are the columns whose texts come with each letter. Raises ``ConfigurationError`` if others
        are, and what ``letters`` raises; then, or if it is cancelled, nothing is added. ``file`` and ``by`` say what
        the addition is from, and who made it.
        """
        known = await self.added()
        if known is not None:
            await compare(known, letters, template, self.name)
            await self.suppress(suppressed, source)
            return False
        handle = self._opened
        if handle.adder is not None:
            raise ConfigurationError("recipients are being added already")
        handle.adder = self
        try:
            adding = await handle.do(
                lambda opened: self._begin_adding(opened, region, one_per_number=one_per_number, keep=keep)
            )
            async for some in slices(letters):
                await handle.do(_ignoring(partial(adding.take, some)))
            phones = await asyncio.to_thread(list, suppressed)
            finish = partial(adding.finish, template, rehearsal=rehearsal, file=file, by=by)
            await handle.do(lambda opened: self._finish_adding(opened, adding, finish, phones, source))
        finally:
            try:
                await handle.do(LedgerFile.roll_back)
            finally:
                handle.adder = None
        return True

    async def add_more(
        self,
        letters: Letters,
        template: str | None,
        region: str | None,
        suppressed: Iterable[str],
        *,
        by: str,
        source: str = "add",
        one_per_number: bool = False,
        keep: Sequence[str] = (),
        file: str = "",
    ) -> list[Count] | None:
        """Take more recipients in as an addition of their own: see ``CampaignLedger``."""
        with tempfile.TemporaryDirectory(prefix="customersms-") as folder:
            draft = Path(folder, "draft.ledger")
            judging = judge(draft, letters, template, region, self._clock, one_per_number=one_per_number, keep=keep)
            with judged_apart(self.name):
                await judging
            phones = await asyncio.to_thread(list, suppressed)
            fitted = await asyncio.to_thread(
                FittedAddition, draft, Path(folder, "fitted"), one_per_number=one_per_number
            )
            with fitted:
                known = 0
                while True:
                    given = await self.added()  # before the others are read, so that none of them is missing
                    if given is None:
                        raise ConfigurationError(f"{self.name}: nobody was added to this ledger yet")
                    await self._tell(fitted, known, given.recipients)
                    known = given.recipients
                    await asyncio.to_thread(fitted.fit, known)
                    add = partial(later_additions.add, fitted=fitted, offset=known, suppressed=phones, source=source)
                    with contextlib.suppress(later_additions.GrownMeanwhileError):
                        return await self._write(partial(add, name=file, by=by, now_us=self._clock()))

    async def _tell(self, fitted: FittedAddition, start: int, end: int) -> None:
        """Tell an addition of the recipients at these places, page by page, between which a run has the file."""
        phones, among = fitted.phones(), fitted.texts()
        for first in range(start, end, later_additions.PAGE):
            behind = min(first + later_additions.PAGE, end)
            recipients = await self._read(partial(later_additions.recipients, start=first, end=behind, phones=phones))
            await asyncio.to_thread(fitted.know, recipients)
            texts = await self._read(partial(later_additions.texts, start=first, end=behind, among=among))
            await asyncio.to_thread(fitted.know_texts, texts)

    async def want(self, change: WantedChange) -> bool:
        """Make a change of what is wanted durable: see ``WantedLedger``."""
        return await self._write(lambda file: wanted_rows.want(file, change, self._clock()))

    async def begin(self, intent: Intent) -> None:
        """Make it durable that a request is about to leave, unless something else than *run* is wanted."""
        await self._write(lambda file: transitions.begin(file, intent, self._clock()))

    async def record(self, intent: Intent, ruling: Ruling) -> None:
        """Make durable what became of a request, however late it is known."""
        await self._write(lambda file: transitions.record(file, intent, ruling, self._clock()))

    async def suppress(self, phones: Iterable[str], source: str) -> int:
        """Suppress these numbers for good: nobody with one of them is sent to. Gives how many planned are skipped."""
        listed = await asyncio.to_thread(list, phones)  # whatever that takes, the ledger is not kept waiting
        return await self._write(lambda file: _suppress(file, listed, source, self._clock()))

    async def skip(self, outcomes: Sequence[Outcome]) -> None:
        """Skip, with the code and the words of these outcomes, those recipients of them who are planned."""
        await self._write(lambda file: transitions.skip(file, outcomes, self._clock()))

    async def resolve(self, choices: Sequence[Choice], phones: Iterable[str] | None, by: str) -> int:
        """Do what a person says of recipients; gives of how many that was."""
        return await self._write(lambda file: resolving.resolve(file, choices, phones, by, self._clock()))

    async def say_of_move(self, said: LedgerMove) -> None:
        """Append what is said of a move."""
        await self._write(lambda file: move_rows.say(file, said, self._clock()))

    async def pack(self, to: Path) -> None:
        """Write all that it holds into a new file."""
        await self._read(lambda connection: packing.pack(connection, to))

    async def _write(self, change: Callable[[LedgerFile], T]) -> T:
        if self._opened.adder is not None:
            raise ConfigurationError("recipients are being added: wait for that")
        return await self._opened.do(change)

    def _begin_adding(
        self, file: LedgerFile, region: str | None, *, one_per_number: bool, keep: Sequence[str]
    ) -> InputWriter:
        connection = file.begin()
        if queries.added(connection) is not None:
            raise ConfigurationError(f"{self.name}: another program has just added recipients")
        return InputWriter(connection, region, self._clock, one_per_number=one_per_number, keep=keep)

    def _finish_adding(
        self,
        file: LedgerFile,
        adding: InputWriter,
        finish: Callable[[], None],
        suppressed: Iterable[str],
        source: str,
    ) -> None:
        finish()
        transitions.suppress(adding.connection, suppressed, source, self._clock())
        file.commit()


async def judge(
    draft: Path,
    letters: Letters,
    template: str | None,
    region: str | None,
    clock: Callable[[], int],
    *,
    one_per_number: bool,
    keep: Sequence[str],
) -> None:
    """Judge an addition by itself, in a new ledger's file ``draft``, which is closed when this returns."""
    judged = await SQLiteLedger.open(draft, create=True, clock=clock)
    try:
        await judged.add(letters, template, region, (), one_per_number=one_per_number, keep=keep)
    finally:
        await judged.close()


def real_path(path: Path | str) -> Path:
    """The one name that a file has, whatever links lead to it: its lock goes by it, and the ledger keeps it.

    Raises ``LedgerError`` for what names no file, and for a name that can't be kept.
    """
    try:
        found = Path(path).expanduser().resolve()
        str(found).encode()
    except RuntimeError:
        reason = "it names no file: nobody knows the home folder in it, or its links lead in a circle"
        raise refusal(path, reason) from None
    except ValueError:
        raise refusal(path, "its name is no text in UTF-8, in which the ledger keeps it: rename it") from None
    return found


def _suppress(file: LedgerFile, phones: Iterable[str], source: str, now_us: int) -> int:
    with file.transaction() as connection:
        return transitions.suppress(connection, phones, source, now_us)


def _ignoring(work: Callable[[], None]) -> Callable[[LedgerFile], None]:
    """``work`` as a job of the file's thread that has no need of the file."""
    return lambda _: work()
