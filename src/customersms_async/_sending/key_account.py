"""The account of each key at each gateway, one for all of this process's clients that send there with it."""

from __future__ import annotations

from typing import Final, final
from weakref import WeakValueDictionary

from .._core.account import Account

_known: Final[WeakValueDictionary[tuple[str, str], Account]] = WeakValueDictionary()
"""Accounts by fingerprint and URL; each is kept by the clients that send with that key to that URL."""


@final
class KeyAccount:
    """One client's hold on the account of the key that it sends with now.

    Mutable state: the fingerprint of the key that was asked for last with the URL, and their account.
    """

    __slots__ = ("_account", "_place")

    def __init__(self) -> None:
        self._place: tuple[str, str] | None = None
        self._account = Account()

    def of(self, key_id: str | None, url: str | None) -> Account:
        """The account of the key with this fingerprint; while one of both is not known, that of before.

        A key that takes another's place is taken for one of the same account: until an answer says more, the figure of
        its credits stays. When the gateway answered the former key, and what of its texts is unknown, is not the new
        one's.
        """
        if key_id is not None and url is not None and self._place != (key_id, url):
            former, self._account = self._account, _shared((key_id, url))
            same_gateway = self._place is None or self._place[1] == url
            self._place = key_id, url
            if same_gateway and self._account.remaining is None:
                self._account.learn(former.remaining, 0, 0)
        return self._account


def _shared(place: tuple[str, str]) -> Account:
    found = _known.get(place)
    if found is None:
        found = _known[place] = Account()
    return found
