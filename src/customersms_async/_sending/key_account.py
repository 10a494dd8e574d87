"""The account of each key at each gateway, one for all of this process's clients that send there with it."""

from __future__ import annotations

from typing import Final
from weakref import WeakValueDictionary

from .._core.account import Account

_known: Final[dict[str, WeakValueDictionary[str, Account]]] = {}
"""Accounts by URL and fingerprint; each is kept by the clients that send with that key to that URL."""


def account_of(key_id: str | None, url: str | None, former: Account | None) -> Account:
    """The account of the key with this fingerprint at this URL; while one of both is not known, the client's former.

    A key that takes another's place is taken for one of the same account: until an answer says more, the figure of
    its credits stays. When the gateway answered the former key, and what of its texts is unknown, is not the new one's.
    """
    if key_id is None or url is None:
        return former or Account()
    account = _shared(key_id, url)
    if former not in (None, account) and former.url == url and account.remaining is None:
        account.learn(former.remaining, 0, 0)
    return account


def _shared(key_id: str, url: str) -> Account:
    accounts = _known.get(url)
    if accounts is None:
        for other in [other for other, known in list(_known.items()) if not known]:
            del _known[other]  # nobody sends there any more
        accounts = _known.setdefault(url, WeakValueDictionary())
    account = accounts.get(key_id)
    if account is None:
        account = accounts[key_id] = Account(url)
    return account
