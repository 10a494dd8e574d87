"""The first reading of a job: everything that can be known before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from ..._core import segments
from ..._core.batching import Grouper
from ..._core.intake import Judge, JudgedLetter, RefusedLetter, SendableLetter
from ..._core.repeats import ExactRepeats, SuspectFinder, SuspectRepeats
from ...models import Code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..._core.batching import Batch
    from .job import Job

SHOWN_PROBLEMS: Final = 5
"""Rows that are shown before a send; the end has them all."""

SHOWN_CHARACTERS: Final = 20


class Checked(msgspec.Struct):
    """The figures of a job, and what its sending needs to know.

    ``kept`` are all letters as they were judged, if the job is in memory; of a file there are only ``suspects``, the
    fingerprints of letters that seem to occur again. ``seconds`` until the last request may leave, once that is known.
    """

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
    problems: list[RefusedLetter] = []
    samples: list[SendableLetter] = []
    suspects: set[int] = set()
    kept: list[JudgedLetter] | None = None
    seconds: float = 0.0


def check(job: Job, *, region: str | None, batch_size: int, lookahead: int, samples: int) -> Checked:
    """Read all of ``job``: counts, the first problems, and the first ``samples`` texts, in flat memory.

    Raises what the job's iteration raises, and ``ConfigurationError`` for a region that can't be used.
    """
    finder = SuspectFinder()
    judge = Judge(ExactRepeats(None) if job.in_memory else finder, region)
    grouper = Grouper(batch_size, lookahead)
    checked = Checked(suspects=finder.suspects, kept=[] if job.in_memory else None)
    characters: dict[str, None] = {}
    for letter in job:
        judged = judge.judge(letter, checked.rows)
        checked.rows += 1
        if checked.kept is not None:
            checked.kept.append(judged)
        if isinstance(judged, SendableLetter):
            checked.recipients += 1
            if len(checked.samples) < samples:
                checked.samples.append(judged)
            _count(checked, grouper.push(judged.index, judged.phone, judged.text), characters)
        else:
            _count_refused(checked, judged)
    _count(checked, grouper.flush(), characters)
    checked.ucs2_characters = "".join(characters)
    return checked


def judged_letters(job: Job, checked: Checked, region: str | None) -> Iterator[JudgedLetter]:
    """A checked job's letters in order, each with its index: as they were kept, or read and judged once more.

    Raises what the job's iteration raises.
    """
    if checked.kept is not None:
        yield from checked.kept
        return
    judge = Judge(SuspectRepeats(checked.suspects), region)
    for index, letter in enumerate(job):
        yield judge.judge(letter, index)


def _count_refused(checked: Checked, refused: RefusedLetter) -> None:
    if refused.outcome.code == Code.DUPLICATE:
        checked.duplicates += 1
        return
    checked.invalid += 1
    if len(checked.problems) < SHOWN_PROBLEMS:
        checked.problems.append(refused)


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
