"""The inbox over real sockets, as a program asks it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from customersms_async import AsyncClient, MemoryQuota
from customersms_async.errors import OutcomeUnknownError, RateLimitedError
from customersms_async.models import DOCUMENTED_LIMITS
from customersms_async.sandbox import Fault, Sandbox, magic
from support.places import DOCS
from support.sandbox_requests import JSON, KEY, body, connect, exchange, raw

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PHONE = "+12125551234"
PATHS = ["/", "/base.css", "/inbox.css", "/inbox.js", "/inbox.svg", "/texts", "/switches", "/faults"]


@pytest.fixture
def at() -> Sandbox:
    return Sandbox({KEY: 1_000})


@pytest.fixture
async def http(at: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with at.serve() as url, httpx.AsyncClient(base_url=url.rpartition("/sms_")[0], trust_env=False) as asking:
        yield asking


@pytest.fixture
async def client(at: Sandbox, http: httpx.AsyncClient) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(api_key=KEY, url=at.url, quota=MemoryQuota(), pace=None) as sending:
        yield sending


async def texts(http: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await http.get("/texts", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told: dict[str, Any] = answer.json()
    return told


async def test_the_page_names_every_field_of_the_texts(http: httpx.AsyncClient, client: AsyncClient) -> None:
    await client.send(PHONE, "Hello")
    told = await texts(http)
    page = (DOCS / "testing.md").read_text(encoding="utf-8")
    assert [name for name in (*told, *told["texts"][0]) if f"`{name}`" not in page] == []


async def test_it_gives_each_text_with_its_segments_and_outcome(http: httpx.AsyncClient, client: AsyncClient) -> None:
    await client.send_many([PHONE, magic.number(Fault.ROW_REJECTED)], "Grüße 🎈" * 10)
    told = await texts(http)
    first, second = told.pop("texts")
    assert first.pop("at").endswith("Z")
    assert len(first.pop("key_id")) == 12
    assert first == {
        "number": 1,
        "phone": PHONE,
        "message": "Grüße 🎈" * 10,
        "segments": 2,
        "encoding": "UCS-2",
        "outcome": "accepted",
        "code": None,
        "message_id": "msg_000001",
        "status": 200,
        "fault": None,
    }
    assert (second["outcome"], second["code"], second["fault"]) == ("refused", "INVALID_NUMBER", "ROW_REJECTED")
    assert told.pop("began").endswith("Z")
    assert told == {
        "next": 2,
        "total": 2,
        "accepted": 1,
        "refused": 1,
        "segments": 2,
        "requests": 1,
        "requests_refused_by_limits": 0,
        "credits": 999,
    }


async def test_it_gives_what_came_after_in_parts_and_by_number(http: httpx.AsyncClient, client: AsyncClient) -> None:
    await client.send_many([f"+1212555{number:04}" for number in range(20)], "Hello")
    first = await texts(http, limit=15)
    assert ([one["number"] for one in first["texts"]], first["next"]) == (list(range(1, 16)), 15)
    second = await texts(http, limit=15, after=first["next"])
    assert ([one["number"] for one in second["texts"]], second["next"]) == (list(range(16, 21)), 20)
    assert (await texts(http, after=20))["texts"] == []
    for asked in ("+12125550007", "555-0007", "0007"):
        assert [one["phone"] for one in (await texts(http, phone=asked))["texts"]] == ["+12125550007"]
    found = await texts(http, phone="000", limit=3)
    assert ([one["number"] for one in found["texts"]], found["next"]) == ([1, 2, 3], 3)
    assert (await texts(http, phone="nonsense"))["texts"] == []


@pytest.mark.parametrize("query", ["after=-1", "limit=0", "after=x", "nonsense=1"])
async def test_a_query_that_is_not_understood_is_refused(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.get(f"/texts?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_forbids_what_the_page_does_not_need(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    kinds = {"/": "text/html; charset=utf-8", "/inbox.css": "text/css; charset=utf-8", "/inbox.svg": "image/svg+xml"}
    kinds |= {"/inbox.js": "text/javascript; charset=utf-8", "/base.css": kinds["/inbox.css"]}
    assert answer.headers["content-type"] == kinds.get(path, "application/json")
    assert (await http.head(path)).headers["content-length"] == str(len(answer.content))


async def test_the_page_takes_nothing_from_elsewhere(http: httpx.AsyncClient) -> None:
    for path in PATHS[:4]:
        assert "//" not in (await http.get(path)).text.replace("http://www.w3.org/2000/svg", "").replace("// ", "")


async def test_no_answer_holds_a_key(http: httpx.AsyncClient, client: AsyncClient) -> None:
    await client.send(PHONE, f"My key is {KEY}")
    await http.post("/sms_system/api.php", content=body(KEY, message=KEY), headers=JSON)
    for answer in [
        *[await http.get(path) for path in PATHS],
        await http.get("/texts", params={"phone": KEY}),
        await http.get("/texts", params={KEY: KEY}),
        await http.put("/switches", json={"fault": {"name": "BOM"}}),
        await http.put("/switches", json={KEY: KEY}),
        await http.put("/switches", json={"fault": {"name": KEY}}),
        await http.get("/", headers={"Host": KEY}),
        await http.get("/", headers={"Host": "evil.example"}),
    ]:
        assert KEY not in answer.text
        assert KEY not in str(answer.headers)


async def test_no_fault_befalls_the_inbox_and_nothing_counts_it(at: Sandbox, http: httpx.AsyncClient) -> None:
    at.misbehave({1: Fault.CLOSE_BEFORE, 2: Fault.STATUS_502})
    for path in PATHS:
        assert (await http.get(path)).status_code == 200
    with pytest.raises(httpx.RemoteProtocolError):
        await http.post("/sms_system/api.php", content=body(PHONE), headers=JSON)
    await http.put("/switches", json={"limits": []})
    assert (await http.post("/sms_system/api.php", content=body(PHONE), headers=JSON)).status_code == 502
    assert at.requests == 1


async def test_a_request_may_come_byte_by_byte_and_after_another(at: Sandbox, http: httpx.AsyncClient) -> None:
    ask = b"GET /texts HTTP/1.1\r\nHost: localhost\r\n\r\n"
    reader, writer = await connect(at.url)
    for sent in (ask, raw(PHONE), ask, raw(PHONE).replace(b"Host: x", b"Host: x\r\nConnection: close")):
        for place in range(12):
            writer.write(sent[place : place + 1])
            await asyncio.sleep(0)
        writer.write(sent[12:])
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        json.loads(await reader.readexactly(length))
    writer.close()
    assert (len(at.texts), at.requests) == (2, 2)


async def test_a_fault_is_switched_on_and_off(at: Sandbox, http: httpx.AsyncClient, client: AsyncClient) -> None:
    answer = await http.put("/switches", json={"fault": {"name": "STATUS_502", "requests": 2}})
    assert answer.json()["fault"] == {"name": "STATUS_502", "seconds": None, "requests": 2}
    with pytest.raises(OutcomeUnknownError):
        await client.send(PHONE, "Hello")
    assert (await http.get("/switches")).json()["fault"]["requests"] == 1
    await http.put("/switches", json={"fault": None})
    assert (await client.send(PHONE, "Hello again")).message_id
    (first, second) = (await texts(http))["texts"]
    assert (first["outcome"], first["fault"], first["status"]) == ("accepted", "STATUS_502", 502)
    assert second["fault"] is None


async def test_limits_are_switched(at: Sandbox, http: httpx.AsyncClient, client: AsyncClient) -> None:
    given = [{"requests": one.requests, "seconds": one.seconds} for one in DOCUMENTED_LIMITS]
    assert (await http.get("/switches")).json() == {"fault": None, "limits": given}
    await http.put("/switches", json={"limits": [{"requests": 1, "seconds": 3_600}]})
    strict = client.with_options(max_retries=0)
    await strict.send(PHONE, "Hello")
    with pytest.raises(RateLimitedError):
        await strict.send(PHONE, "Hello")
    await http.put("/switches", json={"limits": []})
    other = client.with_options(quota=MemoryQuota())  # the key's pause stays where it was told
    assert (await other.send(PHONE, "Hello")).message_id
    assert (await http.put("/switches", json={"limits": None})).json()["limits"] == given


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"fault": {"name": "NOPE"}}', 400), (b'"\xff"', 400), (b" " * 64_001, 413)],
)
async def test_what_can_not_be_switched_is_refused_with_a_reason(
    http: httpx.AsyncClient, sent: bytes, status: int
) -> None:
    answer = await http.put("/switches", content=sent)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert (await http.get("/switches")).json()["fault"] is None


async def test_beginning_anew_lets_go_of_all_and_switches_back(
    at: Sandbox, http: httpx.AsyncClient, client: AsyncClient
) -> None:
    await http.put("/switches", json={"fault": {"name": "BOM"}, "limits": []})
    await client.send(PHONE, "Hello")
    began = (await texts(http))["began"]
    told = (await http.request("DELETE", "/texts")).json()
    assert (told["texts"], told["total"], told["segments"], told["credits"]) == ([], 0, 0, 1_000)
    assert told["began"] > began
    switches = (await http.get("/switches")).json()
    assert (switches["fault"], len(switches["limits"])) == (None, 3)
    assert at.texts == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_pages_of_others_neither_switch_nor_begin_anew(
    at: Sandbox, http: httpx.AsyncClient, client: AsyncClient, headers: dict[str, str]
) -> None:
    await client.send(PHONE, "Hello")
    assert (await http.put("/switches", json={"limits": []}, headers=headers)).status_code == 403
    assert (await http.request("DELETE", "/texts", headers=headers)).status_code == 403
    preflight = await http.options("/switches", headers={"Access-Control-Request-Method": "PUT", **headers})
    assert "access-control-allow-origin" not in preflight.headers
    assert len((await http.get("/switches")).json()["limits"]) == 3
    assert len(at.texts) == 1


async def test_a_name_that_was_told_may_ask(at: Sandbox) -> None:
    asked = b"GET /texts HTTP/1.1\r\nHost: Gateway:8025\r\nConnection: close\r\n\r\n"
    async with at.serve() as url:
        assert b"--allow-host gateway" in await exchange(url, asked)
    async with at.serve(names=["gateway"]) as url:
        assert b'"texts":[]' in await exchange(url, asked)


async def test_the_log_has_a_line_for_each_request_but_the_inboxs(
    at: Sandbox, http: httpx.AsyncClient, client: AsyncClient
) -> None:
    lines: list[str] = []
    at.log_requests(lines.append)
    await client.send(PHONE, "Hello")
    for path in PATHS:
        await http.get(path)
    await http.put("/switches", json={"fault": {"name": "CLOSE_BEFORE", "requests": 1}, "limits": []})
    with pytest.raises(httpx.RemoteProtocolError):
        await http.post("/sms_system/api.php", content=body(PHONE), headers=JSON)
    await http.get(f"/nothing?api_key={KEY}")
    assert lines == [
        "POST /sms_system/api.php 200: 1 number, 1 accepted",
        "switched: CLOSE_BEFORE for 1 request; limits: none",
        "a request was not read: fault CLOSE_BEFORE",
        "GET /nothing 404: no numbers",
    ]


async def test_it_is_there_without_a_socket_too(at: Sandbox) -> None:
    transport = httpx.ASGITransport(at)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        await http.post("/sms_system/api.php", content=body(PHONE), headers=JSON)
        assert (await texts(http))["accepted"] == 1
