"""What a send goes through: the quota, and the provider or a sandbox, with a client of theirs."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from .._core.plural import counted
from ..client import AsyncClient
from ..errors import CustomerSMSError
from ..models import Status
from .forecast import Forecast
from .quota import open_quota

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console

    from ..sandbox import Sandbox
    from .send.sending import Progress
    from .settings import Settings


class Way(NamedTuple):
    """A client with the quota's word on it, and the sandbox that it sends to, if it is one."""

    client: AsyncClient
    forecast: Forecast
    sandbox: Sandbox | None


@contextlib.asynccontextmanager
async def open_way(settings: Settings, console: Console) -> AsyncIterator[Way]:
    """The way out by ``settings``; the client is the caller's to close before the end.

    Raises ``ConfigurationError`` for an option out of range, a key that can be none, and as ``open_quota`` does.
    """
    async with open_quota(settings.quota_at) as quota, _gateway(settings, console) as (sandbox, api_key, url):
        options = msgspec.structs.asdict(settings.options(url))
        client = AsyncClient(api_key=api_key, quota=quota, **options)
        yield Way(client, Forecast(quota, settings, api_key), sandbox)


@contextlib.asynccontextmanager
async def _gateway(settings: Settings, console: Console) -> AsyncIterator[tuple[Sandbox | None, str, str | None]]:
    """Where to send, with which key: to the provider, or to a sandbox that lives as long as the send."""
    if not settings.sandbox:
        yield None, os.environ.get("CUSTOMERSMS_API_KEY", ""), None
        return
    from ..sandbox import Sandbox

    sandbox = Sandbox(limits=settings.limits, latency=(0.05, 0.4))
    async with sandbox.serve() as url:
        console.print("--sandbox: a made-up gateway with a made-up key; nothing goes to the provider", style="cyan")
        yield sandbox, sandbox.api_key, url


def confirm(sandbox: Sandbox, progress: Progress, console: Console) -> None:
    """Hold what the sandbox has against what was reported."""
    twice = len(sandbox.duplicates())
    console.print(
        f"the sandbox read {counted(sandbox.requests, 'request')}, refused {sandbox.refused:,},"
        f" and holds {counted(len(sandbox.texts), 'text')}, {twice:,} of them twice",
        highlight=False,
    )
    accepted, uncertain = progress.counts[Status.ACCEPTED], progress.counts[Status.UNKNOWN]
    if sandbox.refused or twice or not accepted <= len(sandbox.texts) <= accepted + uncertain:
        progress.error = CustomerSMSError("the sandbox refused a request, or got other texts than were accepted")
    else:
        console.print("no request refused, each text came once", style="green")
