"""The line of the file on which the recipient stands for whom a guard has stopped a campaign."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ...campaign.guards import place_in_input
from ...errors import CampaignStoppedError

if TYPE_CHECKING:
    from ..send.job import Job


def with_file_line(error: Exception | None, job: Job | None) -> Exception | None:
    """``error``, in which a place in the input is called by its line of the file that ``job`` was read from.

    It comes back as it is where it names none, and where the run had no file. Raises what the job's iteration raises.
    """
    if not isinstance(error, CampaignStoppedError) or error.index is None or job is None:
        return error
    letter = next(itertools.islice(job, error.index, None), None)
    if letter is None or letter.line is None:
        return error
    said = str(error).replace(place_in_input(error.index), f"line {letter.line:,} of the file")
    return CampaignStoppedError(said, guard=error.guard, index=error.index)
