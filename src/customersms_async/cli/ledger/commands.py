"""What ``customersms ledger migrate`` and ``trust`` do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..._postgres import administration
from ..exits import ending_well
from ..output import safe_console, say_json
from .options import DATABASE

if TYPE_CHECKING:
    from .options import MigrateOptions, TrustOptions


def migrate_schema(options: MigrateOptions) -> None:
    """Do what ``customersms ledger migrate`` does."""
    with ending_well(options.log_level):
        roles = options.grant or []
        done = administration.migrate(_database(options.database), roles)
        if options.json:
            say_json({"before": done.before, "after": done.after, "granted": roles, "jobs": done.jobs})
            return
        was = f", it was {done.before}" if 0 < done.before < done.after else ""
        console = safe_console(json=False)
        console.print(f"the schema customersms has version {done.after}{was}", highlight=False)
        jobs = f"those of procrastinate {done.jobs}" if done.jobs else "missing, as procrastinate is not installed here"
        console.print(f"the tables of jobs for customersms worker are {jobs}", highlight=False)


def trust_server(options: TrustOptions) -> None:
    """Do what ``customersms ledger trust`` does."""
    with ending_well(options.log_level):
        doubted = administration.trust(_database(options.database))
        if options.json:
            say_json({"doubted": doubted})
        else:
            said = "the server is trusted from now on" if doubted else "there was no doubt: no other server took over"
            safe_console(json=False).print(said)


def _database(given: str | None) -> str:
    return os.environ.get(DATABASE, "") if given is None else given
