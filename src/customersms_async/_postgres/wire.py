"""One call over an open connection: sent, and its answer awaited until a deadline, in the thread that asks.

libpq's own calls, as ``psycopg.pq`` has them. Rejected: psycopg's cursors, which can't be told a deadline, and take
twice the time.
"""

from __future__ import annotations

import contextlib
import re
import select
import time
from typing import TYPE_CHECKING, Any, Final

from .errors import PostgresError, server_error, without_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg import Connection

Row = tuple[bytes | None, ...]

_HEX: Final = b"\\x"
_ESCAPED: Final = re.compile(rb"\\(?:\\|([0-3][0-7]{2}))")
"""A backslash, or any other byte that is no printable letter, in the format ``escape``; ``\\x`` can't begin there."""

CANCEL_SECONDS: Final = 0.5
"""How long a call that was given up may take beyond its time, to say so to the server."""

_NOT_WAITED: Final = "01000"
"""The warning that a commit was acknowledged which no standby has."""


def ask(
    connection: Connection[Any], command: bytes, given: Sequence[bytes | None], deadline: float, secret: str = ""
) -> list[Row]:
    """The rows that the one statement gives, as text. ``deadline`` is a moment of ``time.monotonic``.

    Raises ``PostgresError``; without an SQLSTATE, the connection is not to be used again. A commit that some server
    warns of was not done as it should be, so it counts as not done.
    """
    import psycopg
    from psycopg.pq import DiagnosticField, ExecStatus

    results = []
    with warnings_heard(connection) as warned:
        try:
            wire = connection.pgconn
            wire.send_query_params(command, list(given))  # psycopg 3.2 takes no tuple
            while wire.flush():
                _wait(wire.socket, deadline, writing=True)
                wire.consume_input()
            while True:
                while wire.is_busy():
                    _wait(wire.socket, deadline)
                    wire.consume_input()
                if (result := wire.get_result()) is None:
                    break
                results.append(result)
        except psycopg.Error as error:
            raise PostgresError(without_secret(str(error), secret), temporary=True) from None
        except PostgresError:
            _have_ended(connection)
            raise
    for result in results:
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            state = (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()
            message = (result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode("utf-8", "replace")
            if not state:  # libpq speaks, not the server: the connection is lost
                raise PostgresError(
                    without_secret(result.error_message.decode("utf-8", "replace"), secret), temporary=True
                )
            raise server_error(state, message, secret=secret)
    refuse_warned(warned, secret)
    if not results:
        raise PostgresError("no answer came", temporary=True)
    last = results[-1]
    return [tuple(last.get_value(row, column) for column in range(last.nfields)) for row in range(last.ntuples)]


@contextlib.contextmanager
def warnings_heard(connection: Connection[Any]) -> Iterator[list[str]]:
    """What the server warns of in the ``with`` block: of commits that it acknowledged, and that no standby has.

    It does so if they were made with ``customersms.commit_durably``, whatever the role's settings are.
    """
    warned: list[str] = []

    def hear(notice: Any) -> None:
        if notice.sqlstate == _NOT_WAITED:
            warned.append(str(notice.message_primary))

    connection.add_notice_handler(hear)
    try:
        yield warned
    finally:
        connection.remove_notice_handler(hear)


def refuse_warned(warned: Sequence[str], secret: str = "") -> None:
    """Raise ``PostgresError`` for a commit that the server warned of: it counts as not done."""
    if warned:
        raise server_error(_NOT_WAITED, warned[0], secret=secret)


def _have_ended(connection: Connection[Any]) -> None:
    """Have the server end a call that nobody waits for any more.

    A process of the server's that waits, for a lock or a standby, does not look whether its client is still there: each
    call that is given up would keep one, and its locks, until there are no more to be had. Only libpq 17 and later can
    ask for it within a bounded time.
    """
    from psycopg import capabilities

    if capabilities.has_cancel_safe():
        with contextlib.suppress(Exception):  # the server may be out of reach
            connection.cancel_safe(timeout=CANCEL_SECONDS)


def _wait(socket: int, deadline: float, *, writing: bool = False) -> None:
    """Wait until the socket is ready. Raises ``PostgresError`` when the time is over."""
    left = deadline - time.monotonic()
    if left <= 0 or not _ready(socket, left, writing=writing):
        raise PostgresError("no answer in time", temporary=True)


def _ready(socket: int, seconds: float, *, writing: bool) -> bool:
    if not hasattr(select, "poll"):  # Windows
        return any(select.select([socket], [socket] if writing else [], [], seconds))
    poll = select.poll()
    poll.register(socket, select.POLLIN | (select.POLLOUT if writing else 0))
    return bool(poll.poll(1_000 * seconds))


def array(numbers: Sequence[int]) -> bytes:
    """An array of numbers, as the server reads it."""
    return b"{%s}" % b",".join(b"%d" % number for number in numbers)


def numbers(text: bytes | None) -> list[int]:
    """An array of numbers, as the server writes it."""
    inside = (text or b"{}")[1:-1]
    return [int(number) for number in inside.split(b",")] if inside else []


def bytea(value: bytes) -> bytes:
    """Bytes, as the server reads them."""
    return b"\\x" + value.hex().encode()


def byteas(values: Sequence[bytes]) -> bytes:
    """An array of bytes, as the server reads it."""
    return b"{%s}" % b",".join(b'"\\\\x%s"' % value.hex().encode() for value in values)


def unhexed(text: bytes | None) -> bytes:
    """Bytes, as the server writes them, whatever a role's or a database's ``bytea_output`` is.

    It can't be set with the connection, as PgBouncer refuses that.
    """
    if text is None or text.startswith(_HEX):
        return bytes.fromhex((text or _HEX)[2:].decode())
    return _ESCAPED.sub(lambda found: found[0][1:] if found[1] is None else bytes([int(found[1], 8)]), text)
