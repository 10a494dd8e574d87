"""``customersms campaign move``: a campaign from one ledger to another, step by step."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ..._core.plural import counted
from ...campaign.move import move_campaign
from ...campaign.move_states import MoveStep
from ..exits import ending_well
from ..formats import plain
from ..output import safe_console, say_json
from .pause_resume_stop import user

if TYPE_CHECKING:
    from ...campaign.move import DoneStep
    from .deciding_options import MoveOptions

_SAID: Final = {
    MoveStep.RESERVE: "{} is reserved for it, and refuses everything else",
    MoveStep.LEAVE: "{} says that the campaign is moving: it can't be run there any more",
    MoveStep.BRING: "all of it is in {}, and can't be run there yet",
    MoveStep.PART: "{} says that the campaign has moved",
    MoveStep.ARRIVE: "{} can be run from now on",
    MoveStep.STAY: "{} says that the campaign stays: it can be run there as before",
    MoveStep.FREE: "{} is free again",
}
"""What each step is, for people; in braces, the ledger that was changed."""

_ASIDE: Final = "what an earlier move has left there is now {}"


def move_ledger(options: MoveOptions) -> None:
    """Do what ``customersms campaign move`` does."""
    with ending_well(options.log_level):
        console = safe_console(json=options.json)
        done: list[str] = []

        def told(step: DoneStep) -> None:
            done.append(step.step.value)
            lines = [_SAID[step.step].format(step.name), *([] if step.aside is None else [_ASIDE.format(step.aside)])]
            for line in lines:
                console.print(plain(line), soft_wrap=True, highlight=False, markup=False)

        by = options.by or user()
        source, target = options.source.given, options.target.given
        came_to = asyncio.run(move_campaign(source, target, by=by, undo=options.undo, told=told))
        if options.json:
            say_json(
                {
                    "source": came_to.source,
                    "target": came_to.target,
                    "recipients": came_to.recipients,
                    "steps": done,
                    "undone": options.undo,
                }
            )
            return
        who = counted(came_to.recipients, "recipient")
        if options.undo:
            said = f"{who}: they are in {came_to.source}" if done else f"nothing to undo: it is in {came_to.source}"
        else:
            said = f"{who}: they are in {came_to.target}" if done else f"nothing left to do: it is in {came_to.target}"
        console.print(plain(said), soft_wrap=True, highlight=False, markup=False)
