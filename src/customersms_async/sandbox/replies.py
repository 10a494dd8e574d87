"""The reply of the script, and the answer that the server makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .schedule import PlannedFault
    from .state import Text

RowFields: TypeAlias = dict[str, Any]
"""One row of an answer's ``results``, by the names of its fields."""

Document: TypeAlias = dict[str, Any]
"""A whole answer, by the names of its fields."""


class ScriptReply(msgspec.Struct, frozen=True):
    """The answer of the script itself, before any fault has touched it.

    ``judged`` has for each number its accepted text, or the fields of its refusal; none if the request was refused
    as a whole.
    """

    status: int
    document: Document
    headers: Mapping[str, str] = {}
    judged: Sequence[Text | RowFields] = ()


def error_reply(status: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> ScriptReply:
    """An error in its documented form."""
    return ScriptReply(status, {"success": False, "error": text, "code": code}, headers or {})


class ServerAnswer(msgspec.Struct, frozen=True):
    """The HTTP answer that the server gives, and the fault that the connection has to show, if any."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    planned: PlannedFault | None = None
