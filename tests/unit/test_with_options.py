"""Clients made from another client: what they share, and which options they take."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx

from customersms_async import AsyncClient, ConfigurationError, Limit, MemoryQuota
from customersms_async._sending.option_overrides import OptionOverrides

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "https://gateway.test/sms_system/api.php"
KEY = "cspro_a_key_that_must_never_show"
PHONE = "+12125551234"


def ok(**more: Any) -> dict[str, Any]:
    return {"success": True, "results": [{"phone": PHONE, "success": True, "message_id": "msg_1"}], **more}


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(api_key=KEY, url=URL, quota=MemoryQuota(), max_retries=0) as client:
        yield client


@respx.mock
async def test_derived_clients_share_connections_and_the_quota_of_the_same_key(client: AsyncClient) -> None:
    respx.post(URL).respond(json=ok(remaining_credits=5))
    same = client.with_options(limits=[Limit(3, 60)])
    await same.send(PHONE, "Hello")
    await same.aclose()
    assert (await client.quota_status()).limits[0].used == 1
    assert client.remaining_credits == 5
    other = client.with_options(api_key=KEY + "2")
    assert (await other.quota_status()).limits[0].used == 0
    assert other.remaining_credits is None
    await client.send(PHONE, "Hello")


async def test_derived_options_are_checked_like_the_clients_own(client: AsyncClient) -> None:
    wrong: list[dict[str, Any]] = [
        {"batch_size": 0}, {"colour": "red"}, {"url": "http://gateway.test/"}, {"limits": []}
    ]  # fmt: skip
    for overrides in wrong:
        with pytest.raises(ConfigurationError):
            client.with_options(**overrides)
    for call in ({"timeout": 0}, {"max_wait": -1}, {"priority": 7}):
        with pytest.raises(ConfigurationError):
            await client.send(PHONE, "Hello", **call)  # type: ignore[arg-type]  # wrong on purpose


@respx.mock
async def test_none_means_the_same_in_a_derived_client_as_in_the_constructor(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, ours = respx.post(URL).respond(json=ok()), respx.post("https://other.test/").respond(json=ok())
    monkeypatch.setenv("CUSTOMERSMS_URL", "https://other.test/")
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", KEY + "_of_the_environment")
    async with httpx.AsyncClient() as http_client:
        given: dict[str, Any] = {"api_key": KEY, "url": URL, "quota": MemoryQuota(), "http_client": http_client}
        async with AsyncClient(**given) as client:
            await client.send(PHONE, "Hello")
            async with client.with_options(
                url=None, quota=None, api_key=None, http_client=None, max_wait=None
            ) as other:
                assert (await other.quota_status()).limits[0].used == 0
                await other.send(PHONE, "Hello")
                session, parts = other.__session__(), other.__session__().parts
                assert parts.quota is AsyncClient(api_key=KEY).__session__().parts.quota
                assert (session.owns_transport, parts.transport.callers_client) == (True, None)
        assert not http_client.is_closed
    assert (theirs.call_count, ours.call_count) == (1, 1)
    assert json.loads(ours.calls.last.request.content)["api_key"] == KEY + "_of_the_environment"


def test_a_derived_client_takes_the_constructors_options_and_no_others() -> None:
    constructor = inspect.get_annotations(AsyncClient.__init__)
    taken = inspect.get_annotations(OptionOverrides) | {"api_key": "ApiKey"}
    assert {name: taken[name] if name == "api_key" else taken[name].__forward_arg__ for name in taken} == {
        name: annotation for name, annotation in constructor.items() if name != "return"
    }


def overrides_as_the_type_checker_sees_them(client: AsyncClient) -> tuple[AsyncClient, ...]:
    """Read by mypy, which would call an ignore unused that it does not need: these are refused, and no others."""
    return (
        client.with_options(url=None, quota=None, api_key=None, http_client=None, max_wait=None, pace=None),
        client.with_options(api_key=lambda: KEY, limits=Limit(1, 1), batch_size=7, pace=...),
        client.with_options(colour="red"),  # type: ignore[call-arg]
        client.with_options(batch_size="7"),  # type: ignore[arg-type]
        client.with_options(batch_size=None),  # type: ignore[arg-type]
        client.with_options(api_key=b"key"),  # type: ignore[arg-type]
    )
