"""The recipe of docs/health.md: what its routes answer, and that Kubernetes takes its probes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import kubernetes_validate
import yaml

from customersms_async import AsyncClient, QuotaStoreError
from support.pages import programs
from support.places import DOCS

if TYPE_CHECKING:
    import pytest

    from customersms_async.sandbox import Sandbox

PAGE = (DOCS / "health.md").read_text(encoding="utf-8")


def recipe() -> dict[str, Any]:
    """The names that the program with the routes defines."""
    (program,) = [text for place, text in programs() if place.startswith("docs/health.md") and "readyz" in text]
    names: dict[str, Any] = {"__name__": "__page__"}
    exec(program, names)  # noqa: S102 - our own page
    return names


async def answers(app: Any) -> dict[str, httpx.Response]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://texts") as asking:
        return {path: await asking.get(path) for path in ("/healthz", "/readyz")}


def manifest() -> dict[str, Any]:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    written: dict[str, Any] = yaml.safe_load(found[1])
    return written


async def test_a_client_that_can_send_is_ready(customersms_sandbox: Sandbox) -> None:
    names = recipe()
    client: AsyncClient = names["client"]
    await client.send("+12125551234", "Hello")
    told = await answers(names["app"])
    assert [each.status_code for each in told.values()] == [200, 200]
    body = told["/readyz"].json()
    assert (body["ok"], body["last_status_code"], body["quota"]["limits"][0]["used"]) == (True, 200, 1)
    assert customersms_sandbox.api_key not in told["/readyz"].text
    await client.aclose()
    told = await answers(names["app"])
    assert [each.status_code for each in told.values()] == [200, 503], "it is alive, and takes no more"
    assert told["/readyz"].json() == {"ok": False, "store_error": "the client is closed"}


async def test_a_client_whose_store_is_away_is_alive_and_not_ready(
    customersms_sandbox: Sandbox,
) -> None:
    class Away:
        in_process = False

        def __getattr__(self, name: str) -> Any:
            async def call(*given: object) -> None:
                raise QuotaStoreError("it is away", temporary=True)

            return call

    names = recipe()
    client: AsyncClient = names["client"]
    names["client"] = client.with_options(quota=Away())
    told = await answers(names["app"])
    assert [each.status_code for each in told.values()] == [200, 503]
    assert told["/readyz"].json()["store_error"] == "it is away"
    await client.aclose()


async def test_without_a_key_it_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CUSTOMERSMS_API_KEY", "CUSTOMERSMS_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    told = await answers(recipe()["app"])
    assert [each.status_code for each in told.values()] == [200, 503]


def test_kubernetes_takes_the_probes_and_they_ask_for_routes_that_are_there() -> None:
    written = manifest()
    kubernetes_validate.validate(written, kubernetes_validate.latest_version(), strict=True)
    (container,) = written["spec"]["template"]["spec"]["containers"]
    probes = [container["livenessProbe"], container["readinessProbe"]]
    assert [probe["httpGet"]["path"] for probe in probes] == ["/healthz", "/readyz"]
    assert {probe["httpGet"]["port"] for probe in probes} == {container["ports"][0]["containerPort"]}
    timeout = re.search(r"health\(timeout=([\d.]+)\)", PAGE)
    assert timeout
    assert float(timeout[1]) < container["readinessProbe"]["timeoutSeconds"]
