"""The meaning of an HTTP library's errors: that nothing left, or that nobody knows.

Errors are told apart by the names of their classes, as httpx and httpx2 have the same ones. None leaves this package:
its request holds the body, and the body the API key. So the words are our own, too; the library's may quote what was
sent.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from .._core.happened import OVERDUE, NoAnswer, NotSent
from ..models import Code

if TYPE_CHECKING:
    from .post_progress import PostProgress

_NEVER_LEFT: Final = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol", "ProxyError"})
_BELIEVED_UNTRACED: Final = frozenset({"ConnectError"})
"""Of these, what is believed when the body was read and no progress reported: httpx-aiohttp calls an answer that never
came a connect time-out."""


def meaning_of(error: Exception, progress: PostProgress) -> NotSent | NoAnswer:
    """The fate of a request that ended with ``error`` when it had come as far as ``progress`` says."""
    if progress.late or (progress.asking and isinstance(error, TimeoutError)):
        return OVERDUE
    if progress.held_back:  # some engines wrap what they hear from the body
        return NotSent("held back before the first byte", again=False)
    names = {kind.__name__ for kind in type(error).__mro__}
    timed_out = "TimeoutException" in names or "TimeoutError" in names
    if _never_left(names, progress):
        return _not_sent(error, timed_out=timed_out)
    return NoAnswer("no answer came in time" if timed_out else f"the connection was lost ({type(error).__name__})")


def _never_left(names: set[str], progress: PostProgress) -> bool:
    believed = _NEVER_LEFT if progress.traced else _BELIEVED_UNTRACED
    return not progress.left and (not progress.leaving or not names.isdisjoint(believed))


def _not_sent(error: Exception, *, timed_out: bool) -> NotSent:
    chain = _chain(error)
    if any(isinstance(link, ssl.SSLCertVerificationError) for link in chain):
        return NotSent("the gateway's TLS certificate was refused", Code.CERTIFICATE_REFUSED, again=False)
    if timed_out:
        return NotSent("connecting took too long")
    # The system's name for the failure, such as ConnectionRefusedError, else the library's.
    of_the_system = [link for link in chain if isinstance(link, OSError)]
    reason = type(of_the_system[-1] if of_the_system else error).__name__
    return NotSent(f"no connection could be made ({reason})")


def _chain(error: BaseException) -> list[BaseException]:
    """The error, what it was raised from or while, and so on, each once."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain
