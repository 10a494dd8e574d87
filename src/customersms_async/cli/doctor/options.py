"""The options of ``customersms doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from ..option_group import OptionGroup
from ..options import Limits, Logging, LogLevel, Quota, Url


class DoctorCommandOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms doctor``."""

    url: Url = None
    limit: Limits = None
    quota: Quota = None
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="For each look at another machine.")
    ] = 10.0
    json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object per part, then a summary.")] = (
        False
    )
    log_level: Logging = LogLevel.WARNING
