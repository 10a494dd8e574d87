"""The options of ``customersms idempotency``, each once."""

from __future__ import annotations

import enum
from typing import Annotated, Final

import typer

from ...idempotency.keeping import DEFAULT_KEEP
from ..option_group import OptionGroup
from ..options import AsJson, Logging, LogLevel

STORE: Final = "CUSTOMERSMS_IDEMPOTENCY"
"""The environment variable with the place of the keys, if no option names it."""

SECRET: Final = "CUSTOMERSMS_IDEMPOTENCY_SECRET"  # noqa: S105 - a name
"""The environment variable with the secret of the hashes, if the programs have one."""


class FoundAs(enum.StrEnum):
    """What a person may find of a text."""

    ACCEPTED = "accepted"
    UNSENT = "unsent"


class KeyPlace(OptionGroup, frozen=True, kw_only=True):
    """Where keys are, as the programs that send have it."""

    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            metavar="FILE|redis://…|postgresql://…",
            help="The file or server that keeps the keys; else what CUSTOMERSMS_IDEMPOTENCY names, which shows no "
            "password to whoever lists processes.",
        ),
    ] = None
    namespace: Annotated[str, typer.Option("--namespace", help="The namespace of the keys.")] = ""
    keep: Annotated[float, typer.Option("--keep", help="Seconds that keys are kept from their end.")] = DEFAULT_KEEP


KeyOrId = Annotated[str, typer.Argument(metavar="KEY_OR_ID", help="An idempotency key, or a claim's id.")]
Phone = Annotated[
    str | None, typer.Option("--phone", help="The number, for a key of send_many or stream, which is made of both.")
]


class ListOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms idempotency list``."""

    place: KeyPlace
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class ShowOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms idempotency show``."""

    key_or_id: KeyOrId
    place: KeyPlace
    phone: Phone = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING


class ResolveKeyOptions(OptionGroup, frozen=True, kw_only=True):
    """The options of ``customersms idempotency resolve``."""

    key_or_id: KeyOrId
    place: KeyPlace
    found_as: Annotated[FoundAs, typer.Option("--as", help="What became of the text.")]
    by: Annotated[str, typer.Option("--by", help="The name of whoever decides.")]
    phone: Phone = None
    json: AsJson = False
    log_level: Logging = LogLevel.WARNING
