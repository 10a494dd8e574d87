"""Words for a blank as other programs write them: ``{name|default:"there"}``, ``{name|upper}``, ``{name||there}``.

Here everything behind the ``|`` is sent as it stands to whoever has a blank there, quotes and all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .template import TemplateProblem, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .template import PlaceholderUse

__all__ = ["doubtful", "refuse_dialects"]

_CALL: Final = re.compile(
    r"\|?\s*(?:default(?:_if_none|_if_empty)?|fallback|else|if_?empty|or_?else|coalesce)\s*(?:[:=(]\s*|(?=[\"'\u201c]))(.*)",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED: Final = re.compile(r"([\"'`])(.*)\1|[\u201c\u201e\u201d](.*)[\u201c\u201d]|\u00ab(.*)\u00bb", re.DOTALL)
_FILTERS: Final = frozenset((
    "title", "titlecase", "upper", "upcase", "uppercase", "lower", "downcase", "lowercase", "capfirst", "capitalize",
    "capitalise", "trim", "strip", "safe", "raw", "escape", "e", "urlencode", "url", "striptags", "default", "fallback",
    "length", "first", "last", "date", "join", "json",
))  # fmt: skip


def refuse_dialects(uses: Iterable[PlaceholderUse], columns: Sequence[str]) -> None:
    """Raise ``TemplateProblem`` for a fallback that nobody can mean as it stands."""
    known = {fold(column): column for column in columns}
    for use in uses:
        if use.fallback is None:
            continue
        written = f"{{{use.name}|{use.fallback}}}"
        instead = _bare(use.fallback)
        if instead != use.fallback:
            raise TemplateProblem(
                f"{written} would send {use.fallback!r} where {use.name.strip()!r} is blank: write"
                f" {{{use.name.strip()}|{instead or 'words'}}}",
                use.position,
            )
        if use.fallback and fold(use.fallback) in known:
            raise TemplateProblem(
                f"{written} would send the word {use.fallback!r} where {use.name.strip()!r} is blank, and not what"
                f" is in that column: write other words, or rename the column {known[fold(use.fallback)]!r} to mean it",
                use.position,
            )


def doubtful(uses: Iterable[PlaceholderUse]) -> Iterator[str]:
    """What a person should see of the fallbacks that are not refused: those called as a filter is elsewhere."""
    for use in uses:
        if use.fallback is not None and re.split(r"[|:(]", use.fallback)[0].strip().casefold() in _FILTERS:
            yield f"{{{use.name}|{use.fallback}}} sends the word {use.fallback!r} where {use.name.strip()!r} is blank"


def _bare(fallback: str) -> str:
    """The words that are meant by a fallback as another program has it; as it is if it is none."""
    call = _CALL.fullmatch(fallback)
    words = fallback if call is None else call[1]
    if call is not None and "(" in fallback[: call.start(1)]:
        words = words.rstrip().removesuffix(")")
    words = words.strip().removeprefix("|").strip()
    quoted = _QUOTED.fullmatch(words)
    return words if quoted is None else next(each for each in (*quoted.groups()[1:], "") if each is not None).strip()
