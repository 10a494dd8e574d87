"""The idempotency keys that callers give: which of them can be one."""

from __future__ import annotations

from typing import Final

LONGEST_KEY: Final = 1_000
"""Characters of an idempotency key, at most."""

NO_KEY_STORE: Final = "an idempotency key needs a store that keeps it: AsyncClient(idempotency=…)"


def idempotency_key_problem(key: object) -> str | None:
    """Why this can't be an idempotency key; ``None`` if it can."""
    if not isinstance(key, str) or not key:
        return "the idempotency key is no text, or empty"
    if len(key) > LONGEST_KEY:
        return f"the idempotency key is longer than {LONGEST_KEY:,} characters"
    try:
        key.encode()
    except UnicodeEncodeError:
        return "the idempotency key holds half a surrogate pair, which no encoding can carry"
    return None
