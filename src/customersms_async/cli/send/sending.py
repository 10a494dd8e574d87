"""One bulk send from start to end, interruptions included; what it shows is somebody else's concern."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Protocol, cast, final

import msgspec

from ..._core.failure_guards import DEFAULT_GUARDS, FailureGuards
from ..._core.intake import with_line
from ...errors import ConfigurationError, CustomerSMSError
from ...models import Code, Outcome, Priority, Status
from ..files import FileProblem
from ..signals import GracefulStop
from .first_reading import judged_letters
from .results import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._core.intake import JudgedLetter
    from ..._sending.input_reader import Messages
    from ...client import AsyncClient
    from ..credits_warning import CreditsWarning
    from .checked_job import CheckedJob
    from .job import Job
    from .results import Results

KEPT_EXAMPLES = 3
"""Examples of each reason for failing that are kept for the end."""

KEPT_REASONS = 40
"""Different reasons that are told apart: a gateway may put the number into each of a million."""


class Failures(msgspec.Struct):
    """The recipients that failed for one reason: how many, and the first of them with where they stand."""

    count: int
    examples: list[tuple[int | None, str]]


class Progress(msgspec.Struct):
    """A send so far.

    ``error`` is what ended it before its end, if anything did; ``not_kept`` are the outcomes that could not be written
    where they were to be; ``clock`` gives seconds.
    """

    total: int
    planned_requests: int
    began: float
    counts: Counter[Status]
    reasons: dict[tuple[Status, str, str], Failures]
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    duplicates: int = 0
    suppressed: int = 0
    capped: int = 0
    requests: int = 0
    not_kept: int = 0
    interrupted: bool = False
    error: Exception | None = None

    @classmethod
    def of(cls, checked: CheckedJob) -> Progress:
        """The beginning of a send."""
        return cls(checked.rows, checked.requests, time.monotonic(), Counter(), {})

    @property
    def seconds(self) -> float:
        """Seconds since the send began."""
        return self.clock() - self.began

    @property
    def exit_status(self) -> int:
        """0: all accepted, duplicates and suppressed numbers aside; 3: some not; 1: an error; 130: interrupted."""
        if self.interrupted:
            return 130
        if self.error is not None:
            return 1
        return 0 if self.counts[Status.ACCEPTED] + self.duplicates + self.suppressed == self.total else 3

    def add(self, outcome: Outcome, line: int | None) -> None:
        """Count one outcome."""
        self.done += 1
        self.counts[outcome.status] += 1
        if outcome.status is Status.ACCEPTED:
            return
        if outcome.status is Status.UNSENT:
            self.duplicates += outcome.code == Code.DUPLICATE
            self.suppressed += outcome.code == Code.SUPPRESSED
            self.capped += outcome.code == Code.CAPPED
        reason = (outcome.status, outcome.code or "", outcome.error or "")
        if reason not in self.reasons and len(self.reasons) >= KEPT_REASONS:
            reason = (outcome.status, outcome.code or "", "for other reasons")
        failures = self.reasons.get(reason)
        if failures is None:
            failures = self.reasons[reason] = Failures(0, [])
        failures.count += 1
        if len(failures.examples) < KEPT_EXAMPLES:
            failures.examples.append((line, outcome.phone))


def _at(line: int | None, outcome: Outcome) -> Outcome:
    """The outcome as it is written down: a failure says on which line of the file it stands."""
    if line is None or outcome.error is None:
        return outcome
    return msgspec.structs.replace(outcome, error=with_line(outcome.error, line))


class View(Protocol):
    """Shows a send while it runs."""

    def changed(self, progress: Progress) -> None:
        """Take note of one more outcome; cheap."""

    def interrupted(self) -> None:
        """Say that nothing new is sent any more."""


@final
class Sending:
    """Sends a job's letters through one client.

    Mutable state: where the letters on their way come from, by their index; and how the send stands.
    """

    def __init__(
        self,
        job: Job,
        checked: CheckedJob,
        client: AsyncClient,
        results: Results,
        view: View,
        warning: CreditsWarning | None = None,
    ) -> None:
        self._job = job
        self._checked = checked
        self._client = client
        self._results = results
        self._view = view
        self._warning = warning
        self._origins: dict[int, Origin] = {}
        self._stopping = GracefulStop(client, self._interrupted)
        self.progress: Progress = Progress.of(checked)

    async def run(
        self,
        region: str | None,
        priority: Priority,
        guards: FailureGuards = DEFAULT_GUARDS,
        *,
        max_wait: float | None = None,
    ) -> Progress:
        """Send everything, tell every outcome, and say how it ended; errors of the package end up in the result.

        ``guards`` stop it when request after request fails; a text that would wait for its turn longer than
        ``max_wait`` (seconds) is unsent.
        SIGINT and SIGTERM take no new batch and let those in flight answer; a second one stops at once, and what was
        in flight is unknown.
        """
        letters = cast("Messages", self._letters(region))  # judged ones are taken as they are
        stream = self._client.stream(
            letters,
            priority=priority,
            max_wait=max_wait,
            stop_after_unknown=guards.stop_after_unknown,
            stop_after_refused=guards.stop_after_refused,
        )
        with self._stopping.handling_signals():
            try:
                async for outcome in stream:
                    self.progress.requests = stream.requests
                    self._tell(outcome, self._origins.pop(outcome.index))
            except (CustomerSMSError, FileProblem) as error:
                if not (self._stopping.begun and isinstance(error, ConfigurationError)):
                    self.progress.error = error
        self.progress.requests = stream.requests
        await self._stopping.wait()
        return self.progress

    def _letters(self, region: str | None) -> Iterator[JudgedLetter]:
        """The job's letters, judged already, until it is to stop."""
        for letter in judged_letters(self._job, self._checked, region):
            if self._stopping.begun:
                return
            self._origins[letter.index] = Origin(letter.line, letter.kept)
            yield letter

    def _tell(self, outcome: Outcome, origin: Origin) -> None:
        try:
            self._results.write(_at(origin.line, outcome), origin)
        except OSError as error:  # a full disk: what can't be recorded is not sent
            self.progress.not_kept += 1
            self.progress.error = self.progress.error or error
            self._stopping.stop()
        self.progress.add(outcome, origin.line)
        if self._warning is not None:
            self._warning.look()
        self._view.changed(self.progress)

    def _interrupted(self) -> None:
        self.progress.interrupted = True
        self._view.interrupted()
