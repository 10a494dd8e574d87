"""The result of one POST: an answer, none, or nothing sent. ``_http`` reports it, ``rulings`` judges it."""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from ..models import Code


class Answer(msgspec.Struct, frozen=True, gc=False):
    """An HTTP answer came, whole: ``retry_after`` is that header's text.

    ``packed`` names the encoding of a body that can't be unpacked.
    """

    status: int
    body: bytes
    retry_after: str | None = None
    packed: str | None = None


class NotSent(NamedTuple):
    """Provably no byte of the request left this machine; ``again`` if another try may do better."""

    error: str
    code: str = Code.CONNECTION_FAILED
    again: bool = True


class NoAnswer(NamedTuple):
    """The first byte may have left, and no whole answer came back."""

    error: str


PostResult = Answer | NotSent | NoAnswer
"""The result of one POST; ``judge`` says what it means for the texts."""

CLOSED: Final = "the client is closed"
"""The error of what was still to be sent when its client was closed; its code is CONNECTION_FAILED."""

OVERDUE: Final = NotSent("its time was over before its first byte could leave")
"""The process was stopped, or the machine slept, for longer than the whole attempt may take."""
