"""Runs what pages and docstrings show, each as a program of its own, with servers in place of those that it names."""

from __future__ import annotations

import ast
import asyncio
import inspect
import types
from typing import TYPE_CHECKING, Final

from support.ports import free_port
from support.redis_servers import RedisServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

SERVERS: Final = {
    "redis://cache:6379/0": "shared_redis",
    "postgresql://texts@db.internal/app": "shared_postgres",
}
"""Servers that are named, and the fixtures that stand for them."""


def run_program(
    program: str, request: pytest.FixtureRequest, names: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Run it, with these names known to it; gives all that it knows when it has ended."""
    for url, fixture in SERVERS.items():
        if url in program:
            server = request.getfixturevalue(fixture)
            program = program.replace(url, server.url if isinstance(server, RedisServer) else server.url())
    program = program.replace("9464", str(free_port()))
    known: dict[str, object] = {"__name__": "__page__", **(names or {})}
    code = compile(program, "<page>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    body = types.FunctionType(code, known)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(body())
    else:
        body()
    return known
