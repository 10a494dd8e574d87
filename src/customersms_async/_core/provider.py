"""The provider's language: what customersms.pro documents, and which HTTP statuses mean something of their own to it.

Each name says where its fact is from; the pages meant are docs/gateway.md's "Documented" and "Not documented". What a
client may choose is in ``options``, how an answer is read in ``answers``, what follows from it in ``outcome_table``.
The module imports nothing of the package, so that ``limits`` can take the documented ones from here. Another endpoint
of the provider begins here, with its URL and the body of its request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCUMENTED_URL: Final = "https://customersms.pro/sms_system/api.php"
"""Where texts are posted. Documented: the endpoint section, and every example but one."""

LIMITS: Final = ((100, 60), (5_000, 3_600), (50_000, 86_400))
"""Requests, and the seconds in which an API key may make them. Documented; ``DOCUMENTED_LIMITS`` is made of these."""

KEY_PREFIX: Final = "cspro_"
"""How the provider's API keys begin. Documented by its examples; a key without it is tried all the same."""

HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
"""Headers that all requests have in common. The first is documented; the others ask for no other form of answer."""

RETRY_AFTER: Final = "Retry-After"
"""The header of an answer that says how long to wait. Not documented: it may come or not."""

INVALID_API_KEY: Final = "INVALID_API_KEY"
"""The code of an answer that refuses the key. The only one that is documented."""

INSUFFICIENT_CREDITS: Final = "INSUFFICIENT_CREDITS"
"""The code of an answer that refuses the account for want of credits. Not documented."""

RATE_LIMITED: Final = "RATE_LIMITED"
"""The code of an answer that refuses a key for having sent too much. Not documented."""

FATAL_STATUSES: Final = {401: INVALID_API_KEY, 402: INSUFFICIENT_CREDITS}
"""Statuses that make every further request pointless, each with the code that says the same. Not documented."""

RATE_LIMIT_STATUSES: Final = frozenset({425, 429})
"""Statuses that refuse a key for now. Not documented."""

TOO_LARGE_STATUS: Final = 413
"""The status of a request with more numbers than the gateway takes. How many that is, is not documented."""

REDIRECT_STATUSES: Final = frozenset({301, 307, 308})
"""Redirects that come in place of the script: 302 and 303 are what a script may send once its work is done."""

UNCERTAIN_STATUSES: Final = frozenset({408, 409})
"""Statuses from 400 to 499 that don't say whether the script ran."""


class _RequestBody(msgspec.Struct, gc=False):
    """The documented fields of a request, in their order."""

    api_key: str
    phone: Sequence[str]
    message: str


_encode: Final = msgspec.json.Encoder().encode


def encode(api_key: str, phones: Sequence[str], message: str) -> bytes:
    """The body of a request for one text to ``phones`` (E.164, one or more), which always go out as an array.

    Raises ``UnicodeEncodeError`` for a text with a lone surrogate, which no JSON can carry.
    """
    plain = str.__str__(message)  # of a subclass, such as a template engine's: the text itself
    return _encode(_RequestBody(api_key, phones, plain))
