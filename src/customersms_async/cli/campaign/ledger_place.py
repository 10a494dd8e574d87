"""The place of a campaign's ledger, as ``--ledger`` or the environment names it."""

from __future__ import annotations

import os
import shlex
from typing import final

import msgspec
import typer

from ...campaign.job import LEDGER_VARIABLE
from ...campaign.ledger_opening import shown
from ...errors import ConfigurationError


@final
class LedgerPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A file's path, or a database's URL with the campaign's name behind ``#``.

    ``given`` is what leads there, and may hold a password. All else may be shown: ``name`` in messages, ``title`` as
    the campaign's own name, ``option`` in a command to repeat (empty where the environment says it), which leads there
    with a password from elsewhere if it ``lacks_password``.
    """

    given: str
    name: str
    title: str
    option: str
    lacks_password: bool

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def __str__(self) -> str:
        return self.name

    def command(self, verb: str) -> str:
        """``customersms campaign`` with this verb, for this ledger, as it is shown to be given by a person."""
        return " ".join(filter(None, ("customersms campaign", verb, self.option)))


def read_ledger_place(text: str) -> LedgerPlace:
    """The place that an option or the environment names. Raises ``typer.BadParameter`` for what can be none."""
    try:
        place = shown(text)
    except ConfigurationError as problem:
        raise typer.BadParameter(str(problem)) from None
    is_known = os.environ.get(LEDGER_VARIABLE) == text
    return LedgerPlace(
        given=text,
        name=place.name,
        title=place.title,
        option="" if is_known else f"--ledger {shlex.quote(place.again)}",
        lacks_password=place.has_password and not is_known,
    )
