from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx

from support.sandbox_requests import JSON, body

if TYPE_CHECKING:
    import pytest

    from customersms_async.sandbox import Sandbox

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


def test_the_plugin_loads_no_server_until_a_test_asks_for_it() -> None:
    code = (
        "import sys, customersms_async.testing.plugin\n"
        "sys.exit(any(name in sys.modules for name in ('starlette', 'uvicorn', 'customersms_async.sandbox')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own words
