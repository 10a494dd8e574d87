"""One HTTP request, read as the documented contract has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from .replies import ScriptReply, error_reply

if TYPE_CHECKING:
    from collections.abc import Mapping

PATHS: Final = ("/sms_system/api.php", "/api.php")
"""The endpoint, and the one of the provider's quick-start example."""


class SendRequest(msgspec.Struct, frozen=True):
    """A request in the documented form; ``phones`` as given, one or more, of one or more characters."""

    key: str
    phones: list[str]
    message: str

    def __repr__(self) -> str:
        return f"SendRequest({len(self.phones)} numbers)"


def read_request(
    error_status: int | None, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> SendRequest | ScriptReply:
    """The request in a body, or the reply to what can't be understood; ``error_status`` replaces its 400."""
    if path not in PATHS:
        return error_reply(404, "NOT_FOUND", "Not found")
    if method != "POST":
        return error_reply(405, "METHOD_NOT_ALLOWED", "Only POST is allowed", {"Allow": "POST"})
    bad = error_status or 400
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return error_reply(bad, "INVALID_REQUEST", "Content-Type must be application/json")
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return error_reply(bad, "INVALID_JSON", "The body is not JSON")
    return _fields(fields) or error_reply(bad, "INVALID_REQUEST", "api_key, phone and message are required")


def _fields(fields: Any) -> SendRequest | None:
    """The request, if all three fields are there in a documented form."""
    if not isinstance(fields, dict):
        return None
    key, phone, message = (fields.get(name) for name in ("api_key", "phone", "message"))
    phones = [one.strip() for one in phone.split(",")] if isinstance(phone, str) else phone
    if not (isinstance(key, str) and isinstance(message, str) and message and isinstance(phones, list) and phones):
        return None
    return SendRequest(key, phones, message) if all(isinstance(one, str) and one for one in phones) else None
