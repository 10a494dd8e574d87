"""The first reading of a job: everything that can be known before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import msgspec

from ..._core import phone as phones
from ..._core import segments
from ..._core.batching import Grouper
from ..._core.fingerprints import Fingerprints
from ..._core.intake import message_problem
from ...errors import InvalidRecipientError
from ...models import Code, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._core.batching import Batch
    from .job import Job, Letter

SHOWN_PROBLEMS: Final = 5
"""Rows that are shown before a send; the end has them all."""

SHOWN_CHARACTERS: Final = 20


class Sendable(msgspec.Struct, frozen=True, gc=False):
    """A letter that can go out: its row (from 0), where that stands, the number in E.164, and the text."""

    row: int
    line: int | None
    phone: str
    text: str


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A letter that can't, with its outcome and where it stands."""

    outcome: Outcome
    line: int | None


class Checked(msgspec.Struct):
    """What a job comes to. ``suspects`` are the fingerprints of letters that seem to occur again."""

    rows: int = 0
    recipients: int = 0
    invalid: int = 0
    duplicates: int = 0
    requests: int = 0
    segments: int = 0
    least_segments: int = 0
    most_segments: int = 0
    ucs2_texts: int = 0
    ucs2_characters: str = ""
    problems: list[Refused] = []
    samples: list[Sendable] = []
    suspects: set[int] = set()


@final
class Judge:
    """Tells letters that can go out from those that can't; a repeat among ``suspects`` (fingerprints) is refused.

    Mutable state: the rows so far, and the suspected letters that came before.
    """

    def __init__(self, region: str | None, suspects: set[int]) -> None:
        self._region = region
        self._suspects = suspects
        self._seen: set[tuple[str, str]] = set()
        self._good_text: object = object()
        self.rows = 0

    def judge(self, letter: Letter) -> Sendable | Refused:
        """One letter's way on. Raises ``ConfigurationError`` for a region that can't be used."""
        row = self.rows
        self.rows += 1
        try:
            number = phones.parse(letter.phone, region=self._region)  # type: ignore[arg-type]  # it refuses what is not text
        except InvalidRecipientError as error:
            return _refused(row, letter, Code.INVALID_PHONE, error.reason)
        if letter.text is not self._good_text:
            problem = message_problem(letter.text)
            if problem is not None:
                return _refused(row, letter, Code.INVALID_MESSAGE, problem)
            self._good_text = letter.text
        key = (number, letter.text)
        if hash(key) in self._suspects:
            if key in self._seen:
                return _refused(row, letter, Code.DUPLICATE, "the same number with the same text came before")
            self._seen.add(key)
        return Sendable(row, letter.line, number, letter.text)


def check(job: Job, *, region: str | None, batch_size: int, lookahead: int, samples: int) -> Checked:
    """Read all of ``job``: counts, the first problems, and the first ``samples`` texts, in flat memory.

    Raises what the job's iteration raises.
    """
    judge, known, grouper = Judge(region, set()), Fingerprints(), Grouper(batch_size, lookahead)
    checked = Checked(problems=[], samples=[], suspects=set())
    characters: dict[str, None] = {}
    for letter in job:
        found = judge.judge(letter)
        if isinstance(found, Refused):
            checked.invalid += 1
            if len(checked.problems) < SHOWN_PROBLEMS:
                checked.problems.append(found)
        elif known.add(fingerprint := hash((found.phone, found.text))):
            checked.duplicates += 1
            checked.suspects.add(fingerprint)
        else:
            checked.recipients += 1
            if len(checked.samples) < samples:
                checked.samples.append(found)
            _count(checked, grouper.push(0, found.phone, found.text), characters)
    _count(checked, grouper.flush(), characters)
    checked.rows = judge.rows
    checked.ucs2_characters = "".join(characters)
    return checked


def _count(checked: Checked, batches: Iterable[Batch], characters: dict[str, None]) -> None:
    for batch in batches:
        counted = segments.count(batch.message)
        checked.requests += 1
        checked.segments += counted.segments * len(batch)
        checked.most_segments = max(checked.most_segments, counted.segments)
        checked.least_segments = min(checked.least_segments or counted.segments, counted.segments)
        if counted.encoding == "UCS-2":
            checked.ucs2_texts += len(batch)
            if len(characters) < SHOWN_CHARACTERS:
                characters |= dict.fromkeys(segments.beyond_gsm7(batch.message)[:SHOWN_CHARACTERS])


def _refused(row: int, letter: Letter, code: Code, reason: str) -> Refused:
    shown = letter.phone if isinstance(letter.phone, str) else repr(letter.phone)
    return Refused(Outcome(row, shown[:100], Status.UNSENT, None, reason, code), letter.line)
