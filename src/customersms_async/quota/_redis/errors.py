"""Errors of a Redis client: which may pass by themselves, and for which a person must mend something."""

from __future__ import annotations

import re
from typing import Final

from ...errors import QuotaStoreError

PASSING: Final = re.compile(r"\b(BUSY|CLUSTERDOWN|LOADING|MASTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY|TRYAGAIN)\b")
"""The server's codes for what may pass by itself. Servers before 7 name them somewhere in a script's error."""

UNREACHED: Final = re.compile("cannot be connected|not covered|could not agree")
"""What a cluster's client says, in no class of its own, when no node answers or not all slots are served."""


def store_error(error: Exception) -> QuotaStoreError:
    """An error of the client or of its connection, as one of ours."""
    problem = str(error) or type(error).__name__
    if _is_redirection(error):
        problem = "it is part of a cluster, which needs a redis.asyncio.RedisCluster"
    return unusable(problem, temporary=_may_pass(error))


def unusable(problem: str, *, temporary: bool) -> QuotaStoreError:
    """An error of ours that says why the server can't be used; ``temporary`` if it may be asked again."""
    return QuotaStoreError(f"the quota's Redis server can't be used: {problem}", temporary=temporary)


def _may_pass(error: BaseException) -> bool:
    from redis import exceptions as of_redis

    if isinstance(error, of_redis.AuthenticationError | of_redis.AuthorizationError):
        return False
    if isinstance(error, of_redis.RedisClusterException):
        return _may_pass(error.__cause__) if error.__cause__ else UNREACHED.search(str(error)) is not None
    passing = (
        of_redis.ConnectionError,
        of_redis.TimeoutError,
        of_redis.ClusterError,
        of_redis.TryAgainError,
        of_redis.ReadOnlyError,
        of_redis.OutOfMemoryError,
        OSError,
    )
    return isinstance(error, passing) or PASSING.search(str(error)) is not None


def _is_redirection(error: Exception) -> bool:
    """Whether a cluster's node sends us to another; redis-py 5 has no class for it outside of its cluster's client."""
    from redis.exceptions import AskError

    return isinstance(error, AskError) or str(error).startswith(("MOVED ", "ASK "))
