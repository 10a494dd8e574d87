"""The options of ``customersms worker``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ..._core.options import DEFAULT_BATCH_SIZE, DEFAULT_MAX_CONCURRENCY, DEFAULT_TIMEOUT
from ...errors import ConfigurationError
from ..allowed_options import SuppressionList  # noqa: TC001 - typer reads the annotations
from ..option_group import OptionGroup
from ..option_values import check_seconds, wrong_value
from ..options import BatchSize, Logging, LogLevel, MaxConcurrency, Quota, Timeout
from ..telemetry import MetricsPort  # noqa: TC001 - typer reads the annotations

DEFAULT_CONCURRENCY = 10
"""Campaigns at a time: most of them wait for their key's limits nearly always."""

DEFAULT_GRACE = 20.0
"""Seconds: Kubernetes kills after 30, and what was aborted must be recorded."""


class WorkerOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms worker``. Raises ``typer.BadParameter`` for a number that can't be."""

    ledger: Annotated[
        str | None,
        typer.Option(
            "--ledger",
            metavar="postgresql://…",
            help="The database with the campaigns; else as CUSTOMERSMS_LEDGER says, which shows no password to whoever"
            " lists processes.",
        ),
    ] = None
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, metavar="N", help="Campaigns at a time, at most.")
    ] = DEFAULT_CONCURRENCY
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="LABEL=FILE",
            help="A file with an API key, and the key's label; may be given again. The key of CUSTOMERSMS_API_KEY or"
            " CUSTOMERSMS_API_KEY_FILE is one more.",
        ),
    ] = None
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            help="The endpoint that keys may be sent to, whatever terms say; else CUSTOMERSMS_URL, else the documented"
            " one.",
        ),
    ] = None
    quota: Quota = None
    batch_size: BatchSize = DEFAULT_BATCH_SIZE
    max_concurrency: MaxConcurrency = DEFAULT_MAX_CONCURRENCY
    timeout: Timeout = DEFAULT_TIMEOUT
    suppression_list: SuppressionList = None
    grace: Annotated[
        float,
        typer.Option(
            "--grace", metavar="SECONDS", help="On SIGTERM or Ctrl-C, wait so long for requests that are on their way."
        ),
    ] = DEFAULT_GRACE
    json: Annotated[
        bool,
        typer.Option("--json", help="For programs: one JSON object for each campaign begun, ended, failed or left."),
    ] = False
    metrics_port: MetricsPort = None
    log_level: Logging = LogLevel.INFO

    def __post_init__(self) -> None:
        check_seconds("--grace", self.grace)
        self.key_files()  # refused before anything else is done

    def database(self) -> str:
        """The database that is named. Raises ``ConfigurationError`` if none is, and for what is no database's URL."""
        from ...campaign.job import LEDGER_VARIABLE  # with the campaigns, which no other command is to pay for
        from ...campaign.ledger_opening import is_address

        named = os.environ.get(LEDGER_VARIABLE, "") if self.ledger is None else self.ledger
        if not named:
            raise ConfigurationError(f"say in which database the campaigns are: --ledger, or {LEDGER_VARIABLE}")
        if not is_address(named):
            raise ConfigurationError("a worker runs the campaigns of a database: --ledger postgresql://host/database")
        return named

    def key_files(self) -> dict[str, str]:
        """The files of ``--key`` by their labels."""
        found: dict[str, str] = {}
        for given in self.key or ():
            label, equals, path = given.partition("=")
            if not (label and equals and path):
                raise wrong_value("--key", "it takes LABEL=FILE, such as shop=/run/secrets/shop")
            if label in found:
                raise wrong_value("--key", f"the label {label} is given twice")
            found[label] = path
        return found
