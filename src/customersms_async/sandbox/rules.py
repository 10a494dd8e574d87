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
from itertools import count, repeat
from typing import TYPE_CHECKING, Final

from . import magic
from .arrivals import Arrival, count_segments, without_keys
from .faults import EFFECTS, UNANSWERED, Fault, Spoils
from .replies import RowFields, ScriptReply, ServerAnswer, error_reply
from .request import SendRequest, read_request
from .schedule import plan
from .spoiling import spoil, spoil_row
from .state import Text, key_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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
    reply = _reply(state, now_us, request, planned)
    given = ServerAnswer(200, {}, b"", planned) if reply is None else spoil(reply, planned, now_us)
    if isinstance(request, SendRequest):
        state.arrivals.add(_arrivals(state, now_us, request, reply, given))
    return given


def _reply(
    state: GatewayState, now_us: int, request: SendRequest | ScriptReply, planned: PlannedFault | None
) -> ScriptReply | None:
    """The script's own reply, after it has done what is asked for; ``None`` if it never read the request."""
    if planned is not None and not planned.effect.read:
        return None
    state.requests += 1
    if isinstance(request, SendRequest):
        state.numbers_seen += len(request.phones)
    if planned is not None and planned.effect.spoils is Spoils.STATUS and not planned.effect.sent:
        return ScriptReply(planned.effect.status, {})
    fault = planned.fault if planned is not None else None
    return request if isinstance(request, ScriptReply) else _judge(state, now_us, request, fault)


def _arrivals(
    state: GatewayState, now_us: int, request: SendRequest, reply: ScriptReply | None, given: ServerAnswer
) -> Iterator[Arrival]:
    """What became of each number of a request, for those who look on."""
    keys = {request.key, *state.windows}
    message, sender = without_keys(request.message, keys), state.key_ids.get(request.key) or key_id(request.key)
    fault = given.planned.fault if given.planned is not None else None
    status = None if fault in UNANSWERED else given.status
    document = reply.document if reply is not None else {}
    rows = reply.judged if reply is not None else ()
    judged: Iterable[Text | RowFields] = rows or repeat(document)
    for number, phone, fate in zip(count(state.arrivals.total + 1), request.phones, judged, strict=False):
        own = fault or (magic.row_fault(phone) if rows else None)
        text = fate if isinstance(fate, Text) else None
        yield Arrival(
            number=number,
            phone=without_keys(phone, keys),
            message=message,
            accepted=text is not None,
            code=fate.get("code") if not isinstance(fate, Text) else None,
            message_id=text.message_id if text is not None else None,
            status=status,
            fault=own.name if own is not None else None,
            key_id=sender,
            at_us=now_us,
        )


def _magic(state: GatewayState, request: SendRequest | ScriptReply) -> PlannedFault | None:
    return plan(magic.request_fault(request.phones, state.acted)) if isinstance(request, SendRequest) else None


def _judge(state: GatewayState, now_us: int, request: SendRequest, fault: Fault | None) -> ScriptReply:
    """The reply to a request in the documented form; ``fault`` is that of the whole request."""
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
    judged, rows = list[Text | RowFields](), list[RowFields]()
    for phone in request.phones:
        own = fault if fault in _ROW_FAULTS else magic.row_fault(phone)
        refused = _row_refusal(state, request.key, phone, own)
        if refused is not None:
            rows.append({"phone": phone, "success": False, **refused})
            judged.append(refused)
        else:
            text = _accept(state, now_us, request, phone)
            judged.append(text)
            rows += spoil_row({"phone": phone, "success": True, "message_id": text.message_id}, own)
    total = len(request.phones)
    sent = sum(isinstance(fate, Text) for fate in judged)
    state.segments += sent and sent * count_segments(request.message).segments
    document = {
        "success": True,
        "message": "SMS sending completed",
        "total_numbers": total,
        "successful_sends": sent,
        "failed_sends": total - sent,
        "remaining_credits": state.credits[request.key],
        "results": rows,
    }
    return ScriptReply(200, document, judged=judged)


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
