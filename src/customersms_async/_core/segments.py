"""How many billed segments a text makes: GSM 03.38 where its alphabet is enough, UCS-2 where it is not.

A text of several segments gives up room in each for the header that joins them: 153 of 160 septets, 67 of 70
UTF-16 units. Within that room a segment is filled as far as it goes, but never cut inside an extension
character (escape and character), a surrogate pair or a grapheme cluster of UAX 29. Two rules bend that:

- CR LF is two characters here, though UAX 29 makes it one cluster, because the reference calculator counts so.
- A cluster longer than a whole segment (67 units) can't be kept whole by any placing, so its characters are
  packed like any others, from where they stand. That is the fewest segments that can really be sent.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

__all__ = ["SegmentCount", "beyond_gsm7", "count", "first_beyond_gsm7", "replacements", "to_gsm7"]

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = "\f^{}\\[~]|€"  # each is sent as ESC and one more septet
_GSM: Final = re.compile(f"[{re.escape(_BASIC + _EXTENDED)}]*")

# Characters below U+10000 and common emoji that join nothing, before or behind: without these blocks a text in
# Russian, Greek, Hebrew letters, kana, Han or precomposed Hangul would need the table of _graphemes.
_JOINS_NOTHING: Final = re.compile(
    "[\0-\u02ff\u0370-\u0482\u048a-\u0590\u05d0-\u05ff\u0620-\u064a\u1e00-\u1fff\u2000-\u200b\u2010-\u20cf"
    "\u2100-\u2cee\u3000-\u3029\u3030-\u3098\u309b-\ua48f\uac00-\ud7a3\uff01-\uff9d"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001faff]*"
)
_BASIC_ASCII: Final = "".join(filter(str.isascii, _BASIC)).encode()
_MAY_CUT, _MUST_NOT_CUT = "\1", "\0"
_GSM_SEAMS: Final = str.maketrans(
    dict.fromkeys(_BASIC, _MAY_CUT) | dict.fromkeys(_EXTENDED, _MAY_CUT + _MUST_NOT_CUT),
)


class SegmentCount(msgspec.Struct, frozen=True, gc=False):
    """What a text comes to: ``units`` are septets (GSM-7) or UTF-16 units (UCS-2), ``segments`` is 1 or more.

    An estimate, as the provider documents no price.

    Example:
        ```python
        from customersms_async import segments

        counted: SegmentCount = segments.count("Doors open at eight")
        print(counted.encoding, counted.units, counted.segments)  # GSM-7 19 1
        ```
    """

    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    segments: int


def beyond_gsm7(text: str) -> str:
    r"""The characters that force ``text`` into UCS-2, each once, in their order; empty for a text in GSM-7.

    Example:
        ```python
        from customersms_async import segments

        print(segments.beyond_gsm7("It\u2019s on"))  # the typographic apostrophe
        ```
    """
    return "".join(dict.fromkeys(_GSM.sub("", text)))


def first_beyond_gsm7(text: str) -> str:
    """The first character that forces ``text`` into UCS-2, empty for a text in GSM-7: cheaper than all of them."""
    end = _GSM.match(text).end()  # type: ignore[union-attr]  # it matches any text, be it with nothing
    return text[end : end + 1]


def count(text: str) -> SegmentCount:
    r"""The encoding, units and segments of ``text``, of any length; the empty text is one segment of GSM-7.

    CR LF counts as two characters that may be parted, as in the reference calculator; no other grapheme cluster of up
    to 67 units is. A lone surrogate counts one unit. Linear time; arithmetic for texts where each character is one unit
    and joins nothing.

    Example:
        ```python
        from customersms_async import segments

        print(segments.count("Doors open at eight \N{PARTY POPPER}").encoding)  # UCS-2: 70 characters a segment
        ```
    """
    if text.isascii() and not text.encode().translate(None, _BASIC_ASCII):  # most texts, at a sixth of the cost
        units = len(text)
        return SegmentCount("GSM-7", units, 1 if units <= 160 else -(-units // 153))
    if _GSM.fullmatch(text):
        units = len(text) + sum(map(text.count, _EXTENDED))
        if units <= 160:
            return SegmentCount("GSM-7", units, 1)
        seams = "" if units == len(text) else text.translate(_GSM_SEAMS)
        return SegmentCount("GSM-7", units, _pack(seams, units, 153))
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if units <= 70:
        return SegmentCount("UCS-2", units, 1)
    return SegmentCount("UCS-2", units, _pack(_ucs2_seams(text, units), units, 67))


def to_gsm7(text: str) -> str:
    r"""``text`` in GSM-7, if it gets there by twins: characters that only look different become those of GSM-7.

    Typographic quotes, dashes and spaces, accents that stand alone, full-width forms, ligatures, invisible characters:
    no word changes, ł stays ł, and an emoji an emoji. All or nothing: where anything is left that forces UCS-2, where
    more segments would be needed or nothing would be left, ``text`` itself comes back. Linear time.

    Example:
        ```python
        from customersms_async import segments

        assert segments.to_gsm7("It\u2019s on \u2013 doors at 8") == "It's on - doors at 8"
        ```
    """
    beyond = beyond_gsm7(text)
    if not beyond:
        return text
    from . import gsm7_twins

    twin = gsm7_twins.replace(text, beyond)
    return text if not twin or count(twin).segments > count(text).segments else twin


def replacements(text: str) -> list[tuple[str, str]]:
    r"""What ``to_gsm7`` replaces in ``text``, each with its twin, in order; empty if it gives ``text`` back.

    Example:
        ```python
        from customersms_async import segments

        print(segments.replacements("It\u2019s on"))  # the typographic apostrophe, and that of GSM-7
        ```
    """
    if to_gsm7(text) == text:
        return []
    from . import gsm7_twins

    return [(found, gsm7_twins.TWINS[found]) for found in gsm7_twins.twins_in(text)]


def _pack(seams: str, units: int, room: int) -> int:
    """The fewest segments of ``room`` units for a text that may be cut before each unit marked in ``seams``.

    Empty ``seams`` means that it may be cut anywhere. Filling each segment as far as it goes is the best there
    is: a text cut earlier has no more places to cut next.
    """
    if not seams:
        return -(-units // room)
    segments, start = 1, 0
    while units - start > room:
        start = seams.rindex(_MAY_CUT, start + 1, start + room + 1)
        segments += 1
    return segments


def _ucs2_seams(text: str, units: int) -> str:
    """For each UTF-16 unit of ``text`` whether it may be cut there; empty if anywhere."""
    if _JOINS_NOTHING.fullmatch(text):
        if units == len(text):
            return ""
        return "".join([_MAY_CUT if char < "\U00010000" else _MAY_CUT + _MUST_NOT_CUT for char in text])
    from .graphemes import clusters

    # A surrogate pair in two pieces is one character to UTF-16, and so to whoever sends it.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    pieces = clusters(whole)
    seams = {piece: _seams(piece) for piece in set(pieces)}
    return "".join([seams[piece] for piece in pieces])


def _seams(cluster: str) -> str:
    characters = [_MAY_CUT if char < "\U00010000" else _MAY_CUT + _MUST_NOT_CUT for char in cluster]
    seams = "".join(characters)
    if cluster == "\r\n" or len(seams) > 67:
        return seams
    return _MAY_CUT.ljust(len(seams), _MUST_NOT_CUT)
