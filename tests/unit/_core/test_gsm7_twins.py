"""Characters that only look different become those of GSM-7, and no word changes."""

# ruff: noqa: RUF001 - the texts are of characters that look like others

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import customersms_async
from customersms_async import segments
from customersms_async._core import segments as counting
from customersms_async._core.gsm7_twins import TWINS

GSM = "aZ1 €{[~ñÇé\n@Ω"
OTHERS = "łçêЯ漢😀½²·ő\u202e\u0323"
texts = st.text(st.one_of(st.sampled_from("".join(TWINS)), st.sampled_from(GSM)), max_size=200)
mixed = st.text(st.one_of(st.sampled_from("".join(TWINS)), st.sampled_from(GSM + OTHERS)), max_size=80)


@pytest.mark.parametrize(
    ("text", "twin"),
    [
        ("It’s on – “doors” at 8…", 'It\'s on - "doors" at 8...'),
        ("«Oui», ‚nein‘, „doch“", '"Oui", \'nein\', "doch"'),
        ("1\xa0000\u202fkm\tHi\u3000there", "1 000 km Hi there"),
        ("Zoe\u0301, Mu\u0308ller, An\u0303o", "Zoé, Müller, Año"),
        ("Ｈｅｌｌｏ，　Ａｎｎ！", "Hello, Ann!"),
        ("oﬃce\u200b hours\ufeff", "office hours"),
        ("line\u2028break", "line\nbreak"),
        ("100 K\u212a \u2126 \u212b", "100 KK Ω Å"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_what_only_looks_different_becomes_its_twin(text: str, twin: str) -> None:
    assert segments.to_gsm7(text) == twin
    assert segments.count(twin).encoding == "GSM-7"


@pytest.mark.parametrize(
    "word", ["Łódź", "façade", "Zoê", "Zoe\u0302", "½", "m²", "col·lega", "😀", "Привет", "ő", "e\u0301\u0323"]
)
def test_a_letter_is_never_made_another_one_nor_an_emoji_a_word(word: str) -> None:
    assert segments.to_gsm7(word) == word
    assert segments.to_gsm7(f"“{word}” – it’s") == f"“{word}” – it’s", "quotes alone would save nothing"


@pytest.mark.parametrize("text", ["…" * 70, "\u200b", "\u200b\ufeff"])
def test_a_text_that_would_need_more_segments_or_be_gone_stays(text: str) -> None:
    assert segments.to_gsm7(text) == text
    assert segments.replacements(text) == []


def test_each_replacement_is_told() -> None:
    assert segments.replacements("It’s “ok”") == [("’", "'"), ("“", '"'), ("”", '"')]
    assert segments.replacements("Zoe\u0301") == [("e\u0301", "é")]
    assert segments.replacements("“ł”") == segments.replacements('"l"') == []


@given(mixed)
@example("…" * 70)
@example("a")
@example("ł’")
@example("’ł")
@example("“ok”")
def test_it_is_gsm7_wherever_it_replaced_and_never_dearer_and_once_is_enough(text: str) -> None:
    twin = segments.to_gsm7(text)
    assert segments.to_gsm7(twin) == twin
    assert segments.count(twin).segments <= segments.count(text).segments
    if twin != text:
        assert segments.count(twin).encoding == "GSM-7"
        assert twin
    assert (twin == text) is (segments.replacements(text) == [])


@given(texts)
@example("\u02b9\u0300")
@example("\u02b9\uff21")
def test_letters_and_digits_stay_the_same_but_for_their_width_and_the_place_of_their_accents(text: str) -> None:
    def letters(of: str) -> str:
        return "".join(char for char in unicodedata.normalize("NFKC", of) if unicodedata.category(char)[:1] in "LN")

    modifiers = dict.fromkeys(map(ord, "ʹʻʼʽ"))  # apostrophes to everyone but Unicode
    twin = segments.to_gsm7(text)
    assert twin == text or letters(twin) == letters(text.translate(modifiers))


def test_the_table_leads_from_what_forces_ucs2_to_what_does_not() -> None:
    for found, twin in TWINS.items():
        assert segments.beyond_gsm7(found)
        assert not segments.beyond_gsm7(twin)


@given(mixed)
@example("a\u2019\u0142")
@example("plain")
def test_what_is_first_beyond_gsm7_is_the_first_of_all(text: str) -> None:
    assert counting.first_beyond_gsm7(text) == segments.beyond_gsm7(text)[:1]


def test_it_is_in_the_public_module() -> None:
    assert customersms_async.segments is segments
    assert {getattr(segments, name) for name in segments.__all__} == {
        getattr(counting, name) for name in segments.__all__
    }
