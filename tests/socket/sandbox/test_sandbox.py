from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import httpx
import pytest

from customersms_async import sandbox as package
from customersms_async.errors import ConfigurationError
from customersms_async.models import Limit
from customersms_async.sandbox import DEMO_KEY, Fault, Sandbox, magic
from support.sandbox_requests import JSON, KEY, PATH, body, numbers

URL = f"http://testserver{PATH}"


def client(sandbox: Sandbox) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox))


async def post(sandbox: Sandbox, *phones: str, key: str = KEY, message: str = "Hello") -> httpx.Response:
    async with client(sandbox) as http:
        return await http.post(URL, content=body(*phones, key=key, message=message), headers=JSON)


async def test_it_is_an_asgi_app() -> None:
    sandbox = Sandbox(keys={KEY: 3})
    answer = await post(sandbox, *numbers(2))
    assert (answer.status_code, answer.json()["remaining_credits"]) == (200, 1)
    assert (sandbox.requests, sandbox.numbers_seen, int(sandbox.credits(KEY))) == (1, 2, 1)
    assert [text.phone for text in sandbox.texts] == numbers(2)


async def test_other_paths_and_methods_reach_the_rules() -> None:
    sandbox = Sandbox()
    async with client(sandbox) as http:
        assert (await http.get(URL)).status_code == 405
        assert (await http.post("http://testserver/")).status_code == 404
        assert (await http.post("http://testserver/api.php", json={})).status_code == 400


async def test_texts_that_came_twice_are_named() -> None:
    sandbox = Sandbox({KEY: 100})
    await post(sandbox, *numbers(2))
    assert sandbox.duplicates() == ()
    await post(sandbox, *numbers(3))
    await post(sandbox, *numbers(3), message="Other")
    assert [text.message_id for text in sandbox.duplicates()] == ["msg_000003", "msg_000004"]


async def test_refusals_are_counted_for_each_kind_of_window() -> None:
    sandbox = Sandbox({KEY: 100}, limits=[Limit(1, 86_400)])
    assert [(await post(sandbox, "+12125551234")).status_code for _ in range(3)] == [200, 429, 429]
    assert sandbox.refused == sandbox.refused_rolling == 2 >= sandbox.refused_fixed  # midnight may have just passed


async def test_reset_begins_anew() -> None:
    sandbox = Sandbox({KEY: 2}, limits=[Limit(2, 60)], faults=[Fault.STATUS_500])
    first = [(await post(sandbox, "+12125551234")).status_code for _ in range(3)]
    sandbox.reset()
    assert (sandbox.texts, sandbox.requests, sandbox.refused, int(sandbox.credits())) == ((), 0, 0, 2)
    assert [(await post(sandbox, "+12125551234")).status_code for _ in range(3)] == first == [500, 200, 429]


async def test_a_new_schedule_counts_from_the_next_request() -> None:
    sandbox = Sandbox({KEY: 10}, faults=[None, Fault.STATUS_404])
    assert (await post(sandbox, "+12125551234")).status_code == 200
    sandbox.misbehave({2: Fault.STATUS_403})
    assert [(await post(sandbox, "+12125551234")).status_code for _ in range(2)] == [200, 403]


async def test_a_fault_of_the_connection_raises_where_there_is_no_socket() -> None:
    sandbox = Sandbox({KEY: 10})
    with pytest.raises(ConnectionAbortedError, match=r"CLOSE_AFTER only over a socket: use serve\(\)"):
        await post(sandbox, magic.number(Fault.CLOSE_AFTER))
    assert len(sandbox.texts) == 1


async def test_latency_passes_before_and_after_the_judgement() -> None:
    sandbox = Sandbox({KEY: 10}, latency=(0.001, 0.004), faults=[(Fault.SLOW, 0.002)])
    assert (await post(sandbox, "+12125551234")).elapsed.total_seconds() >= 0.003


@pytest.mark.parametrize(
    "options",
    [
        {"keys": {}},
        {"keys": {KEY: 1.5}},
        {"keys": {KEY: True}},
        {"latency": -1},
        {"latency": (2, 1)},
        {"latency": (1, 2, 3)},
        {"latency": "1"},
        {"latency": float("nan")},
        {"keep_alive": float("inf")},
        {"faults": Fault.BOM},
    ],
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Sandbox(**options)


def test_without_keys_it_has_a_made_up_one_and_no_text_shows_a_key() -> None:
    sandbox = Sandbox()
    assert (sandbox.api_key, int(sandbox.credits())) == (DEMO_KEY, 1_000_000)
    assert DEMO_KEY not in repr(sandbox)
    assert Sandbox({KEY: Decimal("0.5")}).credits(KEY) == Decimal("0.5")
    with pytest.raises(KeyError):
        sandbox.credits("cspro_other")


def test_its_url_is_known_only_while_it_is_served() -> None:
    with pytest.raises(ConfigurationError, match="not being served"):
        _ = Sandbox().url


@pytest.mark.parametrize("absent", ["starlette", "uvicorn"])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    for name in [name for name in sys.modules if name.startswith((f"{absent}.", f"{package.__name__}."))]:
        if name.rpartition(".")[2] in {"app", "serving", "listening"} or name.startswith(absent):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, absent, None)
    with (
        pytest.raises(ConfigurationError, match=r'pip install "customersms-async\[sandbox\]"'),
        Sandbox().serve_in_thread(),
    ):
        pass


def test_the_public_names_are_all_there_and_sorted() -> None:
    assert package.__all__ == sorted(package.__all__)
    assert all(hasattr(package, name) for name in package.__all__)
