"""The page of a campaign over HTTP: who may see it, what it says as a campaign goes on, and that it changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sqlite3
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest

from customersms_async import DOCUMENTED_LIMITS, SQLiteQuota, Status
from customersms_async._core.layers import layers
from customersms_async.campaign.ledger_opening import open_ledger
from customersms_async.campaign.states import SAYS, State
from customersms_async.testing._contract.ledger_hosts import PAUSE, TERMS, phone
from support.campaign_page import TOKEN, begin, heard, request, served
from support.command import until
from support.postgres_servers import postgres_server
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from support.postgres_servers import PostgresServerProcess

STATIC = ["/base.css", "/campaign.css", "/campaign.svg"]
LOCKED = ["/", "/events", "/campaign.js"]


@pytest.fixture(params=["file", "database"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the ledger is: in a file, and in a database."""
    if request.param == "file":
        return str(tmp_path / "spring.ledger")
    server: PostgresServerProcess = request.getfixturevalue("shared_postgres")
    return f"{server.url()}#page-{hashlib.sha1(str(tmp_path).encode(), usedforsecurity=False).hexdigest()[:12]}"


def asking() -> aiohttp.ClientSession:
    """A program that takes cookies, also from an address."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


async def test_it_shows_a_campaign_as_it_goes_on(place: str) -> None:
    ledger = await open_ledger(place)
    await begin(ledger, 9)
    try:
        async with served(place) as page, heard(page) as events:
            await events.until("line", problem=None)
            found = await events.until("wanted", state="run")
            assert found["by"] == "process 1 on here"
            assert ["limits", "100/60, 5,000/3600, 50,000/86400"] in found["terms"]
            assert (await events.until("requests"))["bars"] == []
            await request(ledger, range(3), Status.ACCEPTED)
            await request(ledger, range(3, 5), Status.REJECTED, "NOT_ALLOWED")
            await request(ledger, range(5, 6), Status.UNKNOWN, "NO_ANSWER")
            await request(ledger, range(6, 7), None)
            states = [["planned", 2], ["sending", 1], ["accepted", 3], ["rejected", 2], ["unknown", 1], ["skipped", 0]]
            await events.until("states", states=states, recipients=9, segments=7)
            rows = [["NOT_ALLOWED", "rejected", 2], ["NO_ANSWER", "unknown", 1]]
            await events.until("failures", rows=rows)
            await events.until("requests", bars=[4], limit=100, all=True)
            await events.until("codes", rows=[["+1", 9, 3, 2, 1]], share=100)
            doubts = await events.until("doubts", total=1)
            assert [doubts["rows"][0][at] for at in (0, 1, 3, 4, 5)] == [
                *(phone(5), "NO_ANSWER: as it says", 1, "500", "400")
            ]
            await ledger.resolve([SAYS[State.ACCEPTED]["unknown"]], None, "Ann")
            decided = await events.until("resolutions")
            while not decided["rows"]:
                await events.until("doubts", total=0)
                decided = events.sections["resolutions"]
            assert decided["rows"][0][1:] == ["Ann", "accepted", 1]
            await events.until("codes", rows=[["+1", 9, 4, 2, 0]])
            await ledger.want(PAUSE)
            assert (await events.until("wanted", state="paused"))["by"] == "Ann"
            assert "Doors open" not in str(events.sections)
    finally:
        await ledger.close()


async def test_what_has_not_changed_is_not_sent_again(place: str) -> None:
    ledger = await open_ledger(place)
    await begin(ledger, 3)
    try:
        async with served(place) as page, heard(page) as events:
            await events.until("codes", share=100)
            await events.until("doubts", share=100)
            await events.until("quota")
            events.heard.clear()
            await request(ledger, range(1), Status.ACCEPTED)
            await events.until("codes", rows=[["+1", 3, 1, 0, 0]])
            assert {"wanted", "failures", "doubts", "page", "line", "quota"}.isdisjoint(events.heard)
            async with heard(page) as others:  # who comes later is told all of it at once
                await others.until("wanted", state="run")
                assert (await others.until("codes"))["rows"] == [["+1", 3, 1, 0, 0]]
    finally:
        await ledger.close()


async def test_it_changes_nothing(tmp_path: Path) -> None:
    """Not even of those to whom a process was just sending that has ended, nor the times of the files."""
    path = tmp_path / "ledger"
    ledger = await open_ledger(path)
    await begin(ledger, 3)
    await request(ledger, range(2), None)
    await ledger.close()
    before = path.read_bytes()
    async with served(path) as page, heard(page) as events:
        await events.until(
            "states", states=[["planned", 1], ["sending", 2], *[[state, 0] for state in list(State)[2:]]]
        )
        await events.until("codes", share=100)
    assert path.read_bytes() == before
    assert names_in(tmp_path) == ["ledger", "ledger.lock"]


async def test_it_looks_only_while_somebody_watches(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = await open_ledger(path)
    await begin(ledger, 3)
    await ledger.close()
    async with served(path) as page:
        async with heard(page) as events:
            await events.until("codes", share=100)
            assert (tmp_path / "ledger-shm").exists()
        await asyncio.to_thread(until, lambda: names_in(tmp_path) == ["ledger", "ledger.lock"])


async def test_a_ledger_that_is_away_is_found_again_when_it_is_back(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "ledger", tmp_path / "elsewhere"
    for each, people in ((path, 3), (elsewhere, 7)):
        ledger = await open_ledger(each)
        await begin(ledger, people)
        await ledger.close()
    async with served(path) as page, heard(page) as events:
        await events.until("states", recipients=3)
        path.rename(tmp_path / "moved")
        found = await events.until("line", problem=f"{path}: there is no such ledger")
        assert found
        assert events.sections["states"]["recipients"] == 3
        path.write_bytes(b"x" * 4_096)
        await events.until("line", problem=f"{path}: it is no campaign ledger (file is not a database)")
        elsewhere.replace(path)
        await events.until("line", problem=None)
        await events.until("states", recipients=7)
        await events.until("codes", rows=[["+1", 7, 0, 0, 0]])


async def test_a_database_that_is_away_is_found_again_when_it_is_back() -> None:
    with postgres_server() as server:
        place = f"{server.url()}#spring"
        ledger = await open_ledger(place)
        await begin(ledger, 3)
        await ledger.close()
        async with served(place) as page, heard(page) as events:
            await events.until("states", recipients=3)
            await asyncio.to_thread(server.stop)
            found = await events.until("line")
            while not found["problem"]:
                events.sections.pop("line")
                found = await events.until("line")
            assert "its database can't be used" in found["problem"]
            await asyncio.to_thread(server.start)
            await events.until("line", problem=None)


async def test_the_quota_is_looked_at_by_the_fingerprint_of_the_key(tmp_path: Path) -> None:
    path, quota = tmp_path / "ledger", tmp_path / "quota"
    ledger = await open_ledger(path)
    await begin(ledger, 3)
    await ledger.close()
    async with served(path, quota=quota) as page, heard(page) as events:
        words = (await events.until("quota"))["words"]
        assert words == f"No quota is kept in {quota} (see --quota)."
        assert not quota.exists()
        async with SQLiteQuota(quota) as store:
            for _ in range(4):
                assert isinstance(await store.take(TERMS.key_id, layers(DOCUMENTED_LIMITS), 60_000_000), int)
        await events.until("quota", place=str(quota))
        rows = events.sections["quota"]["rows"]
        assert [row[:4] for row in rows] == [
            ["100 requests in 1 min", 100, 4, 96],
            ["5,000 requests in 1 h", 5_000, 4, 4_996],
            ["50,000 requests in 1 d", 50_000, 4, 49_996],
        ]
        quota.rename(tmp_path / "elsewhere")
        found = events.sections["quota"]
        while "words" not in found:
            events.sections.pop("quota")
            found = await events.until("quota")
        assert "was deleted, moved or replaced while in use" in found["words"]
        await events.until("quota", words=words)


def locked(path: Path) -> sqlite3.Connection:
    """A connection that has a ledger to itself until it is closed; SQLite waits for no such lock where others look."""
    until = time.monotonic() + PATIENCE
    while True:
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            other.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return other


async def test_a_ledger_that_is_kept_locked_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customersms_async.cli.campaign.serve.watch._PATIENCE", 0.2)
    path = tmp_path / "ledger"
    ledger = await open_ledger(path)
    await begin(ledger, 3)
    await ledger.close()
    async with served(path) as page:
        other = await asyncio.to_thread(locked, path)  # before anybody watches: from then on the page keeps it open
        async with heard(page) as events:
            with contextlib.closing(other):
                found = await events.until("line")
                while not found["problem"]:
                    events.sections.pop("line")
                    found = await events.until("line")
                assert "has not answered" in found["problem"]
            await events.until("line", problem=None)
            await events.until("states", recipients=3)


@pytest.mark.parametrize("path", LOCKED)
async def test_nothing_of_the_campaign_is_shown_without_the_token(tmp_path: Path, path: str) -> None:
    ledger = await open_ledger(tmp_path / "secret.ledger")
    await ledger.close()
    wrong: tuple[dict[str, str], ...] = (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Cookie": "customersms_page_0=x"},
        {"Authorization": "Bearer \u00ff"},
    )
    async with served(tmp_path / "secret.ledger") as page, asking() as session:
        for headers in wrong:
            for query in ("", "?token=", "?token=wrong", f"?token={TOKEN[:-1]}", "?token=%ff", f"?tokens={TOKEN}"):
                async with session.get(f"{page.origin}{path}{query}", headers=headers) as answer:
                    assert answer.status == 401
                    assert answer.headers["WWW-Authenticate"] == "Bearer"
                    assert "Set-Cookie" not in answer.headers
                    assert "secret" not in await answer.text()


async def test_the_token_is_given_once_and_leaves_the_address(tmp_path: Path) -> None:
    ledger = await open_ledger(tmp_path / "ledger")
    await ledger.close()
    async with served(tmp_path / "ledger") as page, asking() as session:
        async with session.get(page.url, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            cookie = answer.headers["Set-Cookie"]
        assert TOKEN not in cookie
        assert cookie.partition("; ")[2] == "Path=/; HttpOnly; SameSite=Lax"
        for path in LOCKED:
            async with session.head(f"{page.origin}{path}") as answer:
                assert answer.status == 200
        async with session.get(page.url) as answer:
            assert answer.url.path_qs == "/"
            assert "<h1" in await answer.text()
        port = int(page.origin.rpartition(":")[2])
    async with (
        served(tmp_path / "ledger", port=port) as page,
        asking() as session,
        session.get(page.origin, headers={"Cookie": cookie.partition(";")[0]}) as answer,
    ):
        assert answer.status == 401  # the cookie is that of an earlier page


async def test_methods_paths_and_headers(tmp_path: Path) -> None:
    ledger = await open_ledger(tmp_path / "ledger")
    await ledger.close()
    token = {"Authorization": f"bearer {TOKEN}"}
    async with served(tmp_path / "ledger", names=["page.internal"]) as page, asking() as session:
        for path in ("/nothing", "//", "/campaign.html", "/page/campaign.js", "/../app.py"):
            async with session.get(f"{page.origin}{path}", headers=token) as answer:
                assert answer.status == 404
        for path in [*LOCKED, *STATIC]:
            for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
                async with session.request(method, f"{page.origin}{path}", headers=token) as answer:
                    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
            async with session.head(f"{page.origin}{path}", headers=token) as answer:
                assert (answer.status, await answer.read()) == (200, b"")
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
                assert "unsafe" not in policy
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
        for path in STATIC:
            async with session.get(f"{page.origin}{path}") as answer:
                assert answer.status == 200
        for host, status in (
            ("evil.example", 403),
            ("localhost", 200),
            ("page.internal", 200),
            ("other.internal", 403),
        ):
            async with session.get(page.origin, headers={**token, "Host": host}) as answer:
                assert answer.status == status
        crossing = {**token, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
        async with session.get(f"{page.origin}/events", headers=crossing) as answer:
            assert answer.status == 403
