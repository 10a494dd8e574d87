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

import re
from typing import TYPE_CHECKING, Final

from . import magic
from .faults import EFFECTS, Fault, Spoils
from .replies import RowFields, ScriptReply, ServerAnswer, error_reply
from .request import SendRequest, read_request
from .schedule import plan
from .spoiling import spoil, spoil_row
from .state import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .schedule import PlannedFault
    from .state import GatewayState
    from .windows import WindowRefusal

_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_INVALID_NUMBER: Final = {"error": "Invalid phone number", "code": "INVALID_NUMBER"}
_NO_CREDITS: Final = {"error": "Insufficient credits", "code": "INSUFFICIENT_CREDITS"}
_ROW_REFUSALS: Final[Mapping[Fault | None, RowFields]] = {
    Fault.ROW_REJECTED: _INVALID_NUMBER,
    Fault.ROW_REJECTED_WITHOUT_CODE: {},
    Fault.ROW_REJECTED_WITH_ID: {"message_id": "msg_refused", **_INVALID_NUMBER},
    Fault.ROW_NO_CREDITS: _NO_CREDITS,
    Fault.ROW_KEY_REFUSED: {"error": "Invalid or inactive API key", "code": "INVALID_API_KEY"},
    Fault.ROW_RATE_LIMITED: {"error": "Too many requests", "code": "RATE_LIMITED"},
}

_ROW_FAULTS: Final = frozenset(fault for fault, effect in EFFECTS.items() if effect.spoils is Spoils.ROW)


def answer(
    state: GatewayState,
    now_us: int,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    scheduled: PlannedFault | None = None,
) -> ServerAnswer:
    """Judge one request that was fully read at ``now_us``, and say what the server does about it.

    ``headers`` have lower-case names. ``scheduled`` is the fault that the schedule has for this request.
    """
    request = read_request(state.options.error_status, method, path, headers, body)
    planned = scheduled or _magic(state, request)
    if planned is not None and not planned.effect.read:
        return ServerAnswer(200, {}, b"", planned)
    state.requests += 1
    if isinstance(request, SendRequest):
        state.numbers_seen += len(request.phones)
    if planned is not None and planned.effect.spoils is Spoils.STATUS and not planned.effect.sent:
        return spoil(ScriptReply(planned.effect.status, {}), planned, now_us)
    fault = planned.fault if planned is not None else None
    reply = request if isinstance(request, ScriptReply) else _judge(state, now_us, request, fault)
    return spoil(reply, planned, now_us)


def _magic(state: GatewayState, request: SendRequest | ScriptReply) -> PlannedFault | None:
    return plan(magic.request_fault(request.phones, state.acted)) if isinstance(request, SendRequest) else None


def _judge(state: GatewayState, now_us: int, request: SendRequest, fault: Fault | None) -> ScriptReply:
    """The script's own reply, after it has done what is asked for; ``fault`` is that of the whole request."""
    options = state.options
    if request.key not in state.windows:
        return error_reply(options.error_status or 401, "INVALID_API_KEY", "Invalid or inactive API key")
    refusal = state.windows[request.key].take(now_us)
    if refusal is not None:
        return _refuse(state, refusal)
    if options.max_numbers is not None and len(request.phones) > options.max_numbers:
        return error_reply(413, "TOO_MANY_NUMBERS", f"At most {options.max_numbers} numbers in one request")
    if state.credits[request.key] < 1:
        return error_reply(options.error_status or 402, "INSUFFICIENT_CREDITS", "Insufficient credits")
    return _send(state, now_us, request, fault)


def _refuse(state: GatewayState, refusal: WindowRefusal) -> ScriptReply:
    state.refused += 1
    state.refused_fixed += refusal.fixed
    state.refused_rolling += refusal.rolling
    seconds = -(-refusal.wait_us // 1_000_000)
    return error_reply(429, "RATE_LIMITED", "Too many requests", {"Retry-After": str(seconds)})


def _send(state: GatewayState, now_us: int, request: SendRequest, fault: Fault | None) -> ScriptReply:
    before, rows = len(state.texts), list[RowFields]()
    for phone in request.phones:
        own = fault if fault in _ROW_FAULTS else magic.row_fault(phone)
        refused = _row_refusal(state, request.key, phone, own)
        if refused is not None:
            rows.append({"phone": phone, "success": False, **refused})
        else:
            text = _accept(state, now_us, request, phone)
            rows += spoil_row({"phone": phone, "success": True, "message_id": text.message_id}, own)
    sent, total = len(state.texts) - before, len(request.phones)
    document = {
        "success": True,
        "message": "SMS sending completed",
        "total_numbers": total,
        "successful_sends": sent,
        "failed_sends": total - sent,
        "remaining_credits": state.credits[request.key],
        "results": rows,
    }
    return ScriptReply(200, document)


def _row_refusal(state: GatewayState, key: str, phone: str, fault: Fault | None) -> RowFields | None:
    """The fields of a refused row beside its phone, or ``None`` if the number is accepted."""
    if fault in _ROW_REFUSALS:
        return _ROW_REFUSALS[fault]
    if not _PHONE.fullmatch(phone):
        return _INVALID_NUMBER
    return _NO_CREDITS if state.credits[key] < 1 else None


def _accept(state: GatewayState, now_us: int, request: SendRequest, phone: str) -> Text:
    text = Text(phone, request.message, f"msg_{len(state.texts) + 1:06d}", state.key_ids[request.key], now_us)
    state.texts.append(text)
    state.credits[request.key] -= 1
    return text
