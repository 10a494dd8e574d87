"""The API key: shown by nothing but ``reveal``."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core.secret import MOST_PIECES, PUBLIC_START, Sealed, Secret
from customersms_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "cspro_your/secret+key=here"

keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\"'\\"), min_size=1)


@given(keys)
def test_reveal_gives_the_key(key: str) -> None:
    assert Secret(key).reveal() == key


@pytest.mark.parametrize(
    "shown",
    [
        repr,
        str,
        ascii,
        format,
        lambda secret: f"{secret!r:>99}{secret}",
        lambda secret: "%s %r" % (secret, [secret]),  # noqa: UP031 - logging formats like this
        lambda secret: repr(dir(secret)),
        lambda secret: repr([getattr(secret, name) for name in dir(secret)]),
    ],
)
def test_no_way_of_showing_it_shows_the_key(shown: Callable[[Secret], str]) -> None:
    assert KEY not in shown(Secret(KEY))


def test_its_repr_names_the_fingerprint() -> None:
    secret = Secret(KEY)
    assert repr(secret) == f"<API key {secret.key_id}>"


def test_it_is_called_by_its_label_or_by_how_its_fingerprint_begins() -> None:
    secret = Secret("cspro_made_up")
    assert secret.name(None) == secret.key_id[:8]
    assert secret.name("tenant-42") == "tenant-42"
    assert "made_up" not in secret.name("the key cspro_made_up")


def test_vars_has_nothing_to_show() -> None:
    with pytest.raises(TypeError):
        vars(Secret(KEY))


@pytest.mark.parametrize(
    "carried",
    [
        copy.copy,
        copy.deepcopy,
        *(lambda secret, n=n: pickle.dumps(secret, n) for n in range(pickle.HIGHEST_PROTOCOL + 1)),
        lambda secret: copy.deepcopy({"deep": [secret]}),
        msgspec.json.encode,
        json.dumps,
    ],
)
def test_it_can_be_neither_pickled_nor_copied_nor_encoded(carried: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError) as caught:
        carried(Secret(KEY))
    assert KEY not in str(caught.value)


def test_a_traceback_with_local_variables_does_not_show_the_key() -> None:
    def fail(secret: Secret) -> None:
        secret.redact("nothing")
        raise RuntimeError(f"with {secret}")

    secret = Secret(KEY)
    try:
        fail(secret)
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "fail" in shown
    assert KEY not in shown


@pytest.mark.parametrize("key", ["", None, b"cspro_key", 7])
def test_no_key_is_told_apart_from_a_bad_one(key: Any) -> None:
    with pytest.raises(ConfigurationError, match="no API key"):
        Secret(key)


@pytest.mark.parametrize(
    "odd", [" ", "\n", "\r", "\t", "\x00", "\x7f", '"', "'", "\\", "é", "\u200b", "\ud800", "\ufeff"]
)
@pytest.mark.parametrize("where", ["{0}cspro_hidden", "cspro_{0}hidden", "cspro_hidden{0}"])
def test_a_key_with_a_character_that_no_key_has_is_refused_without_being_shown(odd: str, where: str) -> None:
    with pytest.raises(ConfigurationError, match="a character that no key has") as caught:
        Secret(where.format(odd))
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_key_that_is_longer_than_any_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigurationError, match="longer than 4096 characters") as caught:
        Secret("hidden" * 700)
    assert "hidden" not in str(caught.value)


@given(keys, keys)
def test_the_fingerprint_is_the_keys_own_and_the_same_everywhere(key: str, other: str) -> None:
    assert Secret(key).key_id == Secret(key).key_id
    assert (Secret(key).key_id == Secret(other).key_id) is (key == other)
    assert len(Secret(key).key_id) == 24


def test_the_fingerprint_does_not_change_between_versions() -> None:
    """Stores that outlive the process know the key by it."""
    assert Secret("cspro_test").key_id == "055f4a9636a3a72cd99cccfd"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("", ""),
        ("nothing to hide", "nothing to hide"),
        (KEY, "[API key]"),
        (f"key {KEY}, or {KEY}?", "key [API key], or [API key]?"),
    ],
)
def test_the_key_is_taken_out_of_a_text(text: str, redacted: str) -> None:
    assert Secret(KEY).redact(text) == redacted


@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), KEY.replace("/", "\\/")])
def test_the_key_is_taken_out_wherever_it_was_cut_off(form: str) -> None:
    for length in range(PUBLIC_START, len(form) + 1):
        assert Secret(KEY).redact(f"a {form[:length]}|{form[:length]}|") == "a [API key]|[API key]|"
    assert Secret(KEY).redact(form[: PUBLIC_START - 1]) == form[: PUBLIC_START - 1]


def test_a_key_that_another_begins_with_leaves_nothing_of_that_one() -> None:
    secret = Secret(KEY[:16]).after(Secret(KEY))
    for length in range(PUBLIC_START, len(KEY) + 1):
        assert secret.redact(KEY[:length] + "|") == "[API key]|"


def test_who_repeats_the_key_too_often_is_not_listened_to_any_more() -> None:
    assert Secret(KEY).redact(f"a {KEY}b" * MOST_PIECES) == "a [API key]ba [API key]ba [API key]ba [API key] …"


def test_a_sealed_body_shows_its_size_only() -> None:
    body = f'{{"key": "{KEY}"}}'.encode()
    sealed = Sealed(body, Secret(KEY))
    assert (sealed.reveal(), sealed.size) == (body, len(body))
    assert KEY not in repr(sealed)
    assert not hasattr(sealed, "__dict__")


@pytest.mark.parametrize("old", [KEY, KEY[:14], KEY.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")])
def test_a_key_that_takes_another_s_place_keeps_both_out_of_sight(old: str) -> None:
    new = "cspro_after_a_rotation"
    secret = Secret(new).after(Secret(KEY))
    assert secret.redact(f"it is not {old}.") == "it is not [API key]."
    assert secret.redact(f"{old} was replaced by {new}") == "[API key] was replaced by [API key]"
    assert secret.reveal() == new
    assert KEY not in repr([getattr(secret, name) for name in dir(secret)])
    third = Secret("cspro_third_of_three").after(secret)
    assert third.redact(f"{new} is gone") == "[API key] is gone"
    assert third.redact(old) == old, "two are kept, and no more with every rotation"
