"""The management command: once is enough, and the quota is the web app's."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, SQLiteQuota
from customersms_async.sandbox import Fault, magic
from support.web_examples import django_application

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

PHONES = ["+12125551234", "+13235554567"]


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    django_application(tmp_path, monkeypatch)


def send_reminders(*phones: str) -> str:
    from django.core.management import call_command

    out = io.StringIO()
    call_command("send_reminders", "doors-7-may", *phones, message="Doors open at eight", stdout=out)
    return out.getvalue()


def test_given_twice_it_texts_everyone_once(customersms_sandbox: Sandbox) -> None:
    assert send_reminders(*PHONES) == "2 accepted, 0 of them before\n"
    assert send_reminders(*PHONES) == "2 accepted, 2 of them before\n"
    assert [text.phone for text in customersms_sandbox.texts] == PHONES


def test_it_fails_where_somebody_was_not_accepted(customersms_sandbox: Sandbox) -> None:
    from django.core.management import CommandError

    with pytest.raises(CommandError, match="1 rejected, 0 unknown, 0 not sent"):
        send_reminders(PHONES[0], magic.number(Fault.ROW_REJECTED))


async def test_its_requests_count_in_the_file_of_the_web_app(customersms_sandbox: Sandbox, tmp_path: Path) -> None:
    await asyncio.to_thread(send_reminders, *PHONES)
    async with SQLiteQuota(tmp_path / "quota.sqlite") as quota, AsyncClient(quota=quota) as client:
        assert (await client.quota_status()).limits[0].used == customersms_sandbox.requests == 1
