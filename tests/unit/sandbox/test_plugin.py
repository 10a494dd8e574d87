from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from customersms_async import AsyncClient, Limit
from customersms_async.sandbox import Sandbox
from support.real_time import PATIENCE
from support.sandbox_requests import JSON, body

if TYPE_CHECKING:
    from types import EllipsisType

pytest_plugins = "pytester"

_seen: set[str] = set()


def _send() -> int:
    url, key = os.environ["CUSTOMERSMS_URL"], os.environ["CUSTOMERSMS_API_KEY"]
    return httpx.post(url, content=body("+12125551234", key=key), headers=JSON, trust_env=False).status_code


def test_the_fixture_leads_the_environment_to_a_sandbox(customersms_sandbox: Sandbox) -> None:
    assert os.environ["CUSTOMERSMS_URL"] == customersms_sandbox.url
    assert os.environ["CUSTOMERSMS_API_KEY"] == customersms_sandbox.api_key
    assert _send() == 200
    assert len(customersms_sandbox.texts) == 1
    _seen.add(customersms_sandbox.api_key)


async def test_each_test_has_its_own_sandbox_and_key_with_async_too(customersms_sandbox: Sandbox) -> None:
    assert customersms_sandbox.texts == ()
    assert customersms_sandbox.api_key not in _seen
    async with httpx.AsyncClient(trust_env=False) as http:
        sent = body("+12125551234", key=customersms_sandbox.api_key)
        assert (await http.post(customersms_sandbox.url, content=sent, headers=JSON)).status_code == 200


async def test_what_is_sent_in_the_background_is_waited_for(customersms_sandbox: Sandbox) -> None:
    async with AsyncClient() as client:
        sending = asyncio.create_task(client.send_many(["+12125551234", "+13235554567"], "Hello"))
        assert [text.message for text in await customersms_sandbox.wait_for(2, timeout=PATIENCE)] == ["Hello", "Hello"]
        await sending


def test_it_is_waited_for_without_async_too_and_not_for_ever(customersms_sandbox: Sandbox) -> None:
    sending = threading.Thread(target=_send)
    sending.start()
    (text,) = asyncio.run(customersms_sandbox.wait_for(1, timeout=PATIENCE))
    sending.join()
    assert text.phone == "+12125551234"
    with pytest.raises(TimeoutError, match=r"of 2 texts 1 came in 0\.01 s"):
        asyncio.run(customersms_sandbox.wait_for(2, timeout=0.01))


@pytest.mark.parametrize(("pace", "seconds"), [(..., 0), (Limit(10, 1), 2)])
async def test_nobody_waits_for_a_pace_that_was_not_asked_for(
    customersms_sandbox: Sandbox, pace: Limit | EllipsisType, seconds: float
) -> None:
    async with AsyncClient(pace=pace) as client:
        job = await client.estimate([f"+1212555{number:04}" for number in range(30)], "Hello", batch_size=1)
    assert int(job.seconds) == seconds


def test_the_environment_is_as_before_after_the_test() -> None:
    assert "127.0.0.1" not in os.environ.get("CUSTOMERSMS_URL", "")


def test_options_are_overridden_by_a_fixture(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n")
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def customersms_sandbox_options():
            return {"keys": {"cspro_mine": 7}, "max_numbers": 2}

        def test_it(customersms_sandbox):
            assert customersms_sandbox.credits("cspro_mine") == 7
        """
    )
    pytester.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize("used_before", [False, True], ids=["made on import", "used before as well"])
@pytest.mark.parametrize("key", ["CUSTOMERSMS_API_KEY", "CUSTOMERSMS_API_KEY_FILE", None])
def test_a_client_of_the_environment_never_reaches_the_provider_from_a_test_with_the_fixture(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, used_before: bool, key: str | None
) -> None:
    if used_before and key is None:
        pytest.skip("nothing can be sent without a key")
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_test_loop_scope = session\n")
    pytester.makepyfile(
        sign_up="""
            from customersms_async import AsyncClient

            client = AsyncClient()
            urgent = client.with_options(max_wait=5)

            async def sign_up(phone):
                await client.send(phone, "Welcome")
                await urgent.send(phone, "Welcome")
                assert (await client.send_many([phone], "Again")).accepted == 1
        """,
        test_1_before=f"""
            from sign_up import sign_up

            async def test_it_reaches_the_provider():
                if {used_before}:
                    await sign_up("+12125551230")
        """,
        test_2_with_the_fixture="""
            import pytest
            from sign_up import sign_up

            @pytest.mark.parametrize("again", range(2))
            async def test_it_reaches_the_sandbox(customersms_sandbox, again):
                await sign_up("+12125551234")
                assert [text.phone for text in customersms_sandbox.texts] == ["+12125551234"] * 3
        """,
        test_3_after=f"""
            from sign_up import sign_up

            async def test_it_reaches_the_provider_again():
                if {used_before}:
                    await sign_up("+12125551230")
        """,
    )
    provider = Sandbox(keys={"cspro_the_real_key": 99})
    path = pytester.path / "key"
    path.write_text("cspro_the_real_key")
    for name, value in (("CUSTOMERSMS_API_KEY", "cspro_the_real_key"), ("CUSTOMERSMS_API_KEY_FILE", str(path))):
        monkeypatch.delenv(name, raising=False)
        if name == key:
            monkeypatch.setenv(name, value)
    with provider.serve_in_thread() as url:
        monkeypatch.setenv("CUSTOMERSMS_URL", url)
        pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=4)
    assert [text.phone for text in provider.texts] == ["+12125551230"] * 6 * used_before


def test_the_plugin_loads_no_server_until_a_test_asks_for_it() -> None:
    code = (
        "import sys, customersms_async.testing.plugin\n"
        "sys.exit(any(name in sys.modules for name in ('starlette', 'uvicorn', 'customersms_async.sandbox')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own words
