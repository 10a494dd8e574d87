"""Caps: what a text counts in, and which cap it hits."""

from __future__ import annotations

import pytest

from customersms_async import Caps, Limit
from customersms_async._core.caps import (
    KEY_BYTES,
    CapHit,
    CappedText,
    CapScope,
    CapScopes,
    hits,
    longest_window_us,
    room_us,
)
from customersms_async._core.layers import Layer, layers

PHONE, ID = "+88212345678", b"text 1"
ONE, TWO = (Layer(1, 100),), (Layer(2, 100),)


def kinds(caps: Caps, phone: str = PHONE) -> list[str]:
    """What a text to the number counts in, in order."""
    scopes = CapScopes(caps).text(phone, ID).scopes
    return [scope.kind.texts for scope in scopes if scope.kind is not None]


# What a text counts in.


def test_a_text_counts_for_its_number_then_its_prefix_then_at_all() -> None:
    caps = Caps("otp", per_number=[Limit(1, 30), Limit(5, 900)], per_prefix={"+882": Limit(9, 60)}, total=Limit(99, 60))
    text = CapScopes(caps).text(PHONE, ID)
    assert [scope.layers for scope in text.scopes] == [
        layers(caps.per_number),
        *[layers([Limit(n, 60)]) for n in (9, 99)],
    ]
    assert kinds(caps) == ["one number", "numbers that begin with +882", "all numbers together"]
    assert kinds(caps, "+4917012345678") == ["one number", "all numbers together"]
    assert (text.id, text.again) == (ID, b"")
    assert CapScopes(caps).text(PHONE, ID, again=b"stable").again == b"stable"


def test_what_has_no_cap_is_not_counted() -> None:
    assert kinds(Caps("otp", per_number=Limit(1, 30))) == ["one number"]
    assert kinds(Caps("otp", total=Limit(1, 30))) == ["all numbers together"]
    assert kinds(Caps("otp", per_prefix={"+1": Limit(1, 30)})) == []


def test_the_longest_prefix_counts() -> None:
    caps = Caps("otp", per_prefix={"+8": Limit(1, 60), "+882": Limit(2, 60), "+88213": Limit(3, 60)})
    assert kinds(caps) == ["numbers that begin with +882"]
    assert kinds(caps, "+88213") == ["numbers that begin with +88213"]
    assert kinds(caps, "+8821") == ["numbers that begin with +882"]
    assert kinds(caps, "+81") == ["numbers that begin with +8"]


def test_a_prefix_without_a_limit_leaves_its_numbers_out_of_a_shorter_one() -> None:
    assert kinds(Caps("otp", per_prefix={"+8": Limit(1, 60), "+882": ()})) == []


@pytest.mark.parametrize(
    ("number", "other"), [("+525512345678", "+5215512345678"), ("+541123456789", "+5491123456789")]
)
def test_a_number_that_is_written_in_two_ways_counts_as_one(number: str, other: str) -> None:
    scopes = CapScopes(Caps("otp", per_number=Limit(1, 30)))
    assert scopes.text(number, ID) == scopes.text(other, ID) != scopes.text(f"{number[:-1]}0", ID)
    assert scopes.text("+5225512345678", ID) != scopes.text("+52225512345678", ID)


def test_hashes_are_of_the_name_and_of_what_is_counted() -> None:
    """Equal for all clients with caps of that name, whatever their limits; and nothing can be read from them."""

    def keys(name: str, phone: str = PHONE, most: int = 1) -> list[bytes]:
        scopes = CapScopes(Caps(name, per_number=Limit(most, 30), per_prefix={"+88": Limit(9, 9)}, total=Limit(9, 9)))
        return [scopes.space, *(scope.key for scope in scopes.text(phone, ID).scopes)]

    assert keys("otp") == keys("otp", most=7)
    assert {len(key) for key in keys("otp")} == {KEY_BYTES}
    assert len({*keys("otp"), *keys("marketing"), *keys("otp", "+88212345679")}) == 4 + 4 + 1
    assert not any(b"882" in key for key in keys("otp"))


# What is said of a cap that is reached.


@pytest.mark.parametrize(
    ("scope", "layer", "name", "words"),
    [
        (0, 0, "per_number", "the cap otp is reached, 1 text in 30 s to one number: there is room again in 1.5 s"),
        (0, 1, "per_number", "the cap otp is reached, 5 texts in 900 s to one number: there is room again in 1.5 s"),
        (1, 0, "per_prefix", "the cap otp is reached, 9 texts in 0.5 s to numbers that begin with +882: there is room again in 1.5 s"),  # noqa: E501
        (2, 0, "total", "the cap otp is reached, 5,000 texts in 60 s to all numbers together: there is room again in 1.5 s"),  # noqa: E501
    ],
)  # fmt: skip
def test_people_hear_which_cap_is_reached(scope: int, layer: int, name: str, words: str) -> None:
    caps = Caps(
        "otp", per_number=[Limit(1, 30), Limit(5, 900)], per_prefix={"+882": Limit(9, 0.5)}, total=Limit(5_000, 60)
    )
    scopes = CapScopes(caps)
    assert scopes.words(scopes.text(PHONE, ID), CapHit(scope, layer, 1_500_000)) == (name, words)


# Whether there is room.


def test_there_is_room_when_the_nth_newest_text_is_a_window_ago() -> None:
    assert room_us(1_000, TWO, []) == (0, 0)
    assert room_us(1_000, TWO, [950]) == (0, 0)
    assert room_us(1_000, TWO, [900, 950]) == (0, 0)
    assert room_us(1_000, TWO, [901, 950]) == (1, 0)
    assert room_us(1_000, TWO, [901, 950, 990]) == (50, 0)


def test_texts_that_are_held_make_wait_as_if_they_were_answered_now() -> None:
    assert room_us(1_000, TWO, [950, 5_000]) == (50, 0)
    assert room_us(1_000, TWO, [950, 5_000, 6_000]) == (100, 0)


def test_texts_of_the_same_batch_that_come_before_count_as_answered_now() -> None:
    assert room_us(1_000, TWO, [950], more=1) == (50, 0)
    assert room_us(1_000, TWO, [], more=1) == (0, 0)
    assert room_us(1_000, TWO, [], more=2) == (100, 0)
    assert room_us(1_000, TWO, [950], more=5) == (100, 0)


def test_the_layer_with_the_longest_wait_is_told_and_the_first_of_equal_ones() -> None:
    three = (Layer(1, 30), Layer(3, 300), Layer(3, 300))
    assert room_us(1_000, three, [800, 900, 980]) == (100, 1)
    assert room_us(1_000, three, [900, 980]) == (10, 0)


def test_a_text_without_room_takes_none_from_those_behind_it() -> None:
    number, total = CapScope(b"number", ONE), CapScope(b"total", TWO)
    texts = [
        CappedText(bytes([n]), scopes)
        for n, scopes in enumerate([(number, total), (number, total), (total,), (total,)])
    ]
    times: dict[bytes, list[int]] = {b"number": [], b"total": []}
    assert hits(1_000, texts, times.__getitem__) == [None, CapHit(0, 0, 100), None, CapHit(0, 0, 100)]
    times = {b"number": [905], b"total": [801, 950]}
    assert hits(1_000, texts, times.__getitem__) == [CapHit(0, 0, 5), CapHit(0, 0, 5), None, CapHit(0, 0, 50)]
    assert hits(1_000, [CappedText(ID, (total, number))], times.__getitem__) == [CapHit(1, 0, 5)]
    assert hits(1_000, [CappedText(ID, ())], times.__getitem__) == [None]


def test_the_longest_window_of_texts_is_that_of_any_of_their_caps() -> None:
    assert longest_window_us([]) == longest_window_us([CappedText(ID, ())]) == 0
    some = CapScope(b"some", (Layer(1, 30), Layer(2, 300), Layer(3, 200)))
    assert longest_window_us([CappedText(ID, (CapScope(b"one", ONE), some)), CappedText(ID, ())]) == 300
