"""Errors of a Redis client: which may pass by themselves, and for which a person must mend something.

The rule, from top to bottom; the first line that fits decides:

| what is wrong | passes by itself |
|---|---|
| the server, its password or a permission says no to this user | no |
| the TLS certificate is refused, or the two sides can't agree on TLS | no |
| a file for TLS is missing, or a file or socket may not be used | no |
| there is no such database, or the protocol is not one of the server's | no |
| no connection, no answer, a name that is not found, a cut handshake, too many clients | yes |
| the server says that it loads, is busy, full or a replica, lacks replicas, fails over, or can't write to disk | yes |
| all else that it says: a key of another kind, an unknown command (no scripting, too old), part of a cluster | no |
| what redis-py can't make sense of: something else answers | no |
"""

from __future__ import annotations

import errno
import re
import ssl
from typing import TYPE_CHECKING, Final

from ...errors import QuotaStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSING: Final = re.compile(
    r"\b(BUSY|CLUSTERDOWN|INPROG|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN|UNBLOCKED)\b"
)
"""The server's codes for what may pass by itself. Servers before 7 name them somewhere in a script's error."""

_UNREACHED: Final = re.compile("cannot be connected|not covered|could not agree")
"""What a cluster's client says, in no class of its own, when no node answers or not all slots are served."""

_REFUSED: Final = re.compile("Invalid Database|protocol must be|Invalid RESP version|Invalid Username or Password")
"""What redis-py says when it has connected and can't go on, in the class of a lost connection."""

_CUT: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_TLS_PASSING: Final = re.compile("INTERNAL_ERROR|BAD_RECORD_MAC|UNEXPECTED_EOF")
"""TLS errors that say nothing of how either side is set up: a server that starts, or a line that spoils bytes."""

_NOT_ALLOWED: Final = frozenset({errno.EACCES, errno.EISDIR, errno.ENOTDIR, errno.ENOTSOCK})
_TO_A_SOCKET_FILE: Final = re.compile("connecting to (unix:)?/")

_QUOTED: Final = re.compile(r",? with args beginning with:.*", re.DOTALL)
"""A server's quotation of what it was asked, which may be the password."""


_TOO_SHORT: Final = 3
"""Letters: a password like that stands in many a word, and would be told by its absence."""


def store_error(error: Exception, *, secret: str = "") -> QuotaStoreError:
    """An error of the client or of its connection, as one of ours; ``secret`` is not in its text."""
    problem = _QUOTED.sub("", str(error)) or type(error).__name__
    if "unauthenticated" in problem:  # what a server says first that wants a password, of a call as long as ours
        problem = f"authentication required ({problem})"
    if len(secret) > _TOO_SHORT:
        problem = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", problem)
    if _is_redirection(error):
        problem = "it is part of a cluster, which needs a redis.asyncio.RedisCluster"
    elif not _is_known(error):
        problem = f"what answers is no Redis server, or redis-py can't read it ({type(error).__name__}: {problem})"
    return unusable(problem, temporary=_may_pass(error))


def unusable(problem: str, *, temporary: bool) -> QuotaStoreError:
    """An error of ours that says why the server can't be used; ``temporary`` if it may be asked again."""
    return QuotaStoreError(f"the quota's Redis server can't be used: {problem}", temporary=temporary)


def is_replica(error: Exception) -> bool:
    """Whether the server that was asked is a replica."""
    from redis.exceptions import ReadOnlyError

    return isinstance(error, ReadOnlyError) or "READONLY" in str(error)


def _may_pass(error: BaseException) -> bool:
    from redis import exceptions as of_redis

    chain = list(_chain(error))
    if any(isinstance(link, of_redis.AuthenticationError | of_redis.AuthorizationError) for link in chain):
        return False
    if any(_is_refused_by_the_system(link, str(error)) for link in chain) or _REFUSED.search(str(error)):
        return False
    if isinstance(error, of_redis.RedisClusterException):
        return _may_pass(error.__cause__) if error.__cause__ else _UNREACHED.search(str(error)) is not None
    passing = (
        of_redis.ConnectionError,
        of_redis.TimeoutError,
        of_redis.ClusterError,
        of_redis.TryAgainError,
        of_redis.ReadOnlyError,
        of_redis.OutOfMemoryError,
        OSError,
    )
    return isinstance(error, passing) or (_is_known(error) and _PASSING.search(str(error)) is not None)


def _is_refused_by_the_system(error: BaseException, said: str) -> bool:
    """Whether TLS, a file or a socket can't be used as it is set up; ``said`` names the address."""
    if isinstance(error, ssl.SSLError):
        return not isinstance(error, _CUT) and _TLS_PASSING.search(str(error)) is None
    if not isinstance(error, OSError):
        return False
    if error.errno == errno.ENOENT:  # a socket file comes with the server; a certificate's does not come by itself
        return _TO_A_SOCKET_FILE.search(said) is None
    return error.errno in _NOT_ALLOWED


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was raised from or while, each once."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        yield link
        seen.append(link)
        link = link.__cause__ or link.__context__


def _is_known(error: BaseException) -> bool:
    from redis.exceptions import RedisClusterException, RedisError

    return isinstance(error, RedisError | RedisClusterException | OSError)


def _is_redirection(error: Exception) -> bool:
    """Whether a cluster's node sends us to another; redis-py 5 has no class for it outside of its cluster's client."""
    from redis.exceptions import AskError

    return isinstance(error, AskError) or str(error).startswith(("MOVED ", "ASK "))
