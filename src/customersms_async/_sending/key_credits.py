"""The credits of each key at each gateway, one figure for all of this process's clients that send there with it."""

from __future__ import annotations

from typing import Final, final
from weakref import WeakValueDictionary

from .._core.credits import Credits

_known: Final[WeakValueDictionary[tuple[str, str], Credits]] = WeakValueDictionary()
"""Credits by fingerprint and URL; each is kept by the clients that send with that key to that URL."""


@final
class KeyCredits:
    """One client's hold on the credits of the key that it sends with now.

    Mutable state: the fingerprint of the key that was asked for last, the URL, and their credits.
    """

    __slots__ = ("_account", "_credits")

    def __init__(self) -> None:
        self._account: tuple[str, str] | None = None
        self._credits = Credits()

    def of(self, key_id: str | None, url: str | None) -> Credits:
        """The credits of the key with this fingerprint; while one of both is not known, those of before.

        A key that takes another's place is taken for one of the same account: until an answer says more, the figure
        stays.
        """
        if key_id is not None and url is not None and self._account != (key_id, url):
            former, self._credits = self._credits, _shared((key_id, url))
            same_gateway = self._account is None or self._account[1] == url
            self._account = key_id, url
            if same_gateway and self._credits.remaining is None:
                self._credits.learn(former.remaining, 0, 0)
        return self._credits


def _shared(account: tuple[str, str]) -> Credits:
    found = _known.get(account)
    if found is None:
        found = _known[account] = Credits()
    return found
