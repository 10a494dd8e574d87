"""``customersms campaign pause``, ``resume`` and ``stop``: a person's word about a campaign, whoever runs it."""

from __future__ import annotations

import asyncio
import getpass
from typing import TYPE_CHECKING

from ..._core.plural import counted
from ...campaign import Campaign
from ...campaign.states import State
from ...campaign.wanted_states import Wanted, WantedEvent
from ..exits import ending_well
from ..formats import plain
from ..output import safe_console, say_json
from .resume_hints import hints
from .wanted_output import wanted_object

if TYPE_CHECKING:
    from ...campaign.wanted import WantedNow
    from .deciding_options import WantOptions
    from .ledger_place import LedgerPlace


def say_what_is_wanted(options: WantOptions, event: WantedEvent) -> None:
    """Do what ``customersms campaign pause``, ``resume`` or ``stop`` does, by the ``event``."""
    with ending_well(options.log_level):
        changed, now, sending = asyncio.run(want(options.ledger, event, options.by or user()))
        if options.json:
            say_json({"changed": changed, "sending": sending, "wanted": wanted_object(now)})
            return
        console = safe_console(json=False)
        console.print(_said(now, changed=changed), highlight=False, markup=False)
        if event is not WantedEvent.RESUME and sending:
            who = counted(sending, "recipient is", "recipients are")
            console.print(f"{who} being sent to: what becomes of them is recorded", highlight=False)
        if event is WantedEvent.RESUME and now is not None:
            command = options.ledger.command("run")
            lines = [f"Unless it is running, go on with it: {command}", *hints(command, options.ledger)]
            console.print(*lines, sep="\n", soft_wrap=True, highlight=False, markup=False)


async def want(ledger: LedgerPlace, event: WantedEvent, by: str) -> tuple[bool, WantedNow | None, int]:
    """Whether that changed anything, what is wanted then, and how many recipients are being sent to."""
    async with Campaign.open(ledger.given, create=False) as campaign:
        words = {
            WantedEvent.PAUSE: campaign.pause,
            WantedEvent.STOP: campaign.stop,
            WantedEvent.RESUME: campaign.resume,
        }
        changed = await words[event](by=by)
        counts = await campaign.counts()
        return changed, await campaign.wanted(), counts[State.SENDING]


def _said(now: WantedNow | None, *, changed: bool) -> str:
    state = Wanted.DRAFT if now is None else now.state
    if not changed and now is not None:
        return f"nothing to change: {state} is what {plain(now.by)} wanted already"
    return {
        Wanted.PAUSED: "paused: no request begins any more until it is resumed",
        Wanted.STOPPED: "stopped: no request begins any more unless it is resumed",
    }.get(state, "resumed: requests may begin again")


def user() -> str:
    """The user's name, as the system has it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # as in a container whose user has no name
        return "somebody at the command line"
