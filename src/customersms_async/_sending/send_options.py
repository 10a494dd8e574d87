"""The options of one call of ``send``, ``send_many``, ``stream`` or ``estimate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .._core.intake import Intake
from ..errors import ConfigurationError
from ..models import Priority

if TYPE_CHECKING:
    from types import EllipsisType

    from .._core.options import Options


class SendOptions(msgspec.Struct, frozen=True, gc=False):
    """The options of one call: the client's own, unless the call says otherwise.

    ``reads_all`` is how ``send_many`` differs from ``stream``: a repeat is known over the whole input, ``max_wait``
    counts from the call, and every input gets an outcome even when nothing more can go out.
    """

    priority: Priority
    batch_size: int
    max_wait: float | None
    timeout: float
    max_concurrency: int
    reads_all: bool

    @classmethod
    def of(
        cls,
        options: Options,
        priority: Priority,
        batch_size: int | EllipsisType,
        max_wait: float | EllipsisType | None,
        timeout: float | EllipsisType,
        *,
        reads_all: bool,
    ) -> SendOptions:
        """The client's ``options`` with what is given (not ``...``) in their place.

        Raises ``ConfigurationError`` for a value out of range, as making a client does.
        """
        if batch_size is not ... or max_wait is not ... or timeout is not ...:
            given = {"batch_size": batch_size, "max_wait": max_wait, "timeout": timeout}
            options = msgspec.structs.replace(options, **{k: value for k, value in given.items() if value is not ...})
        try:
            priority = Priority(priority)
        except ValueError:
            raise ConfigurationError(f"no such priority: {priority!r}") from None
        return cls(priority, options.batch_size, options.max_wait, options.timeout, options.max_concurrency, reads_all)

    @property
    def lookahead(self) -> int:
        """How many messages are read ahead, to find those with the same text and those that come again."""
        return self.batch_size * self.max_concurrency

    def expires(self, since: float) -> float | None:
        """When a text may no longer be let in that has waited ``since`` then, on the event loop's clock."""
        return None if self.max_wait is None else since + self.max_wait

    def intake(self, message: str | None) -> Intake:
        """The judge of the recipients of this call; ``message`` is for those that bring none of their own."""
        return Intake(message, self.batch_size, self.lookahead, None if self.reads_all else self.lookahead)
