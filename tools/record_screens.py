"""Record what a person sees of ``customersms send``: ``python -m tools.record_screens`` writes ``docs/send.svg``.

A real send to the embedded sandbox, shown before, in the middle and at the end by the command's own code. The picture
names no font to be fetched.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from customersms_async import AsyncClient, Limit, MemoryQuota, Priority
from customersms_async._core.layers import layers
from customersms_async._core.secret import Secret
from customersms_async.cli.options import ClientOptions
from customersms_async.cli.quota import note
from customersms_async.cli.send.commands import check_job
from customersms_async.cli.send.ending import ending
from customersms_async.cli.send.job import Job
from customersms_async.cli.send.preview import preview
from customersms_async.cli.send.results import open_results
from customersms_async.cli.send.screen import Screen
from customersms_async.cli.send.sending import Progress, Sending
from customersms_async.sandbox import Sandbox

if TYPE_CHECKING:
    from customersms_async.cli.send.checked_job import CheckedJob

ROOT = Path(__file__).parent.parent
LIMITS = (Limit(100, 60), Limit(5_000, 3_600), Limit(50_000, 86_400))
OPTIONS = ClientOptions(sandbox=True)
WIDTH = 96


class Camera:
    """Watches a send and takes one picture, when the first half is done."""

    def __init__(self, console: Console, client: AsyncClient, quota: MemoryQuota) -> None:
        self._console = console
        self._client = client
        self._quota = quota
        self._screen = Screen(Console(quiet=True, width=WIDTH))
        self._done = asyncio.Event()
        self._progress: Progress | None = None

    def changed(self, progress: Progress) -> None:
        """Note how far it is."""
        self._progress = progress
        if 2 * progress.done > progress.total:
            self._done.set()

    def interrupted(self) -> None:
        """Nobody interrupts it."""

    async def shoot(self, key_id: str) -> None:
        """Wait for the moment, and print what the screen shows."""
        await self._done.wait()
        if (progress := self._progress) is None:
            return
        self._screen.changed(progress)
        left = progress.planned_requests - progress.requests
        seconds = await self._quota.forecast_us(key_id, [(layers(LIMITS, 0.05), left)]) / 1e6
        self._screen.look(await self._client.quota_status(), max(seconds, left / 10))
        self._console.print(self._screen.picture())
        self._console.print()


async def send(console: Console, job: Job, checked: CheckedJob) -> None:
    """Send to a sandbox, with a picture in the middle."""
    sandbox, quota = Sandbox(latency=(0.05, 0.4)), MemoryQuota()
    async with sandbox.serve() as url, AsyncClient(api_key=sandbox.api_key, url=url, quota=quota) as client:
        camera = Camera(console, client, quota)
        sending = Sending(job, checked, client, open_results(None), camera)
        key_id = Secret(sandbox.api_key).key_id
        shooting = asyncio.create_task(camera.shoot(key_id))
        progress = await sending.run(None, Priority.BULK)
        await shooting
        console.print(ending(progress, client.remaining_credits))


def main() -> None:
    """Look, send, and write the picture."""
    console = Console(record=True, width=WIDTH, force_terminal=True, quiet=False)
    path = Path("examples/recipients.csv")
    job = Job.of_file(path, "Doors open at eight", phone_column=None, encoding="utf-8", delimiter=None)
    checked = check_job(job, OPTIONS, None, Console(quiet=True), samples=2)
    console.print(preview(job.name, checked))
    console.print(note(None), style="dim")
    console.print("\nSend? [y/N]: y\n", markup=False)
    asyncio.run(send(console, job, checked))
    job.close()
    plain = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    picture = console.export_svg(title="customersms send --file recipients.csv", code_format=plain)
    (ROOT / "docs" / "send.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
