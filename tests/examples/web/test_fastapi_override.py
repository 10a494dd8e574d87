"""The client of a FastAPI app in its own tests: another one, by a dependency override."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from customersms_async.testing import FakeClient
from support.web_examples import module_of

if TYPE_CHECKING:
    import pytest


async def test_a_test_of_the_app_has_a_client_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    program = module_of("fastapi")
    async with FakeClient() as fake, httpx.AsyncClient(transport=httpx.ASGITransport(program.app)) as asking:
        monkeypatch.setitem(program.app.dependency_overrides, program.client_of, lambda: fake)
        assert (await asking.get("http://texts/readyz")).json()["ok"]
