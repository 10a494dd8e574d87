"""Who may see a campaign's page: whoever has its token, by the address that is printed once, and then by a cookie."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from starlette.requests import Request

SHORTEST: Final = 16
"""Characters: nobody guesses a random one over a network."""

_BYTES: Final = 24


def drawn() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(_BYTES)


@final
class PageToken:
    """The token of a page, and the word that its cookie holds in the token's place, which ends with this process.

    A cookie goes to every port of its host, so that it must not hold what opens the page elsewhere or later.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._word = secrets.token_urlsafe(_BYTES)

    def __repr__(self) -> str:
        return "<PageToken>"

    def opens(self, given: str | None) -> bool:
        """Whether that is the token, as an address or an ``Authorization`` has it."""
        return given is not None and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._token)

    def admits(self, request: Request) -> bool:
        """Whether a request comes with the cookie, or with ``Authorization: Bearer`` and the token."""
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self.opens(bearer.strip()):
            return True
        word = request.cookies.get(_cookie(request), "")
        return hmac.compare_digest(word.encode("utf-8", "surrogatepass"), self._word.encode())

    def cookie(self, request: Request) -> str:
        """The header that lets a browser come again; another site's pages can't use it."""
        return "; ".join((f"{_cookie(request)}={self._word}", "Path=/", "HttpOnly", "SameSite=Lax"))


def _cookie(request: Request) -> str:
    """The cookie's name, by the port: a browser has one set of cookies for all ports of a host."""
    server = request.scope.get("server") or ("", 0)
    return f"customersms_page_{server[1]}"
