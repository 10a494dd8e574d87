"""The options that make a client."""

from __future__ import annotations

import os
from types import EllipsisType  # noqa: TC003 - msgspec reads the annotations
from typing import Final

import msgspec

from .._core.options import DOCUMENTED_URL, Options
from ..errors import ConfigurationError
from ..models import Limit  # noqa: TC001 - msgspec reads the annotations
from .quota import MEMORY

RESERVE: Final = 0.05
"""The share of every limit that BULK leaves, as ``AsyncClient`` has it unless told otherwise."""

MAX_RETRIES: Final = 2
"""The same of tries after a failed connection or a 429."""


class Settings(msgspec.Struct, frozen=True):
    """The options of a command that make a client."""

    url: str | None
    limits: tuple[Limit, ...]
    pace: Limit | EllipsisType | None
    batch_size: int
    max_concurrency: int
    timeout: float
    region: str | None
    sandbox: bool
    quota: str | None = None

    @property
    def quota_at(self) -> str | None:
        """Where the quota is kept: a sandbox that lives as long as the run has one of its own, if none is named."""
        return MEMORY if self.sandbox and self.quota is None else self.quota

    @property
    def key(self) -> str | None:
        """The key whose quota is asked: none for a sandbox, which has a made-up one."""
        return None if self.sandbox else os.environ.get("CUSTOMERSMS_API_KEY")

    def options(self, url: str | None = None) -> Options:
        """The client's, which sends to ``url`` if that is given, as the sandbox's is once it is there.

        Raises ``ConfigurationError`` for one out of range, and for a sandbox that ``--url`` goes past.
        """
        if self.sandbox and self.url is not None:
            raise ConfigurationError("--sandbox and --url name two places to send to")
        if url is None:
            url = os.environ.get("CUSTOMERSMS_URL", DOCUMENTED_URL) if self.url is None else self.url
        return Options(
            url=url,
            limits=self.limits,
            reserve=RESERVE,
            pace=self.pace,
            batch_size=self.batch_size,
            max_concurrency=self.max_concurrency,
            max_retries=MAX_RETRIES,
            max_wait=None,
            timeout=self.timeout,
        )
