"""The route of a send: a client with its quota, and the provider or a sandbox at the other end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from .._core.plural import counted
from ..client import AsyncClient
from ..errors import CustomerSMSError
from ..models import Status
from .allowed_options import NOBODY_ASKED
from .forecast import SendForecast
from .quota import open_quota
from .suppress.list_place import open_list_of_run
from .telemetry import open_telemetry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console

    from ..sandbox import Sandbox
    from .options import ClientOptions
    from .send.sending import Progress


class Route(NamedTuple):
    """A client, the forecast of its quota, and the sandbox that it sends to, if it is one."""

    client: AsyncClient
    forecast: SendForecast
    sandbox: Sandbox | None


@contextlib.asynccontextmanager
async def open_route(
    options: ClientOptions, console: Console, *, is_trial: bool = False, metrics_port: int | None = None
) -> AsyncIterator[Route]:
    """The route that ``options`` name; its client is the caller's to close before the end.

    One for a trial, which goes to oneself, asks no list and counts for no cap. ``metrics_port`` is where
    Prometheus gets its metrics, if anywhere. Raises ``ConfigurationError`` for an option out of range, a key that can
    be none, and as ``open_quota``, ``open_list_of_run`` and ``open_telemetry`` do.
    """
    allowed = NOBODY_ASKED if is_trial else options.allowed
    async with (
        open_quota(options.quota_at) as quota,
        open_list_of_run(allowed.suppression_list) as suppression,
        _gateway(options, console) as (sandbox, api_key, url),
    ):
        given = msgspec.structs.asdict(options.options(url))
        with open_telemetry(metrics_port) as telemetry:
            client = AsyncClient(
                api_key=api_key,
                quota=quota,
                caps=allowed.caps,
                suppression=suppression,
                telemetry=telemetry,
                **given,
            )
            yield Route(client, SendForecast(quota, options, api_key), sandbox)


@contextlib.asynccontextmanager
async def _gateway(options: ClientOptions, console: Console) -> AsyncIterator[tuple[Sandbox | None, str, str | None]]:
    """The gateway, its key and its URL: the provider's, or those of a sandbox that lives as long as the send."""
    if not options.sandbox:
        yield None, options.key or "", None
        return
    from ..sandbox import Sandbox  # with its web server, which a send to the provider has no need of

    sandbox = Sandbox(limits=options.limits, latency=(0.05, 0.4))
    async with sandbox.serve() as url:
        console.print("--sandbox: a made-up gateway with a made-up key; nothing goes to the provider", style="cyan")
        yield sandbox, sandbox.api_key, url


def confirm(sandbox: Sandbox, progress: Progress, console: Console) -> None:
    """Compare what the sandbox has with what was reported; a difference becomes the error of the send."""
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
