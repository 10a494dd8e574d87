"""Limits, of the provider's and of one's own: so many within so many seconds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from ..errors import ConfigurationError
from .provider import LIMITS

LONGEST_WINDOW: Final = 100_000_000_000
"""Seconds, some three thousand years: whole microseconds of it stay far below 64 bits."""


class Limit(msgspec.Struct, frozen=True):
    """At most ``requests`` requests within any ``seconds`` seconds, wherever that window is placed.

    ``requests``: how many requests, a whole number, 1 or more. ``seconds``: the window's length in seconds, above 0 and
    at most ``LONGEST_WINDOW``; kept in whole microseconds.

    Raises:
        ValueError: for ``requests`` or ``seconds`` that are no number, or out of range.

    Example:
        ```python
        mine = AsyncClient(api_key="cspro_made_up", limits=[Limit(200, 60), Limit(10_000, 3_600)])  # as agreed
        ```
    """

    requests: int
    seconds: float

    def __post_init__(self) -> None:
        if isinstance(self.requests, bool) or not isinstance(self.requests, int) or self.requests < 1:
            raise ValueError(f"a limit needs a whole number of requests, 1 or more, not {self.requests!r}")
        if isinstance(self.seconds, bool) or not isinstance(self.seconds, int | float):
            raise ValueError(f"a limit's seconds must be a number, not {self.seconds!r}")
        if not (0 < self.seconds <= LONGEST_WINDOW and self.window_us >= 1):
            raise ValueError(f"a limit's seconds must be above 0 and at most {LONGEST_WINDOW:,}, not {self.seconds!r}")

    @property
    def window_us(self) -> int:
        """The window's length in whole microseconds."""
        return round(self.seconds * 1_000_000)


def read_limit(text: str) -> Limit:
    """The limit in a text as people write it: ``100/60`` is 100 requests in 60 seconds.

    Raises ``ValueError``, which says how it is written, for what is none.
    """
    requests, _, seconds = text.partition("/")
    try:
        return Limit(int(requests), float(seconds))
    except ValueError:
        raise ValueError(f"{text!r} is not REQUESTS/SECONDS, such as 100/60") from None


DOCUMENTED_LIMITS: Final = tuple(Limit(requests, seconds) for requests, seconds in LIMITS)
"""What the provider documents for each API key: 100 requests a minute, 5,000 an hour, 50,000 a day."""


LONGEST_CAPS_NAME: Final = 64
"""Characters of the name of caps."""


class _Named(msgspec.Struct, frozen=True):
    name: str


class Caps(_Named, frozen=True, kw_only=True):
    """How many texts may go out, at most, beside the provider's limits: ``Limit(2, 604_800)`` is two in a week.

    ``name``: caps of one name count together, over all who share a quota store, and those of another name apart.
    ``per_number``: one ``Limit`` or several, of the texts to any one number. ``per_prefix``: the same by how numbers
    begin, such as ``{"+882": Limit(10, 3_600)}``; of several that fit, the longest counts. ``total``: of all texts.
    Here a limit's ``requests`` are texts.

    Raises:
        ConfigurationError: for a name, a prefix or a limit that can't be one, and without any limit.

    Example:
        ```python
        caps = Caps("codes", per_number=Limit(5, 3_600), per_prefix={"+882": Limit(10, 3_600)})
        await client.with_options(caps=caps).send("+12125551234", "Your code is 123456")
        ```
    """

    per_number: tuple[Limit, ...] = ()
    per_prefix: Mapping[str, tuple[Limit, ...]] = {}
    total: tuple[Limit, ...] = ()

    if TYPE_CHECKING:  # what it takes is wider than what it holds

        def __init__(
            self,
            name: str,
            *,
            per_number: Limit | Iterable[Limit] = (),
            per_prefix: Mapping[str, Limit | Iterable[Limit]] = ...,
            total: Limit | Iterable[Limit] = (),
        ) -> None: ...

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isprintable():
            raise ConfigurationError("the name of caps must be text that can be seen")
        if not 0 < len(self.name.strip()) <= LONGEST_CAPS_NAME:
            raise ConfigurationError(f"the name of caps must be 1 to {LONGEST_CAPS_NAME} characters long")
        if not isinstance(self.per_prefix, Mapping):
            raise ConfigurationError("per_prefix must say limits by prefix, such as {'+882': Limit(10, 3_600)}")
        by_prefix = {prefix: _limits("per_prefix", given) for prefix, given in self.per_prefix.items()}
        for prefix in by_prefix:
            if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
                raise ConfigurationError(f"per_prefix must have prefixes such as '+882', not {prefix!r}")
        msgspec.structs.force_setattr(self, "per_prefix", by_prefix)
        msgspec.structs.force_setattr(self, "per_number", _limits("per_number", self.per_number))
        msgspec.structs.force_setattr(self, "total", _limits("total", self.total))
        if not (self.per_number or self.total or any(by_prefix.values())):
            raise ConfigurationError("caps need a limit: per_number, per_prefix or total")


_PREFIX: Final = re.compile(r"\+[1-9][0-9]{0,14}")


def _limits(name: str, given: object) -> tuple[Limit, ...]:
    limits = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(limit, Limit) for limit in limits):
        raise ConfigurationError(f"{name} must be a Limit, or several")
    return limits
