"""Debian's Prometheus as the tests run it: on a free port, with rules, asking one program several times a second."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import httpx
import pytest

from support.platforms import WINDOWS
from support.ports import free_port
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

JOB: Final = "shop"
GAUGES_LAST: Final = 0.6
"""Seconds for which a gauge may show what was read before."""

_CONFIG = """
global: {{scrape_interval: {interval}, scrape_timeout: {interval}, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - {{job_name: {job}, static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}
"""


class Sample(NamedTuple):
    """One answer: the labels of a series, and its value."""

    labels: Mapping[str, str]
    value: float


def installed(program: str) -> str:
    """The path of ``prometheus`` or ``promtool``; skips a test where it is missing, and fails it in CI."""
    found = shutil.which(program)
    if found is None:
        if os.environ.get("CI") and not WINDOWS:
            pytest.fail(f"{program} is missing: CI must have it")
        pytest.skip(f"{program} is not installed (on Debian: apt-get install prometheus)")
    return found


def promtool(*arguments: str | Path, reads: str = "") -> subprocess.CompletedProcess[str]:
    """What Prometheus' own checker says of ``arguments``; ``reads`` is its input."""
    return subprocess.run(  # noqa: S603 - a program of the system's own
        [installed("promtool"), *arguments], input=reads, capture_output=True, encoding="utf-8", check=False
    )


class Prometheus:
    """A server that runs, and what it says to questions."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, path: str, **parameters: str | float) -> Any:
        """The data of an answer of its API; raises ``AssertionError`` with its words for a question that can't be."""
        said = await self._client.get(f"/api/v1/{path}", params=parameters)
        answer = said.json()
        assert answer["status"] == "success", f"{parameters}: {answer['error']}"
        return answer["data"]

    async def samples(self, query: str, at: float) -> list[Sample]:
        """What a query gives for the moment ``at`` (seconds since 1970)."""
        data = await self.ask("query", query=query, time=f"{at:.3f}")
        assert data["resultType"] == "vector", data
        return [Sample(each["metric"], float(each["value"][1])) for each in data["result"]]

    async def scraped(self) -> float:
        """Wait until all that is known now was asked for, and give the moment of that (seconds since 1970)."""
        begun = time.time() + GAUGES_LAST
        query = f"timestamp(up) > {begun:.3f} and up == 1"
        async with asyncio.timeout(PATIENCE):
            while not (found := await self.samples(query, time.time())):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.05)
        return found[0].value

    async def first_scrape(self) -> float:
        """When the program first answered (seconds since 1970): a server begins to ask after five seconds."""
        values = (await self.ask("query", query="up[1h]"))["result"][0]["values"]
        return next(float(at) for at, value in values if value == "1")


@contextlib.asynccontextmanager
async def prometheus(folder: Path, port: int, rules: Path, interval: str = "500ms") -> AsyncIterator[Prometheus]:
    """Start a server that asks ``port`` for its metrics again and again, and judges ``rules``, in an empty folder."""
    own, config = free_port(), folder / "prometheus.yml"
    config.write_text(_CONFIG.format(interval=interval, rules=rules, job=JOB, port=port), encoding="utf-8")
    options = (f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", "--log.level=warn")
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(installed("prometheus"), *options, f"--web.listen-address=127.0.0.1:{own}"), stdout=log, stderr=log
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{own}", trust_env=False, timeout=PATIENCE) as client:
            async with asyncio.timeout(PATIENCE):
                while not await _ready(client):
                    assert process.returncode is None, (folder / "log").read_text(encoding="utf-8")
                    await asyncio.sleep(0.05)
            yield Prometheus(client)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ready(client: httpx.AsyncClient) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return (await client.get("/-/ready")).status_code == 200
    return False
