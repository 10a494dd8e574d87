"""Placeholders in a text as other programs have them: ``{{name}}``, ``*|NAME|*``, ``%name%``… and ours, ``{name}``.

Who is used to another program writes its placeholders, and here they would go out to everyone as they stand. Nothing is
guessed and nothing filled in: they are found, and whoever asks refuses or shows them.
"""

from __future__ import annotations

import enum
import re
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["MergeTag", "TagKind", "column_of", "is_left_open", "is_name", "is_usual", "key", "may_hold_tags", "tags"]


class TagKind(enum.IntEnum):
    """How sure it is that a text in such brackets is somebody's placeholder."""

    POSSIBLE = 1
    """A text that may be meant as it stands: an aside in round brackets, somebody's ``@name``, a ``#name``."""
    BRACKETED = 2
    """Text that may be meant as it stands, a sender's ``[Acme]``, if no column is called so: ``[name]``, ``<name>``."""
    LIKELY = 3
    """Ordinary texts may have it too, so the name decides: ``<<name>>``, ``[[name]]``, ``$name``, ``#name#``."""
    CERTAIN = 4
    """Nothing else is written so: ``*|NAME|*``, ``%name%``, ``%(name)s``, ``{% if name %}``."""
    BRACES = 5
    """Braces around a name, as many on either side as ``MergeTag.braces`` says."""


class MergeTag(NamedTuple):
    """One placeholder: its kind, as it stands, the name in it, and where it begins (from 0)."""

    kind: TagKind
    text: str
    name: str
    position: int
    braces: int


_LETTER: Final = r"[^\W\d_]"
_NAME: Final = rf"{_LETTER}[\w .\-]{{0,60}}"  # bounded, so that no text takes long
_WORD: Final = rf"{_LETTER}[\w.\-]{{0,60}}"
_FILTER: Final = r"(?:\|[^{}\n]{0,80})?"

_WRITTEN: Final = {
    TagKind.BRACES: (rf"(?<!\{{)\{{++[ \t]*+[#/^&>!]?[ \t]*+([^{{}}|\n%]{{1,80}}){_FILTER}\}}+",),
    TagKind.CERTAIN: (
        r"\{\{[ \t]*+\$\{(NAME)\}[^{}\n]{0,80}\}\}",  # Braze
        r"\*\|(?:[A-Z]{1,20}:)?(NAME)\|\*",  # Mailchimp
        r"_\|(NAME)\|_",
        r"\|\*(NAME)\*\|",
        r"\[(NAME),[ \t]*+(?:fallback|default)[ \t]*+=[^\]\n]{0,80}\]",
        r"\[\[[a-z]{1,20}:(WORD)[^\]\n]{0,80}\]\]",  # [[data:firstname:"there"]]
        r"(?<![\w~])~([^\W\d_]\w{0,40}\.[^\W\d_]\w{0,40})~",  # ~Contact.FirstName~
        r"(?:%7[Bb]){1,3}(?![\dA-Fa-f]{8}-)(NAME)(?:%7[Dd]){1,3}",  # braces in a URL, but no GUID
        r"%\((NAME)\)s",  # Python
        r"(?<![\w%/=&?+.\-])%%?=?(WORD)=?%%?",  # not what stands for other characters in a URL
        r"<[%?]=?[ \t]*+\$?(NAME)[%?]>",
        r"\{%-?[ \t]*+(NAME)[^%{}\n]{0,80}%\}",  # Jinja, Liquid, Twig
    ),
    TagKind.LIKELY: (
        r"<<[ \t]*+(NAME)>>",
        r"\[\[[ \t]*+(NAME)\]\]",
        r"%(WORD)%",
        r"\(\([ \t]*+(NAME)(?:\?\?[^()\n]{0,80})?\)\)",  # GOV.UK Notify
        r"::(NAME)::",  # Mailcoach
        r"##?(WORD)##?(?!\w)",  # playSMS
        r"(?<![\w$])\$(WORD)\$?",  # a shell's that quotes kept, PHP's, Perl's
    ),
    TagKind.BRACKETED: (
        r"\[[ \t]*+(NAME?)(?:\|[^\]\n]{0,80}|[ ,][ \t]*+(?:fallback|default)[ \t]*+[:=][^\]\n]{0,80})?\]",
        r"\[\[?(?:[a-z_]{1,20}:|[+*@~$%!])(WORD?)[+*]?\]\]?",  # [merge:name], [[+name]]
        r"%5[Bb](NAME?)%5[Dd]",
        r"<[ \t]*+(NAME)>",
        r"\u00ab[ \t\u00a0\u202f]*+(NAME)[\u00a0\u202f]?\u00bb",
        r"[\u2039\u3008\u300a][ \t]*+(NAME)[\u203a\u3009\u300b]",
        r"[\uff1c\uff5b\uff3b\u3010\u3014][ \t]*+(NAME)[\uff1e\uff5d\uff3d\u3011\u3015]",  # full width
        r"(?<![\w|*])\|(WORD)\|(?![\w|])",
        r"(?<![\w:/]):(WORD):(?!\w)",
        r"(?<![\w%/=&?+.\-])%(WORD)",
        r"(?<![\w!])!(WORD)!(?![\w!])",
        r"(?<![\w^])\^(WORD)\^(?!\w)",
        r"(?<![\w~])~(WORD)~(?!\w)",
        r"(?<!\w)__(WORD?)__(?!\w)",
        r"(?<![\w&=?])&(WORD)&(?!\w)",
        r"(?<![\w=/?&])==?(WORD)==?(?!\w)",
        r"(?<![\w-])--(WORD?)--(?!\w)",
        r"\$\$(WORD)\$\$",
        r"@@(WORD)@@",
        r"`(WORD)`",
    ),
    TagKind.POSSIBLE: (
        r"\([ \t]*+(NAME)\)",
        r"(?<![\w:/]):(WORD)",
        r"(?<![\w#/&])#(WORD)",
        r"(?<![\w.])@(WORD)",  # RapidPro
        r"(?<!\w)_(WORD?)_(?!\w)",
        r"(?<![\w*])\*\*?(WORD)\*\*?(?!\w)",  # bold elsewhere
    ),
}
_KINDS: Final = [kind for kind, forms in _WRITTEN.items() for _ in forms]
_MARKS: Final = frozenset(
    "{%[<|(:#$@!^~_&=-`*\u00ab\u2039\u3008\u300a\uff1c\uff5b\uff3b\u3010\u3014"  # the last: full width
)
"""What every form has in it: a text without any is not looked through, nor the pattern made for it."""

_ORDINARY_NAME: Final = re.compile(r"\w[\w .\-]*")
_USUAL: Final = frozenset((
    "name", "firstname", "fname", "lastname", "lname", "fullname", "surname", "nickname", "username", "customername",
    "contactname", "email", "firstnames", "givenname", "forename", "familyname", "yourname", "insertname",
    "vorname", "nachname", "pr\u00e9nom", "prenom", "nombre", "apellido", "nome", "cognome", "sobrenome", "voornaam",
    "achternaam", "imi\u0119", "nazwisko",
))  # fmt: skip
_LEFT_OPEN: Final = frozenset((
    "name", "link", "url", "insert", "your", "placeholder", "date", "time", "datum", "uhrzeit", "code", "amount",
    "unsubscribe", "company", "xxx", "todo",
))  # fmt: skip
"""Words in brackets that somebody meant to fill in: ``[INSERT NAME HERE]``, ``[link]``."""
_NOT_IN_A_NAME: Final = re.compile(r"[\W_]+")


def tags(text: str) -> Iterator[MergeTag]:
    """Every placeholder in ``text``, in order; ours are among them, as ``BRACES`` with one brace on either side."""
    if _MARKS.isdisjoint(text):
        return
    for found in _tag_pattern().finditer(text):
        number = found.lastindex or 0  # each form has one group
        kind, written = _KINDS[number - 1], found[0]
        braces = 0
        if kind is TagKind.BRACES:
            braces = min(len(written) - len(written.lstrip("{")), len(written) - len(written.rstrip("}")))
        yield MergeTag(kind, written, found[number].strip(), found.start(), braces)


@cache
def _tag_pattern() -> re.Pattern[str]:
    forms = "|".join(form for forms in _WRITTEN.values() for form in forms)
    return re.compile(forms.replace("NAME", _NAME).replace("WORD", _WORD))


def is_name(text: str) -> bool:
    """Whether braces around ``text`` look like a placeholder, whatever columns there are, and not like JSON or code."""
    return _ORDINARY_NAME.fullmatch(text) is not None


def may_hold_tags(text: str) -> bool:
    """Whether ``text`` has a character that ``BRACES`` or ``CERTAIN`` begin with, and is worth looking through."""
    return (
        "{" in text or "%" in text or "<" in text or "[" in text or "|" in text or "~" in text
    )  # a sixth of a search's cost


def is_usual(name: str) -> bool:
    """Whether placeholders are usually called so, whatever columns there are: ``First Name``, ``FNAME``."""
    return key(name) in _USUAL


def is_left_open(name: str) -> bool:
    """Whether a name in brackets is probably a gap that somebody forgot to fill: ``unsubscribe_link``, ``link``."""
    return is_usual(name) or not _LEFT_OPEN.isdisjoint(re.split(r"[\W_]+", name.casefold()))


def key(name: str) -> str:
    """What is left of a column's name if case, spaces and punctuation don't count."""
    return _NOT_IN_A_NAME.sub("", name).casefold()


def column_of(tag: MergeTag, keys: Collection[str]) -> str | None:
    """Which of the columns' ``keys`` a placeholder names, by itself or behind another word: ``contact.first_name``."""
    last = re.split(r"[. ]", tag.name)[-1]
    return next((each for each in (key(tag.name), key(last)) if each and each in keys), None)
