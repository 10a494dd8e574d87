"""The meaning of an HTTP library's errors: that nothing left, or that nobody knows.

Errors are told apart by the names of their classes, as httpx and httpx2 have the same ones. None leaves this package:
its request holds the body, and the body the API key. So the words are our own, too (``error_words``); the library's may
quote what was sent.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from .._core.post_result import OVERDUE, NoAnswer, NotSent
from ..models import Code
from .error_words import Peer, certificate_words, connect_words, lookup_words, proxy_words, timeout_words, tls_words
from .setup_problem import SetupProblem

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
        return kept_back(error, Peer.of(error_chain(error), progress), timed_out=timed_out)
    return NoAnswer("no answer came in time" if timed_out else f"the connection was lost ({type(error).__name__})")


def _never_left(names: set[str], progress: PostProgress) -> bool:
    believed = _NEVER_LEFT if progress.traced else _BELIEVED_UNTRACED
    return not progress.left and (not progress.leaving or not names.isdisjoint(believed))


def kept_back(error: Exception, peer: Peer, *, timed_out: bool) -> NotSent:
    """The words for what kept a request from leaving, and whether another try may do better."""
    chain = error_chain(error)
    for link in reversed(chain):  # the deepest tells most: aiohttp's own looks like OpenSSL's, and says less
        if isinstance(link, SetupProblem):
            return NotSent(str(link), again=False)
        if isinstance(link, ssl.SSLCertVerificationError):
            return NotSent(certificate_words(link, peer), Code.CERTIFICATE_REFUSED, again=False)
        if type(link).__name__ == "ProxyError":
            words, again = proxy_words(link, peer)
            return NotSent(words, again=again)
    if timed_out:
        return NotSent(timeout_words(peer))
    if (lookup := lookup_words(chain, peer)) is not None:
        words, again = lookup
        return NotSent(words, again=again)
    failures = [link for link in chain if isinstance(link, OSError)]
    for link in failures:
        if isinstance(link, ssl.SSLError):
            words, again = tls_words(link, peer)
            return NotSent(words, again=again)
    return NotSent(connect_words(error, failures, peer))


def is_refused_certificate(error: BaseException) -> bool:
    """Whether no connection was made because the certificate at its other end is not trusted."""
    return any(isinstance(link, ssl.SSLCertVerificationError) for link in error_chain(error))


def error_chain(error: BaseException) -> list[BaseException]:
    """The error, what it was raised from or while, a group's parts, and so on, each once; the deepest last."""
    chain: list[BaseException] = []
    links: list[BaseException] = [error]
    while links:
        link = links.pop(0)
        if link in chain:
            continue
        chain.append(link)
        if isinstance(link, BaseExceptionGroup):
            links += link.exceptions
        cause = link.__cause__ or link.__context__
        if cause is not None:
            links.append(cause)
    return chain
