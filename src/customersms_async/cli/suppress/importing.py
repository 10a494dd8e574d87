"""What ``customersms suppress import`` does: it reads a file, shows whom it would suppress, asks, and adds them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from ..._core.phone import mask
from ..._core.plural import counted
from ..confirmation import ask
from ..exits import ending_well
from ..files.phone_list import suppressed_in
from ..formats import plain
from ..output import safe_console, say_json
from ..problems import InputProblem
from .list_place import list_to_change
from .stop_log import StopLog, read_stops

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..output import SafeConsole
    from .list_place import ListPlace
    from .options import ImportOptions
    from .stop_log import Reply

_SHOWN: Final = 5
"""Numbers of each kind that are shown; where they stand in the file is, for each, of use to look them up."""

_AT_ONCE: Final = 20_000
"""Numbers that are added at once: others may add some after half a second. Whoever cuts it short imports it again."""

_LONGEST: Final = 60
"""Characters of a reply that are shown."""


class ImportPreview(NamedTuple):
    """What a file comes to: the numbers to suppress, lines about the file, the log of replies if it is one."""

    numbers: tuple[str, ...]
    remarks: tuple[str, ...]
    log: StopLog | None = None


def import_file(options: ImportOptions) -> None:
    """Do what ``customersms suppress import`` does."""
    console = safe_console(json=options.json)
    with ending_well(options.log_level):
        found = _read(options)
        place = list_to_change(options.list_file)
        is_there = place.path is None or place.path.exists()
        known = asyncio.run(_known(place, found)) if is_there else frozenset[str]()
        new = [number for number in found.numbers if number not in known]
        _show(console, options, found, known)
        if new and not options.yes:
            ask(options.file, "nothing was changed", question=f"Put {counted(len(new), 'number')} on the list?")
        added = asyncio.run(_add(place, new, options)) if new else 0
        if options.json:
            say_json(_summary(options, found, known, added, place))
        else:
            console.print(f"added to the list: {added:,}", highlight=False)


def _read(options: ImportOptions) -> ImportPreview:
    """The file's numbers. Raises ``InputProblem`` where it is not sure whose they are."""
    columns = options.suppress_column
    if not options.stops:
        if options.take_doubtful or options.body_column is not None:
            raise InputProblem("--take-doubtful and --body-column go with --stops, of a log of replies")
        return ImportPreview(*suppressed_in(options.file, options.encoding, options.region, columns))
    log = read_stops(options.file, options.encoding, options.region, columns, options.body_column)
    taken = [*log.taken, *(log.doubtful if options.take_doubtful else ())]
    return ImportPreview(tuple(reply.phone for reply in taken), (), log)


async def _known(place: ListPlace, found: ImportPreview) -> frozenset[str]:
    """Whom of those that the file names the list has already."""
    took_back = [] if found.log is None else [reply.phone for reply in found.log.took_back]
    async with place.open() as store:
        return await store.suppressed([*found.numbers, *took_back])


async def _add(place: ListPlace, numbers: Sequence[str], options: ImportOptions) -> int:
    name = "standard input" if str(options.file) == "-" else options.file.name[:200]
    why = options.said.why or f"{'replied' if options.stops else 'listed'} in {name}"
    why = why.encode(errors="replace").decode()
    async with place.open() as store:
        parts = (numbers[at : at + _AT_ONCE] for at in range(0, len(numbers), _AT_ONCE))
        return sum([await store.add(part, why=why, by=options.said.by) for part in parts])


def _show(console: SafeConsole, options: ImportOptions, found: ImportPreview, known: frozenset[str]) -> None:
    """Say whom the file names, and of a log whom it does not take."""
    before = len(known.intersection(found.numbers))
    console.print(f"to be suppressed: {len(found.numbers):,}, on the list already: {before:,}", highlight=False)
    if found.log is None:
        lines: Iterable[str] = map(mask, found.numbers[:_SHOWN])
        lines = (*lines, *(["…"] if len(found.numbers) > _SHOWN else []))
        console.print(f"  {', '.join(lines)}", highlight=False)
    else:
        for line in _log_lines(found.log, known, take_doubtful=options.take_doubtful):
            console.print(line, highlight=False, soft_wrap=True)
    for remark in found.remarks:
        console.print(remark, highlight=False)


def _log_lines(log: StopLog, known: frozenset[str], *, take_doubtful: bool) -> Iterator[str]:
    yield from _examples(log.taken)
    if log.doubtful:
        verdict = "taken too" if take_doubtful else "not taken unless --take-doubtful is given"
        yield f"doubtful, as they begin with such a word and say more: {len(log.doubtful):,}, {verdict}"
        yield from _examples(log.doubtful, 2 * _SHOWN, rest="  …; --json has all of them")
    if log.unordered:
        yield f"taken, as the log does not say whether START or the like came later: {log.unordered:,}"
    if log.took_back:
        yield f"not taken, as they wrote START or the like last: {len(log.took_back):,}"
        yield from _examples(log.took_back)
    if still := [reply for reply in log.took_back if reply.phone in known]:
        yield f"… of whom on the list: {len(still):,}; customersms suppress remove takes them off, nothing else does"
    yield f"not taken: {counted(log.other, 'reply that says', 'replies that say')} something else"
    counts = (
        ("texts that went out, passed over", log.went_out),
        ("replies without a number, passed over", log.nameless),
        ("your own numbers, never taken", len(log.own)),
    )
    yield from (f"{what}: {count:,}" for what, count in counts if count)


def _examples(replies: Sequence[Reply], most: int = _SHOWN, *, rest: str = "  …") -> Iterator[str]:
    for reply in replies[:most]:
        yield f"  line {reply.line}: {mask(reply.phone)} {_cut(reply.text)}"
    if len(replies) > most:
        yield rest


def _cut(text: str) -> str:
    short = " ".join(text[: _LONGEST + 1].split())
    return f'"{plain(short[:_LONGEST])}{"…" if len(text) > _LONGEST else ""}"'


def _summary(
    options: ImportOptions, found: ImportPreview, known: frozenset[str], added: int, place: ListPlace
) -> dict[str, object]:
    summary: dict[str, object] = {
        "added": added,
        "already": len(known.intersection(found.numbers)),
        "remarks": found.remarks,
    }
    if (log := found.log) is not None:
        summary |= {
            "doubtful": [_told(reply) for reply in log.doubtful],
            "doubtful_taken": options.take_doubtful,
            "took_back": [_told(reply) for reply in log.took_back],
            "unordered": log.unordered,
            "other": log.other,
            "went_out": log.went_out,
            "without_number": log.nameless,
            "own": sorted(log.own),
        }
    return summary | {"list": place.shown}


def _told(reply: Reply) -> dict[str, object]:
    return {"line": reply.line, "phone": reply.phone, "text": reply.text}
