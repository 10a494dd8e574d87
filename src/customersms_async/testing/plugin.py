"""The pytest plugin: the fixture ``customersms_sandbox``. The sandbox is imported when a test asks for it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import pytest

_NO_PACE: Final = 1_000_000
"""Requests a second, in place of the default pace."""

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..sandbox import Sandbox


@pytest.fixture
def customersms_sandbox_options() -> dict[str, Any]:
    """Keyword arguments for the ``Sandbox`` of ``customersms_sandbox``; override it in a module or a conftest."""
    return {}


@pytest.fixture
def customersms_sandbox(
    monkeypatch: pytest.MonkeyPatch, customersms_sandbox_options: dict[str, Any]
) -> Iterator[Sandbox]:
    """A gateway of this test's own, served on a loopback port, where ``AsyncClient()`` sends to by itself.

    CUSTOMERSMS_URL and CUSTOMERSMS_API_KEY lead there for the time of the test, and so does every client that has its
    URL and its key from the environment, also one that was made, or used, before. The key is a new one each time, so no
    test waits for quota that another has used; and nobody waits for a pace that was not asked for. Works for tests with
    and without async: it runs in a thread of its own.
    """
    from .._core import options
    from .._sending.environment import KEY_FILE_VARIABLE, KEY_VARIABLE, URL_VARIABLE, revision
    from ..sandbox import Sandbox

    fresh = {f"cspro_test_{secrets.token_hex(8)}": 1_000_000}
    sandbox = Sandbox(**{"keys": fresh, **customersms_sandbox_options})
    with sandbox.serve_in_thread() as url:
        monkeypatch.setenv(URL_VARIABLE, url)
        monkeypatch.setenv(KEY_VARIABLE, sandbox.api_key)
        monkeypatch.delenv(KEY_FILE_VARIABLE, raising=False)
        monkeypatch.setattr(options, "DEFAULT_PACE", _NO_PACE)
        revision.watch()
        yield sandbox
