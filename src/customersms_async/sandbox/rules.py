"""The gateway's rules: (state, now, one request) -> its answer.

Pure, but for the state that is handed in: no clock, no socket. The documented contract is that of the provider's
API page; what the page leaves open is decided here, once:

- A request is judged in this order: path (404), method (405), body (400), key (401), limits (429), numbers in one
  request (413), credits (402). A request with a bad key takes no place in a limit.
- One credit for each number accepted. When credits run out on the way, the other rows fail with INSUFFICIENT_CREDITS.
- ``success`` is true for every request that wasn't refused as a whole, even if each row in it failed.
- A fault comes before the rules. If it says that the texts are sent, the rules run and their reply is spoiled;
  if not, nothing of the request has any effect.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, final

import msgspec

from . import magic
from .answers import Answer, Reply, Row, error, spoil, spoil_row
from .asked import Asked, read
from .faults import EFFECTS, Fault, Spoils
from .schedule import Planned, plan
from .windows import Refusal, Windows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from ..models import Limit


class Text(msgspec.Struct, frozen=True, gc=False):
    """One text that the sandbox accepted.

    ``message_id`` is the one that was given out, or would have been, had a fault not kept it back. ``key_id`` is
    ``key_id(api_key)``. ``at_us`` is when the request was judged, in microseconds since 1970.
    """

    phone: str
    message: str
    message_id: str
    key_id: str
    at_us: int


class Terms(msgspec.Struct, frozen=True):
    """What the gateway allows; ``error_status`` replaces 400, 401 and 402 if it is given."""

    limits: tuple[Limit, ...]
    max_numbers: int | None = None
    error_status: int | None = None


@final
class State:
    """All that the gateway remembers: written by ``answer`` alone, read by ``Sandbox``."""

    def __init__(self, keys: Mapping[str, Decimal], terms: Terms) -> None:
        self.terms: Final = terms
        self.credits = dict(keys)
        self.windows = {key: Windows(terms.limits) for key in keys}
        self.key_ids = {key: key_id(key) for key in keys}
        self.texts: list[Text] = []  # in the order of acceptance
        self.acted: set[str] = set()  # the magic numbers that act once, and have
        self.requests = 0  # requests read
        self.numbers_seen = 0  # numbers in all requests that could be understood
        self.refused = self.refused_fixed = self.refused_rolling = 0  # requests, by the limits


_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_INVALID_NUMBER: Final = {"error": "Invalid phone number", "code": "INVALID_NUMBER"}
_NO_CREDITS: Final = {"error": "Insufficient credits", "code": "INSUFFICIENT_CREDITS"}
_ROW_REFUSALS: Final[Mapping[Fault | None, Row]] = {
    Fault.ROW_REJECTED: _INVALID_NUMBER,
    Fault.ROW_REJECTED_WITHOUT_CODE: {},
    Fault.ROW_REJECTED_WITH_ID: {"message_id": "msg_refused", **_INVALID_NUMBER},
    Fault.ROW_NO_CREDITS: _NO_CREDITS,
    Fault.ROW_KEY_REFUSED: {"error": "Invalid or inactive API key", "code": "INVALID_API_KEY"},
    Fault.ROW_RATE_LIMITED: {"error": "Too many requests", "code": "RATE_LIMITED"},
}

_ROW_FAULTS: Final = frozenset(fault for fault, effect in EFFECTS.items() if effect.spoils is Spoils.ROW)


def key_id(api_key: str) -> str:
    """Return the short fingerprint by which the sandbox's texts name a key: 12 hexadecimal digits."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:12]


def answer(
    state: State,
    now_us: int,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    scheduled: Planned | None = None,
) -> Answer:
    """Judge one request that was fully read at ``now_us``, and return what the server does about it.

    ``headers`` have lower-case names. ``scheduled`` is the fault that the schedule has for this request.
    """
    asked = read(state.terms.error_status, method, path, headers, body)
    planned = scheduled or _magic(state, asked)
    if planned is not None and not planned.effect.read:
        return Answer(200, {}, b"", planned)
    state.requests += 1
    if isinstance(asked, Asked):
        state.numbers_seen += len(asked.phones)
    if planned is not None and planned.effect.spoils is Spoils.STATUS and not planned.effect.sent:
        return spoil(Reply(planned.effect.status, {}), planned, now_us)
    fault = planned.fault if planned is not None else None
    return spoil(asked if isinstance(asked, Reply) else _judge(state, now_us, asked, fault), planned, now_us)


def _magic(state: State, asked: Asked | Reply) -> Planned | None:
    return plan(magic.request_fault(asked.phones, state.acted)) if isinstance(asked, Asked) else None


def _judge(state: State, now_us: int, asked: Asked, fault: Fault | None) -> Reply:
    """Return the script's own reply, after doing what it asks for. ``fault`` is that of the whole request."""
    terms = state.terms
    if asked.key not in state.windows:
        return error(terms.error_status or 401, "INVALID_API_KEY", "Invalid or inactive API key")
    refusal = state.windows[asked.key].take(now_us)
    if refusal is not None:
        return _refuse(state, refusal)
    if terms.max_numbers is not None and len(asked.phones) > terms.max_numbers:
        return error(413, "TOO_MANY_NUMBERS", f"At most {terms.max_numbers} numbers in one request")
    if state.credits[asked.key] < 1:
        return error(terms.error_status or 402, "INSUFFICIENT_CREDITS", "Insufficient credits")
    return _send(state, now_us, asked, fault)


def _refuse(state: State, refusal: Refusal) -> Reply:
    state.refused += 1
    state.refused_fixed += refusal.fixed
    state.refused_rolling += refusal.rolling
    seconds = -(-refusal.wait_us // 1_000_000)
    return error(429, "RATE_LIMITED", "Too many requests", {"Retry-After": str(seconds)})


def _send(state: State, now_us: int, asked: Asked, fault: Fault | None) -> Reply:
    before, rows = len(state.texts), list[Row]()
    for phone in asked.phones:
        own = fault if fault in _ROW_FAULTS else magic.row_fault(phone)
        refused = _row_refusal(state, asked.key, phone, own)
        if refused is not None:
            rows.append({"phone": phone, "success": False, **refused})
        else:
            text = _accept(state, now_us, asked, phone)
            rows += spoil_row({"phone": phone, "success": True, "message_id": text.message_id}, own)
    sent, total = len(state.texts) - before, len(asked.phones)
    document = {
        "success": True,
        "message": "SMS sending completed",
        "total_numbers": total,
        "successful_sends": sent,
        "failed_sends": total - sent,
        "remaining_credits": state.credits[asked.key],
        "results": rows,
    }
    return Reply(200, document)


def _row_refusal(state: State, key: str, phone: str, fault: Fault | None) -> Row | None:
    """Return what a refused row says beside its phone, or ``None`` if the number is accepted."""
    if fault in _ROW_REFUSALS:
        return _ROW_REFUSALS[fault]
    if not _PHONE.fullmatch(phone):
        return _INVALID_NUMBER
    return _NO_CREDITS if state.credits[key] < 1 else None


def _accept(state: State, now_us: int, asked: Asked, phone: str) -> Text:
    text = Text(phone, asked.message, f"msg_{len(state.texts) + 1:06d}", state.key_ids[asked.key], now_us)
    state.texts.append(text)
    state.credits[asked.key] -= 1
    return text
