"""The first reading of a job: everything that can be known before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from ..._core import gsm7_twins, segments
from ..._core.batching import Grouper
from ..._core.intake import Judge, JudgedLetter, RefusedLetter, SendableLetter
from ..._core.notations import in_all_notations
from ..._core.repeats import ExactRepeats, OnePerNumber, SuspectFinder, SuspectRepeats
from ...models import Code
from .checked_job import NO_RULES, CheckedJob, ListRules
from .findings import TextFinding
from .list_facts import ListFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..._core.batching import Batch
    from ..._core.repeats import Repeats
    from .allowed_now import AllowedNow
    from .findings import Findings
    from .job import Job

SHOWN_PROBLEMS: Final = 5
"""Rows that are shown before a send; the end has them all."""

SHOWN_CHARACTERS: Final = 20

MANY_SEGMENTS: Final = 10
"""Beyond so many segments a text is suspicious: nobody writes so much, but a cell may hold it."""

_SEEN: Final = 1_000
"""Characters, and sets of them looked through for what ``--smart`` would replace, that are kept: bounds on memory."""


def check(
    job: Job,
    *,
    region: str | None,
    batch_size: int,
    lookahead: int,
    samples: int,
    rules: ListRules = NO_RULES,
    findings: Findings | None = None,
    allowed: AllowedNow | None = None,
) -> CheckedJob:
    """Read all of ``job`` by ``rules``: counts, the first problems, and the first ``samples`` texts, in flat memory.

    ``findings``, if they are given, hear of what is odd about the texts that can be sent, and ``allowed`` of their
    numbers.

    Raises what the job's iteration raises, and ``ConfigurationError`` for a region that can't be used.
    """
    finder = SuspectFinder()
    judge = _judge(rules, ExactRepeats(None) if job.in_memory else finder, region).judge
    grouper = Grouper(batch_size, lookahead)
    push = grouper.push
    facts = ListFacts(listed=None if rules.suppressed is None else len(rules.suppressed))
    checked = CheckedJob(suspects=finder.suspects, kept=[] if job.in_memory else None, rules=rules, list_facts=facts)
    costs = _Costs(checked, allowed)
    usual, kept, rows, recipients = facts.usual, checked.kept, 0, 0
    pending = () if findings is None else findings.pending
    one_text = (
        findings is not None and findings.of_one_text and lookahead >= batch_size
    )  # so that no batch is due before it is full
    alike: list[str] = []
    text = ""
    for letter in job if findings is None else job.read(findings):
        judged = judge(letter, rows)
        rows += 1
        if pending:
            findings.settle(judged)  # type: ignore[union-attr]  # it is what they have pending
        if kept is not None:
            kept.append(judged)
        if isinstance(judged, SendableLetter):
            phone = judged.phone
            recipients += 1
            if len(phone) not in usual.get(phone[:4], ()):
                facts.look(judged)
            if recipients <= samples:
                checked.samples.append(judged)
            text = judged.text
            if not one_text:
                if due := push(judged.index, phone, text):
                    costs.add(due)
                continue
            alike.append(phone)
            if len(alike) == batch_size:
                costs.add(grouper.push_all(0, alike, text))  # nobody asks for its places
                alike.clear()
        else:
            _count_refused(checked, judged)
    if alike:
        costs.add(grouper.push_all(0, alike, text))
    costs.add(grouper.flush())
    checked.rows, checked.recipients = rows, recipients
    costs.tell()
    facts.several_texts = finder.several
    if findings is not None:
        _tell(checked, job, findings)
    return checked


def judged_letters(job: Job, checked: CheckedJob, region: str | None) -> Iterator[JudgedLetter]:
    """A checked job's letters in order, each with its index: as they were kept, or read and judged once more.

    Raises what the job's iteration raises.
    """
    if checked.kept is not None:
        yield from checked.kept
        return
    judge = _judge(checked.rules, SuspectRepeats(checked.suspects), region)
    for index, letter in enumerate(job):
        yield judge.judge(letter, index)


def zoned_letters(job: Job, checked: CheckedJob, region: str | None) -> Iterator[tuple[SendableLetter, str | None]]:
    """A checked job's letters that can be sent, in order, each with the time zone that its row names, if any.

    Raises what the job's iteration raises.
    """
    if checked.kept is not None:
        yield from ((each, None) for each in checked.kept if isinstance(each, SendableLetter))
        return
    judge = _judge(checked.rules, SuspectRepeats(checked.suspects), region)
    for index, letter in enumerate(job):
        judged = judge.judge(letter, index)
        if isinstance(judged, SendableLetter):
            yield judged, letter.zone


def _judge(rules: ListRules, repeats: Repeats, region: str | None) -> Judge:
    one = rules.one_per_number
    suppressed = frozenset(in_all_notations(rules.suppressed or ()))
    return Judge(OnePerNumber(repeats) if one else repeats, region, one_per_number=one, suppressed=suppressed)


def _tell(checked: CheckedJob, job: Job, findings: Findings) -> None:
    """Put what was found in the texts beside the figures."""
    checked.blank, checked.blanks = findings.blank, findings.blanks()
    checked.suspicious = [TextFinding(what, checked.recipients) for what in job.oddities()] + findings.oddities()
    if checked.long_texts:
        what = f"a text has more than {MANY_SEGMENTS} segments, up to {checked.most_segments:,}"
        checked.suspicious.append(TextFinding(what, checked.long_texts))
    checked.first_with_fallback = findings.first_with_fallback
    if job.smart:
        checked.smart, checked.smart_saves, checked.smart_replaces = True, findings.saved, dict(findings.replaced)


def _count_refused(checked: CheckedJob, refused: RefusedLetter) -> None:
    if refused.outcome.code == Code.DUPLICATE:
        checked.duplicates += 1
        return
    if refused.outcome.code == Code.SUPPRESSED:
        checked.suppressed += 1
        checked.list_facts.found.add(refused.outcome.phone)
        return
    checked.invalid += 1
    checked.list_facts.national += refused.lacks_country_code
    if len(checked.problems) < SHOWN_PROBLEMS:
        checked.problems.append(refused)


@final
class _Costs:
    """What the batches of a job cost; ``allowed``, if it is given, hears of their numbers.

    Mutable state: how many texts have so many segments, what forces UCS-2, and characters that were looked at for that.
    """

    def __init__(self, checked: CheckedJob, allowed: AllowedNow | None) -> None:
        self._checked = checked
        self._allowed = allowed
        self._texts: dict[int, int] = {}
        self._characters: dict[str, None] = {}
        self._seen: set[str] = set()

    def add(self, batches: Iterable[Batch]) -> None:
        """Count some more."""
        texts, count = self._texts, segments.count
        requests = 0
        for batch in batches:
            requests += 1
            counted = count(batch.message)
            parts = counted.segments
            texts[parts] = texts.get(parts, 0) + len(batch.phones)
            if counted.encoding == "UCS-2":
                self._checked.ucs2_texts += len(batch.phones)
                self._count_beyond(batch, parts)
            if self._allowed is not None:
                self._allowed.see(batch.phones)
        self._checked.requests += requests

    def tell(self) -> None:
        """Put the sums into the figures."""
        checked, texts = self._checked, self._texts
        checked.segments = sum(parts * count for parts, count in texts.items())
        checked.least_segments, checked.most_segments = min(texts, default=0), max(texts, default=0)
        checked.long_texts = sum(count for parts, count in texts.items() if parts > MANY_SEGMENTS)
        checked.ucs2_characters = "".join(self._characters)

    def _count_beyond(self, batch: Batch, parts: int) -> None:
        """Note what forces a batch of so many ``parts`` a text into UCS-2, and what ``--smart`` would save of it."""
        checked, characters = self._checked, self._characters
        text = batch.message
        may_save = parts > 1 and segments.first_beyond_gsm7(text) in gsm7_twins.CHARACTERS
        if not may_save and (len(characters) >= SHOWN_CHARACTERS or self._seen.issuperset(text)):
            return
        beyond = segments.beyond_gsm7(text)
        if len(self._seen) < _SEEN:
            self._seen |= set(text)
        if len(characters) < SHOWN_CHARACTERS:
            characters |= dict.fromkeys(beyond[:SHOWN_CHARACTERS])
        twin = gsm7_twins.replace(text, beyond) if may_save else None
        if twin and (saved := parts - segments.count(twin).segments) > 0:
            checked.smart_saves += saved * len(batch)
            if beyond not in checked.smart_seen and len(checked.smart_seen) < _SEEN:
                checked.smart_seen.add(beyond)
                checked.smart_replaces |= dict.fromkeys((found for found, _ in segments.replacements(text)), 0)
