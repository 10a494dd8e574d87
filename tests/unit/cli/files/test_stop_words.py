"""What a reply means: a stop word by itself refuses, one with more to say is doubtful."""

from __future__ import annotations

import re

import pytest

from customersms_async.cli.files.stop_words import START_WORDS, STOP_WORDS, Meaning, meaning, says_stop
from support.places import DOCS

ALL = sorted({word.strip() for words in STOP_WORDS.values() for word in words.split(",")})
PROVIDERS = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "ARRET", "REMOVE", "TD"]


@pytest.mark.parametrize("word", ALL)
def test_every_word_of_the_table_refuses_by_itself_and_is_doubtful_with_more(word: str) -> None:
    for text in (word, word.lower(), f" «{word}»!! ", f'"{word.title()}."', f"{word} 🛑"):
        assert meaning(text) is Meaning.STOP
    assert meaning(f"{word} or I call the police") is Meaning.DOUBTFUL
    assert meaning(f"I don't know what {word} is for") is Meaning.OTHER


def test_the_words_of_providers_and_carriers_are_in_the_table() -> None:
    assert [word for word in PROVIDERS if not says_stop(word)] == []


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("stop please", Meaning.STOP),
        ("Please STOP", Meaning.STOP),
        ("Stop, s'il vous plaît", Meaning.STOP),
        ("stopp bitte!", Meaning.STOP),
        ("s t o p", Meaning.STOP),
        ("STOP ALL", Meaning.STOP),
        ("STOP STOP STOP", Meaning.STOP),
        ("Stop, unsubscribe!", Meaning.STOP),
        ("opt-out", Meaning.STOP),
        ("Arre\u0302t", Meaning.STOP),
        ("\uff33\uff34\uff2f\uff30", Meaning.STOP),
        ("\u200bSTOP\u200b", Meaning.STOP),
        ("stop it", Meaning.DOUBTFUL),
        ("STOP 12345", Meaning.DOUBTFUL),
        ("stop start", Meaning.DOUBTFUL),
        ("Opt out of ads only", Meaning.DOUBTFUL),
        ("please cancel my appointment", Meaning.DOUBTFUL),
        ("STOP\n\nSent from my phone", Meaning.DOUBTFUL),
        ("don't stop", Meaning.OTHER),
        ("nonstop", Meaning.OTHER),
        ("stopping by", Meaning.OTHER),
        ("", Meaning.OTHER),
        ("please", Meaning.OTHER),
        ("\u2764", Meaning.OTHER),
        ("Start!", Meaning.START),
        ("un-stop", Meaning.START),
        ("subscribe", Meaning.START),
        ("start please", Meaning.OTHER),
        ("yes", Meaning.OTHER),
    ],
)
def test_a_reply_means_what_it_says_as_a_whole(text: str, means: Meaning) -> None:
    assert meaning(text) is means


def test_the_page_has_the_words_that_the_code_has() -> None:
    page = (DOCS / "suppression.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([A-Z][\w, ]+?) +\| (.+?) +\|$", page, re.MULTILINE))
    rows.pop("Language", None)
    told = {name: sorted(rows.get(name, "").split(", ")) for name in STOP_WORDS}
    assert told == {name: sorted(word.strip() for word in words.split(",")) for name, words in STOP_WORDS.items()}
    assert all(f"{word.strip()}" in page for word in START_WORDS.split(","))
