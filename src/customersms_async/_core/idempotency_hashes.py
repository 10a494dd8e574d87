"""What a store knows of idempotency keys, numbers and texts: hashes, and outcomes that only a key's owner can read.

Nothing of it is in clear in a store. Without ``secret`` whoever has the store can try all numbers, as there are not
many; with it, only who has the secret can. The gateway's words may quote a number or a text, so an outcome is sealed
under the idempotency key itself.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, final

import msgspec

from ..errors import ConfigurationError

if TYPE_CHECKING:
    from ..models import Outcome

_KEY_BYTES, _CONTENT_BYTES, _SEAL_BYTES = 16, 12, 32

CLAIM_BYTES: Final = 10
"""Random bytes of a claim's id."""

CLAIM_START: Final = "claim-"
"""What the shown form of a claim's id begins with."""

_HEX: Final = frozenset("0123456789abcdef")


_BLOCK: Final = 64
"""Bytes of a whole hash."""

_encode = msgspec.msgpack.Encoder().encode


class HashedKey(msgspec.Struct, frozen=True, gc=False):
    """One idempotency key: ``key`` and ``content`` are what a store knows of it and of its number and text.

    ``seal`` reads and hides the words of its outcome.
    """

    key: bytes
    content: bytes
    seal: bytes


class OutcomeWords(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """What an outcome says besides its state, and the HTTP status of its answer."""

    message_id: str | None = None
    code: str | None = None
    error: str | None = None
    status_code: int | None = None


@final
class KeyHashes:
    """Hashes keys and contents under one ``secret``: equal ones, and those alone, have equal hashes.

    Raises:
        ConfigurationError: for a ``secret`` that is empty, or neither text nor bytes.

    Example:
        ```python
        hashes = KeyHashes("a secret of all who share the store")
        print(hashes.key_of_send("order-7") == hashes.of_send("order-7", "+12125551234", "On its way").key)  # True
        ```
    """

    __slots__ = ("_content", "_many", "_send")

    def __init__(self, secret: str | bytes | None) -> None:
        if secret is not None and (not isinstance(secret, str | bytes) or not secret):
            del secret  # tracebacks may show locals
            raise ConfigurationError("secret must be text or bytes that are not empty, or None")
        given = secret.encode("utf-8", "surrogatepass") if isinstance(secret, str) else secret or b""
        key = hashlib.blake2b(given, digest_size=32, person=b"customersms").digest()
        # Copied for each hash, which is half as long as to begin with the secret each time.
        self._send = hashlib.blake2b(key=key, digest_size=_KEY_BYTES + _SEAL_BYTES, person=b"send")
        self._many = hashlib.blake2b(key=key, digest_size=_KEY_BYTES + _SEAL_BYTES, person=b"many")
        self._content = hashlib.blake2b(key=key, digest_size=_CONTENT_BYTES, person=b"content")

    def __repr__(self) -> str:
        return "<KeyHashes>"

    def of_send(self, key: str, phone: str, message: str) -> HashedKey:
        """The key of one text, as ``send`` and ``Message`` have it.

        Raises:
            UnicodeEncodeError: for half of a surrogate pair, which no encoding can carry.
        """
        return self._hashed(self._send.copy(), key, phone, message)

    def of_recipient(self, key: str, phone: str, message: str) -> HashedKey:
        """The key that ``send_many`` and ``stream`` make of theirs and of the number.

        Raises:
            UnicodeEncodeError: for half of a surrogate pair, which no encoding can carry.
        """
        return self._hashed(self._many.copy(), f"{phone}\0{key}", phone, message)

    def key_of_send(self, key: str) -> bytes:
        """What a store knows the key of one text by.

        Raises:
            UnicodeEncodeError: for half of a surrogate pair, which no encoding can carry.
        """
        return self.of_send(key, "", "").key

    def _hashed(self, begun: hashlib.blake2b, key: str, phone: str, message: str) -> HashedKey:
        content = self._content.copy()
        content.update(f"{phone}\0{message}".encode())  # no number holds a null character
        begun.update(key.encode())
        made = begun.digest()
        return HashedKey(made[:_KEY_BYTES], content.digest(), made[_KEY_BYTES:])


def shown_claim(claim: bytes, key: bytes) -> str:
    """How people see and name the claim of one key: those of a batch share a claim, and a person decides about one.

    ``claim`` is the claim's id, ``key`` what a store knows the idempotency key by.
    """
    return CLAIM_START + hashlib.blake2b(claim + key, digest_size=CLAIM_BYTES, person=b"shown claim").hexdigest()


def may_be_claim(shown: str) -> bool:
    """Whether this has the form that ``shown_claim`` gives; a key of somebody's own may have it, too."""
    digits = shown.removeprefix(CLAIM_START)
    return digits != shown and len(digits) == 2 * CLAIM_BYTES and set(digits) <= _HEX


def sealed(outcome: Outcome, status_code: int | None, key: HashedKey, claim: bytes) -> bytes:
    """The words of an outcome, for a store."""
    words = OutcomeWords(outcome.message_id, outcome.code, outcome.error, status_code)
    return _mixed(_encode(words), key, claim)


def opened(words: bytes, key: HashedKey, claim: bytes) -> OutcomeWords:
    """The words that ``sealed`` has hidden; none, if a person has decided or they can't be read."""
    try:
        return msgspec.msgpack.decode(_mixed(words, key, claim), type=OutcomeWords) if words else OutcomeWords()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return OutcomeWords()


def _mixed(words: bytes, key: HashedKey, claim: bytes) -> bytes:
    """Words and a stream of the key's and the claim's own, mixed; twice is not at all."""
    length = len(words)
    stream = hashlib.blake2b(claim + _FIRST, key=key.seal).digest()
    for at in range(_BLOCK, length, _BLOCK):
        stream += hashlib.blake2b(claim + at.to_bytes(4, "big"), key=key.seal).digest()
    return (int.from_bytes(words, "big") ^ int.from_bytes(stream[:length], "big")).to_bytes(length, "big")


_FIRST: Final = bytes(4)
"""The place of the first block."""
