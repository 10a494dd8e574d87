"""The known doubles of a campaign, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._core.plural import counted
from ...campaign.rows import MOST_LISTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...campaign.rows import KnownDouble


def doubles_line(found: Sequence[KnownDouble]) -> str:
    """What is known of recipients who may have got a text twice, in words without a full stop; ``found`` has one."""
    who = ("at least " if len(found) >= MOST_LISTED else "") + counted(len(found), "recipient")
    return f"{who} may have got the text twice, as late answers say that a request was accepted which had a successor"
