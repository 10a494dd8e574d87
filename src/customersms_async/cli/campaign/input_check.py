"""The input of ``campaign run``, held to the campaign that the ledger has, before anything is shown or sent."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from ...campaign.ledger_input import compare, refuse_other_message
from ...errors import ConfigurationError
from ..send.message import read_message
from .started_campaign import refuse_other_kind

if TYPE_CHECKING:
    from rich.console import Console

    from ...campaign.protocol import CampaignLedger
    from ...campaign.rows import Input
    from ..send.job import Job
    from .ledger_place import LedgerPlace
    from .sending_options import RunOptions
    from .started_campaign import StartedCampaign


def text_of(options: RunOptions, started: StartedCampaign | None) -> str | None:
    """The text as given, else the ledger's, which has none if its recipients came with texts of their own.

    Raises for what a new campaign lacks, and for what does not go with one that was begun.
    """
    file, message = options.file, read_message(options.text)
    if started is None and file is None:
        raise typer.BadParameter("a new campaign needs FILE and --message")
    if file is None and (options.text.smart or options.text.literal or options.text.require):
        raise typer.BadParameter(
            "--smart, --literal and --require go with FILE: the texts in the ledger stay as they are"
        )
    if started is not None:
        _refuse_other_options(options, started, message)
        message = started.template if message is None else message
    if file is not None and message is None:
        raise typer.BadParameter("a new campaign needs --message as well as FILE")
    return message


def _refuse_other_options(options: RunOptions, started: StartedCampaign, message: str | None) -> None:
    """Raise ``ConfigurationError`` for a message, a kind or columns to keep that are not those of the campaign."""
    ledger, keep = options.ledger, options.reading.keep
    if message is not None:
        refuse_other_message(started.added, message, ledger.name)
    refuse_other_kind(ledger, started, sandbox=options.client.sandbox)
    if keep and tuple(keep) != started.kept:
        kept = f"keeps {', '.join(started.kept)}" if started.kept else "keeps no columns"
        raise ConfigurationError(f"{ledger} was made with another --keep, and {kept}: leave it out to go on")


def refuse_other_letters(
    ledger: LedgerPlace, started: StartedCampaign, job: Job, text: str | None, console: Console
) -> None:
    """Raise ``ConfigurationError`` if the recipients of a job are not those that the campaign was made with.

    Reads all of the job, and raises what its iteration raises.
    """
    waiting = console.status(Text(f"reading {job.name}")) if console.is_terminal else contextlib.nullcontext()
    with waiting:
        asyncio.run(compare(started.added, job, text, ledger.name))


async def is_there(ledger: CampaignLedger, compared: Input | None) -> bool:
    """Whether a ledger holds the input that a job was ``compared`` with, so that the job need not be read once more."""
    there = None if compared is None else await ledger.added()
    return there is not None and compared is not None and (there.hash, there.template) == compared[:2]
