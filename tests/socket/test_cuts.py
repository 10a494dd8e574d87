"""Answers that end too early: a part of an answer never says more of a text than the whole of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from customersms_async import AsyncClient, Limit, Message, Status
from customersms_async._core.batching import Batch
from customersms_async._core.outcome_table import NextStep
from customersms_async._core.post_result import Answer
from customersms_async._core.rulings import judge
from customersms_async.sandbox import Fault
from customersms_async.sandbox.faults import EFFECTS, Spoils
from customersms_async.sandbox.options import GatewayOptions
from customersms_async.sandbox.rules import answer
from customersms_async.sandbox.schedule import plan
from customersms_async.sandbox.state import GatewayState
from support.broken_gateways import KEY, Connection, RawGateway, answered, http

MakeClient = Callable[..., AsyncClient]
PHONES = ["+12125551234", "+13235554567", "+15005550001"]  # the last is refused by the sandbox
BATCH = Batch("Hello", PHONES, [0, 1, 2])
REFUSALS: list[dict[str, Any]] = [
    {"success": False, "error": "Invalid or inactive API key", "code": "INVALID_API_KEY"},
    {"success": False, "error": "No", "code": "NO"},
    {"success": False, "error": "No", "successful_sends": 2},
    {"success": True, "message": "Queued"},
]


def body_of(fault: Fault | None) -> bytes:
    """The sandbox's answer to the batch, spoiled by this fault."""
    state = GatewayState({KEY: Decimal(100)}, GatewayOptions((Limit(10, 60),)))
    request = json.dumps({"api_key": KEY, "phone": PHONES, "message": "Hello"}).encode()
    headers = {"content-type": "application/json"}
    return answer(state, 0, "POST", "/sms_system/api.php", headers, request, plan(fault)).body


ODD = [fault for fault, effect in EFFECTS.items() if effect.spoils in (Spoils.BODY, Spoils.ROW)]
BODIES = {
    "documented": body_of(None),
    **{fault.name: body_of(fault) for fault in ODD if fault not in (Fault.HUGE_BODY, Fault.GZIP_BOMB)},
    **{str(refusal): json.dumps(refusal).encode() for refusal in REFUSALS},
    "spaced": json.dumps(answered(PHONES), indent=1).encode() + b"\n\n",
    "a warning behind": body_of(None) + b"<br />\n<b>Warning</b>: {main} in api.php on line 42",
    "a warning behind that looks like JSON": body_of(None) + b'<!-- {"time": 0.2} -->',
}


@pytest.mark.parametrize("status", [200, 201, 302])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_cut_at_any_byte_leaves_each_outcome_as_it_is_or_unknown(body: bytes, status: int) -> None:
    whole = judge(Answer(status, body), BATCH, 0.0)
    for cut in range(len(body)):
        part = judge(Answer(status, body[:cut]), BATCH, 0.0)
        for of_part, of_whole in zip(part.outcomes, whole.outcomes, strict=True):
            assert of_part.status is Status.UNKNOWN or of_part == of_whole, (cut, body[:cut])
        assert part.fatal in (None, whole.fatal)
        assert part.then in (NextStep.DONE, whole.then)


@pytest.mark.parametrize("told", [True, False], ids=["of known length", "ended by the connection's end"])
async def test_an_answer_cut_at_any_byte_on_the_wire_is_unknown(make_client: MakeClient, told: bool) -> None:
    """The text of a message says after how many bytes its answer is cut."""

    async def cut_short(connection: Connection) -> None:
        asked = await connection.read()
        whole = http(answered(asked.phones))
        if not told:
            whole = whole.replace(b"Content-Length", b"Not-The-Length")
        await connection.write(whole[: int(asked.message)])
        connection.writer.close()
        await connection.writer.wait_closed()

    phone = PHONES[0]
    length = len(http(answered([phone])))
    gateway = RawGateway(cut_short)
    async with gateway.serve() as url:
        client = make_client(url=url, limits=Limit(10_000, 60))
        messages = [Message(phone, str(cut)) for cut in range(length + 1)]
        report = await client.send_many(messages, stop_after_unknown=None)
    assert [o.status for o in report.outcomes] == [Status.UNKNOWN] * length + [Status.ACCEPTED]
    assert gateway.connections == gateway.requests == len(set(gateway.texts)) == length + 1
