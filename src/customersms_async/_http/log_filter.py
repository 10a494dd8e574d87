"""A filter between the HTTP library and its log: keeps the API key out of this, and its errors out of the library.

httpx logs an answer's reason phrase (INFO), httpcore and hpack log its headers (DEBUG). They give no way to change that
for one request (a trace hook comes too late for the reason phrase), so a filter stands on their loggers, which looks at
a record only if it was made while a request of ours was on its way in that very task, and changes it only if the key,
which a gateway may echo, is in it. It also hands such a record to the handlers itself: one that raises would cut the
exchange, and a text that was accepted would be unknown. Records of everyone else's requests pass untouched, as do
levels, handlers and formats.
"""

from __future__ import annotations

import functools
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, final

from .._runtime.log import guarded

if TYPE_CHECKING:
    from .._core.secret import Secret

LOGGERS: Final = (
    *("httpx", "httpx2", "hpack.hpack", "hpack.table", "aiohttp.client", "aiohttp.internal"),
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
    *(f"httpcore2.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)
"""The loggers of HTTP libraries, by their full names: a filter on a logger does not see the records of those below."""

_secret: ContextVar[Secret | None] = ContextVar("customersms_async_secret", default=None)


def keep_key_out_of_logs(secret: Secret) -> None:
    """Keep the key out of all that the HTTP library logs in this task from now on."""
    _secret.set(secret)
    for logger in _loggers():
        filters = logger.filters
        if not filters or filters[-1] is not _filter:  # as somebody may have taken it off, or added one behind it
            logger.removeFilter(_filter)
            logger.addFilter(_filter)


@functools.cache
def _loggers() -> tuple[logging.Logger, ...]:
    return tuple(logging.getLogger(name) for name in LOGGERS)


@final
class _KeyFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        secret = _secret.get()
        if secret is None:
            return True
        guarded(_hand_on, record, secret)
        return False


_filter: Final = _KeyFilter()


def _hand_on(record: logging.LogRecord, secret: Secret) -> None:
    message = record.getMessage()
    shown = secret.redact(message)
    if shown != message:
        record.msg, record.args = shown, ()
    logging.getLogger(record.name).callHandlers(record)
