"""Magic numbers: a recipient that chooses what becomes of it, or of the whole request, without any set-up.

All lie in +1500555xxxx. Any number that isn't in the table, and any number outside the block, is accepted if it is
E.164. ``+15005551NNN`` acts each time; ``+15005552NNN`` acts the first time that the sandbox sees the number, and is
an ordinary number from then on. Of several magic numbers in one request that spoil more than their own row, the
first one counts. "sent" says whether the texts were accepted all the same; a number in brackets is the seconds
that the fault uses. The names are those of ``Fault``, for ``faults=``; there, a row fault befalls every row.

============  ============  =========================  ====  =========================================================
each time     first time    fault                      sent  what happens
============  ============  =========================  ====  =========================================================
+15005550001                ROW_REJECTED               no    the row is refused: INVALID_NUMBER
+15005550002                ROW_REJECTED_WITHOUT_CODE  no    the row is refused: success false and nothing more
+15005550003                ROW_REJECTED_WITH_ID       no    the row is refused, with a code and a message_id
+15005550004                ROW_NO_CREDITS             no    the row is refused: INSUFFICIENT_CREDITS
+15005550005                ROW_MISSING                yes   no row for this number
+15005550006                ROW_PHONE_AS_NUMBER        yes   the row's phone is a JSON number, without its +
+15005550007                ROW_WITHOUT_ID             yes   the row has no message_id
+15005550008                ROW_ID_AS_NUMBER           yes   the row's message_id is a JSON number
+15005550009                ROW_SUCCESS_AS_TEXT        yes   the row's success is the string "1"
+15005550010                ROW_TWICE                  yes   the same row twice
+15005550011                ROW_CONTRADICTED           yes   a second row for the number says that it failed
+15005550012                ROW_EXTRA                  yes   a further row, for a number that nobody asked for
+15005550013                ROW_KEY_REFUSED            no    the row is refused: INVALID_API_KEY
+15005550014                ROW_RATE_LIMITED           no    the row is refused: RATE_LIMITED
+15005551001  +15005552001  BOM                        yes   a byte order mark ahead of the JSON
+15005551002  +15005552002  PHP_WARNING                yes   PHP warnings in HTML ahead of the JSON, under text/html
+15005551003  +15005552003  TEXT_HTML                  yes   the JSON under text/html
+15005551004  +15005552004  NUMBERS_AS_TEXT            yes   numbers and booleans as strings
+15005551005  +15005552005  PHONES_AS_NUMBERS          yes   all phones as JSON numbers, without their +
+15005551006  +15005552006  RESULTS_REVERSED           yes   results in reverse order
+15005551007  +15005552007  RESULTS_SHORT              yes   the later half of the results is missing
+15005551008  +15005552008  RESULTS_KEYED              yes   results as an object keyed by index
+15005551009  +15005552009  RESULTS_MISSING            yes   no results at all
+15005551010  +15005552010  COUNTERS_WRONG             yes   counters that contradict the rows: all failed
+15005551011  +15005552011  FAILURE_BUT_SENT           yes   success false with an error, yet successful_sends above 0
+15005551012  +15005552012  HTML_FATAL                 yes   200 with a PHP fatal error in HTML
+15005551013  +15005552013  EMPTY_BODY                 yes   200 with an empty body
+15005551014  +15005552014  JSON_CUT                   yes   200 with the JSON cut in the middle
+15005551015  +15005552015  NOT_AN_OBJECT              yes   200 with a JSON list in place of the object
+15005551016  +15005552016  HUGE_BODY                  yes   100 MB of spaces ahead of the JSON
+15005551017  +15005552017  GZIP_BOMB                  yes   the same 100 MB, in 100 kB of gzip
+15005551101  +15005552101  CLOSE_BEFORE               no    closed as the first bytes come
+15005551102  +15005552102  CLOSE_DURING               no    closed after the headers, before the body is read
+15005551103  +15005552103  CLOSE_AFTER                yes   closed after the request was read, without an answer
+15005551104  +15005552104  CUT_IN_HEADERS             yes   closed in the middle of the answer's headers
+15005551105  +15005552105  CUT_IN_BODY                yes   closed in the middle of the answer's body
+15005551106  +15005552106  RESET_BEFORE               no    reset (RST) as the first bytes come
+15005551107  +15005552107  RESET_AFTER                yes   reset (RST) after the request was read
+15005551108  +15005552108  IDLE_CLOSED                yes   answered, then closed after so many idle seconds (0)
+15005551109  +15005552109  EARLY_HINTS                yes   a 103 ahead of the answer
+15005551110  +15005552110  ENDLESS_BODY               yes   a body of spaces that never ends
+15005551301  +15005552301  STATUS_301                 no    moved, to the other path
+15005551302  +15005552302  STATUS_302                 yes   found, at the other path
+15005551303  +15005552303  STATUS_303                 yes   see the other path
+15005551307  +15005552307  STATUS_307                 no    moved for now, to the other path
+15005551308  +15005552308  STATUS_308                 no    moved for good, to the other path
+15005551400  +15005552400  STATUS_400                 no    bad request, as HTML
+15005551401  +15005552401  STATUS_401                 no    unauthorized, as HTML
+15005551402  +15005552402  STATUS_402                 no    payment required, as HTML
+15005551403  +15005552403  STATUS_403                 no    forbidden, as HTML
+15005551404  +15005552404  STATUS_404                 no    not found, as HTML
+15005551408  +15005552408  STATUS_408                 no    request time-out, as HTML
+15005551409  +15005552409  STATUS_409                 yes   conflict, as HTML
+15005551413  +15005552413  STATUS_413                 no    too large, as HTML
+15005551425  +15005552425  STATUS_425                 no    too early, Retry-After in seconds (1)
+15005551429  +15005552429  STATUS_429                 no    too many requests, Retry-After in seconds (1)
+15005551500  +15005552500  STATUS_500                 yes   internal error, after the script had sent
+15005551502  +15005552502  STATUS_502                 yes   bad gateway, while the script runs on
+15005551503  +15005552503  STATUS_503                 no    unavailable, Retry-After in seconds (1)
+15005551504  +15005552504  STATUS_504                 yes   gateway time-out, while the script runs on
+15005551901  +15005552901  RETRY_AFTER_MISSING        no    too many requests, no Retry-After
+15005551902  +15005552902  RETRY_AFTER_DATE           no    too many requests, Retry-After as an HTTP date (1)
+15005551903  +15005552903  RETRY_AFTER_NONSENSE       no    too many requests, Retry-After: soon
+15005551904  +15005552904  SLOW                       yes   answered so many seconds late (1)
============  ============  =========================  ====  =========================================================
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .faults import EFFECTS, Effect, Fault, Spoils

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAGIC: Final = re.compile(r"\+1500555([012]\d{3})")
_FIRST_TIME: Final = "+15005552"
_BY_CODE: Final = {fault.value: fault for fault in Fault}


def number(fault: Fault, *, once: bool = False) -> str:
    """The magic number of ``fault``; ``once`` gives the one that acts the first time only.

    Raises ``ValueError`` for ``once`` with a row fault, which has no such number.
    """
    if not once:
        return f"+1500555{fault.value}"
    if EFFECTS[fault].spoils is Spoils.ROW:
        raise ValueError(f"{fault.name} acts each time only")
    return f"{_FIRST_TIME}{fault.value[1:]}"


def row_fault(phone: str) -> Fault | None:
    """The fault of this number's own row, if it is such a number."""
    fault = _find(phone)
    return fault if fault is not None and EFFECTS[fault].spoils is Spoils.ROW else None


def request_fault(phones: Iterable[str], acted: set[str]) -> Fault | None:
    """The fault of the first number that spoils more than its own row, if there is one.

    ``acted`` holds the first-time numbers that have acted, and so act no more; this one's is added to it.
    """
    for phone in phones:
        fault = _find(phone)
        if fault is None or EFFECTS[fault].spoils is Spoils.ROW or phone in acted:
            continue
        if phone.startswith(_FIRST_TIME):
            acted.add(phone)
        return fault
    return None


def _find(phone: str) -> Fault | None:
    match = _MAGIC.fullmatch(phone)
    if match is None:
        return None
    code = match[1]
    return _BY_CODE.get(f"1{code[1:]}" if code[0] == "2" else code)


def table() -> str:
    """The table of all magic numbers, as this module's docstring shows it."""
    rows = [("each time", "first time", "fault", "sent", "what happens")]
    rows += [_line(fault, effect) for fault, effect in EFFECTS.items()]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def _line(fault: Fault, effect: Effect) -> tuple[str, str, str, str, str]:
    once = "" if effect.spoils is Spoils.ROW else number(fault, once=True)
    says = effect.says if effect.seconds is None else f"{effect.says} ({effect.seconds:g})"
    return number(fault), once, fault.name, "yes" if effect.sent else "no", says
