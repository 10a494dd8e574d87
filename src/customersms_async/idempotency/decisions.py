"""What a person sees of idempotency keys, and decides about those whose texts may have been sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, final

import msgspec

from .._core import phone as phones
from .._core.idempotency_hashes import may_be_claim, shown_claim
from .._core.idempotency_key import idempotency_key_problem
from .._core.idempotency_states import SAYS, KeyState
from ..errors import ConfigurationError

if TYPE_CHECKING:
    from .._core.idempotency_record import KeySeen
    from .protocol import IdempotencyStore, UnknownKey

LONGEST_NAME: Final = 60
"""Characters of the name of a person who decides."""


class UnknownClaim(msgspec.Struct, frozen=True):
    """A text that may have been sent: its claim's ``id``, the ``time`` of that (UTC), and the client's ``label``.

    Each text has an id of its own, also where several went out in one request. The label is what the client calls its
    API key: its ``label``, or how the key's fingerprint begins.

    Example:
        ```python
        keeping = client.with_options(idempotency=MemoryIdempotency())
        claim: UnknownClaim
        for claim in await keeping.idempotency.unknown():
            print(claim.id, claim.time, claim.label)
        ```
    """

    id: str
    time: datetime
    label: str


class ShownKey(msgspec.Struct, frozen=True):
    """How a key stands: ``state`` is free, claimed, interrupted, unknown, rejected or accepted; ``id`` its claim's.

    Example:
        ```python
        keeping = client.with_options(idempotency=MemoryIdempotency())
        shown: ShownKey = await keeping.idempotency.show("order-7")
        print(shown.state)  # free
        ```
    """

    state: str
    id: str | None = None


@final
class IdempotencyKeys:
    """The idempotency keys of a client's store and namespace, for a person. Has no state of its own.

    A store knows no key in clear: one is asked for by the key itself, or by the id of its claim, which ``unknown``
    lists. For a text of ``send_many`` or ``stream`` give the key of that call, and the text's number as ``phone``.

    Example:
        ```python
        keys = IdempotencyKeys(MemoryIdempotency())  # a client with a store has it as client.idempotency
        for claim in await keys.unknown():
            await keys.resolve(claim.id, as_="accepted", by="Ann")
        ```
    """

    def __init__(self, store: IdempotencyStore) -> None:
        self._store = store

    async def unknown(self) -> tuple[UnknownClaim, ...]:
        """The texts that may have been sent, and of which nobody knows, oldest first.

        Raises:
            IdempotencyStoreError: if the store can't be asked, at once.
        """
        now = datetime.now(UTC)
        found = await self._store.unknown()
        return tuple(
            UnknownClaim(shown_claim(one.claim, one.key), now - timedelta(microseconds=one.age_us), one.label)
            for one in found
        )

    async def show(self, key_or_id: str, *, phone: str | None = None) -> ShownKey:
        """How a key stands. A claim's id finds what is unknown, and nothing else.

        Raises:
            ConfigurationError: for a key that can't be one, and for a ``phone`` beside a claim's id, which is of
                one number.
            InvalidRecipientError: for a ``phone`` that is no number.
            IdempotencyStoreError: if the store can't be asked, at once.
        """
        key, found = await self._look(key_or_id, phone)
        return ShownKey("free") if found is None else ShownKey(found.state.name.lower(), shown_claim(found.claim, key))

    async def resolve(self, key_or_id: str, *, as_: str, by: str, phone: str | None = None) -> str:
        """Say as the person ``by`` what became of a text that may have been sent, and give its claim's id.

        ``as_="accepted"``: all calls with its key give an accepted outcome from now on. ``as_="unsent"``: the key is
        free, and the next call sends; that is refused until ten minutes after the attempt's deadline, as the text may
        still be on its way.

        Raises:
            ConfigurationError: where there is nothing to decide about, or not yet, without a name in ``by``, and for a
                ``phone`` beside a claim's id, which is of one number.
            InvalidRecipientError: for a ``phone`` that is no number.
            IdempotencyStoreError: if the store can't be asked, at once.
        """
        if as_ not in SAYS:
            raise ConfigurationError(f"a text is resolved as accepted or unsent, not as {as_!r}")
        if not isinstance(by, str) or len(by) > LONGEST_NAME or not by.strip() or not by.isprintable():
            raise ConfigurationError(f"by is the name of whoever decides, of at most {LONGEST_NAME} characters")
        key, claim = await self._find(key_or_id, phone)
        try:
            wait_us = await self._store.resolve(key, claim, SAYS[as_], by)
        except LookupError:
            raise ConfigurationError(_NOTHING) from None
        if wait_us:
            raise ConfigurationError(
                f"the text may still be on its way: look again, and say unsent, in {wait_us / 1e6:.0f} s or later"
            )
        return shown_claim(claim, key)

    async def _find(self, key_or_id: str, phone: str | None) -> tuple[bytes, bytes]:
        """The key and the claim that are meant."""
        key, found = await self._look(key_or_id, phone)
        if found is None or found.state is KeyState.CLAIMED:
            raise ConfigurationError(_NOTHING if found is None else "a call with this key is on its way")
        return key, found.claim

    async def _look(self, key_or_id: str, phone: str | None) -> tuple[bytes, UnknownKey | KeySeen | None]:
        """The key that is meant, and how it stands; ``None``: it is free."""
        one = await self._unknown_of(key_or_id, phone)
        if one is not None:
            return one.key, one
        key = self._hash(key_or_id, phone)
        (found,) = await self._store.look([key])
        return key, found

    async def _unknown_of(self, shown: object, phone: str | None) -> UnknownKey | None:
        """The key of unknown fate whose claim is shown so, if there is one: else it may be somebody's own key."""
        if not isinstance(shown, str) or not may_be_claim(shown):
            return None
        for one in await self._store.unknown():
            if shown_claim(one.claim, one.key) == shown:
                if phone is not None:
                    raise ConfigurationError("a claim's id is that of one number: give it without phone")
                return one
        return None

    def _hash(self, key: str, phone: str | None) -> bytes:
        problem = idempotency_key_problem(key)
        if problem is not None:
            raise ConfigurationError(problem)
        if phone is None:
            return self._store.hashes.key_of_send(key)
        return self._store.hashes.of_recipient(key, phones.parse(phone), "").key


_NOTHING: Final = "no text under this key or claim may have been sent"
