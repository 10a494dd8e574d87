"""What a store gets to know: hashes that differ where anything does, and words that only the key's owner can read."""

from __future__ import annotations

import pytest

from customersms_async import ConfigurationError, Outcome, Status
from customersms_async._core.idempotency_hashes import (
    KeyHashes,
    OutcomeWords,
    may_be_claim,
    opened,
    sealed,
    shown_claim,
)

HASHES = KeyHashes(None)
PHONE, TEXT = "+12125551234", "Your code is 123456"
CLAIM = b"0123456789"
REJECTED = Outcome(0, PHONE, Status.REJECTED, "msg_1", f"no text to {PHONE}: {TEXT}", "BLOCKED")


def test_a_key_is_the_same_for_every_number_and_text_and_its_content_is_not() -> None:
    one, other = HASHES.of_send("key", PHONE, TEXT), HASHES.of_send("key", PHONE, "another text")
    assert one.key == other.key == HASHES.key_of_send("key")
    assert one.content != other.content
    assert one.content != HASHES.of_send("key", "+12125551235", TEXT).content


def test_a_key_of_many_is_another_one_for_each_number_and_none_of_one_text() -> None:
    keys = {HASHES.of_recipient("key", phone, TEXT).key for phone in (PHONE, "+12125551235")}
    assert len(keys | {HASHES.of_send("key", PHONE, TEXT).key}) == 3
    assert HASHES.of_recipient("k", "ey", "").key != HASHES.of_recipient("ke", "y", "").key


def test_hashes_need_the_secret() -> None:
    hashed = {KeyHashes(secret).of_send("key", PHONE, TEXT) for secret in (None, "a", b"b")}
    assert len({h.key for h in hashed}) == len({h.content for h in hashed}) == len({h.seal for h in hashed}) == 3
    assert KeyHashes("a").key_of_send("key") == KeyHashes(b"a").key_of_send("key")
    assert "a secret" not in repr(KeyHashes("a secret"))
    for secret in ("", b"", 5):
        with pytest.raises(ConfigurationError, match="secret must be"):
            KeyHashes(secret)  # type: ignore[arg-type]


def test_sealed_words_show_nothing_and_open_with_their_key_and_claim_alone() -> None:
    key = HASHES.of_send("key", PHONE, TEXT)
    words = sealed(REJECTED, 403, key, CLAIM)
    assert not any(part in words for part in (b"12125551234", b"123456", b"BLOCKED", b"msg_1"))
    assert opened(words, key, CLAIM) == OutcomeWords("msg_1", "BLOCKED", REJECTED.error, 403)
    assert opened(words, HASHES.of_send("another", PHONE, TEXT), CLAIM).error != REJECTED.error
    assert opened(words[:-1], key, CLAIM) == opened(b"", key, CLAIM) == OutcomeWords()


@pytest.mark.parametrize("length", [0, 1, 40, 64, 65, 128, 129, 1_000])
def test_words_of_any_length_are_hidden_whole(length: int) -> None:
    words, key = "w" * length, HASHES.of_send("key", PHONE, TEXT)
    hidden = sealed(Outcome(0, PHONE, Status.REJECTED, None, words), 400, key, CLAIM)
    assert b"www" not in hidden
    assert opened(hidden, key, CLAIM).error == words


def test_long_words_are_sealed_to_their_end() -> None:
    key, words = HASHES.of_send("key", PHONE, TEXT), "what the gateway said. " * 20
    long = Outcome(0, PHONE, Status.REJECTED, None, words, "BLOCKED")
    shown = sealed(long, 403, key, CLAIM)
    assert opened(shown, key, CLAIM) == OutcomeWords(None, "BLOCKED", words, 403)
    assert b"gateway" not in shown


def test_a_claim_is_shown_for_each_of_its_keys_apart() -> None:
    one, other = HASHES.of_recipient("key", PHONE, TEXT).key, HASHES.of_recipient("key", "+13235554567", TEXT).key
    shown = {shown_claim(claim, key) for claim in (CLAIM, CLAIM[::-1]) for key in (one, other)}
    assert len(shown) == 4
    assert all(map(may_be_claim, shown))
    for given in ("order-17", "claim-", "claim-" + "x" * 20, CLAIM.hex(), "claim-" + "  " * 10, "claim-" + "A" * 20):
        assert not may_be_claim(given)
