"""What a person does to the schema: makes it, lets roles use it, and trusts a server after a fail-over."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from ..errors import LedgerError
from . import jobs_schema, migrations, server, wire
from .errors import PostgresError
from .session import OwnConnections, ServerSession

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .migrations import Migrated

_PATIENCE: Final = 60.0
"""Seconds: a migration may wait for whoever uses the schema."""

_DOUBTED: Final = b"SELECT customersms.doubted_since(customersms.wall_us())"
_TRUST: Final = b"SELECT customersms.trust()"


def migrate(url: str, roles: Sequence[str] = ()) -> Migrated:
    """Bring both schemas to this version, and let these roles use them. Raises ``LedgerError``."""
    with _session(url) as session, session.lent(_deadline()) as connection:
        migrated = migrations.migrate(connection, roles)
        return migrated._replace(jobs=jobs_schema.make(connection, roles))


def trust(url: str) -> bool:
    """Say that nothing is missing; whether there was a doubt. Raises ``LedgerError``, also for a newer schema."""
    with _session(url) as session, session.lent(_deadline()) as connection:
        migrations.refuse_newer(migrations.version_over(connection))
        ((doubted,),) = wire.ask(connection, _DOUBTED, (), _deadline())
        wire.ask(connection, _TRUST, (), _deadline())
        return doubted is not None


def _deadline() -> float:
    return time.monotonic() + _PATIENCE


@contextlib.contextmanager
def _session(url: str) -> Iterator[ServerSession]:
    server.check(url, "customersms ledger")
    session = ServerSession(OwnConnections(url, _PATIENCE / 6))
    try:
        yield session
    except PostgresError as error:
        raise LedgerError(f"the database can't be used: {error}") from None
    finally:
        session.close()
