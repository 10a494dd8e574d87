"""``manage.py send_reminders``: text many, from cron for example, beside a web app that has to be quick."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from customersms_async import SendReport

from ...texts import open_client


class Command(BaseCommand):
    """Given twice under one name it texts nobody twice; one that died in the middle goes on where it was."""

    help = "Text everyone once, however often it is given."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be given."""
        parser.add_argument("name", help="what makes two of these commands one, such as doors-7-may")
        parser.add_argument("phones", nargs="+")
        parser.add_argument("--message", required=True)

    def handle(self, *_: object, **given: Any) -> None:
        """Send, and say what became of it. The exit status is 1 unless everyone was accepted."""
        report = asyncio.run(self.send(given["name"], given["phones"], given["message"]))
        self.stdout.write(f"{report.accepted} accepted, {sum(one.replayed for one in report.outcomes)} of them before")
        if report.rejected or report.unknown or report.unsent:
            raise CommandError(f"{report.rejected} rejected, {report.unknown} unknown, {report.unsent} not sent")

    async def send(self, name: str, phones: list[str], message: str) -> SendReport:
        """Send behind whatever the web app has to send: ``send_many`` is BULK, and its quota is the web app's file."""
        async with open_client() as client:
            patient = client.with_options(caps=None, max_wait=None)  # a reminder is no code, and may wait for its turn
            return await patient.send_many(phones, message, idempotency_key=f"reminders/{name}")
