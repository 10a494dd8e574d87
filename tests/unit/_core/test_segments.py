"""The count of segments: the reference calculator's answers, the rules of UAX 29, and an oracle by brute force."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customersms_async._core import graphemes as _graphemes
from customersms_async._core import segments
from customersms_async._core.graphemes import clusters
from customersms_async._core.segments import SegmentCount, count
from support.places import DATA

CASES = json.loads((DATA / "segments.json").read_text())
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
FLAG = "\U0001f1ee\U0001f1f9"
VIRAMA, KA, SSA = "\u094d", "\u0915", "\u0937"

# At least one character of each break class, and of each way through the pattern.
CLASS_SAMPLES = (
    "a€Я漢\r\n\t\u200b\u00ad\u0301\ufe0f\u20e3\U0001f3fd\u200c\u200d\u0903\u0e33\u0600\u0d4e\u1100\u1161\u11a8가각"
    "\U0001f1ee\U0001f1f9👨🌈☎\u1cf5\U00011f42" + VIRAMA + KA + SSA + "\ud83d\ude00"
)
texts = st.text(alphabet=st.sampled_from(CLASS_SAMPLES), max_size=260) | st.text(max_size=260)
pieces = st.sampled_from(
    ["a", "Я", "😀", FAMILY, FLAG, "e\u0301", "1\ufe0f\u20e3", KA + VIRAMA + SSA, "\r\n", "€", "가"]
)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fewest(widths: list[int], room: int) -> int:
    """By brute force: the least number of segments over all ways to place pieces that must stay whole."""
    best = [0] + [len(widths)] * len(widths)
    for end in range(1, len(best)):
        start, width = end - 1, widths[end - 1]
        while width <= room:
            best[end] = min(best[end], best[start] + 1)
            if start == 0:
                break
            start -= 1
            width += widths[start]
    return best[-1]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_agrees_with_the_reference_calculator(case: dict[str, str | int]) -> None:
    counted = count(str(case["text"]))
    assert (counted.encoding, counted.segments) == (case["encoding"], case["segments"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SegmentCount("GSM-7", 0, 1)),
        ("a" * 160, SegmentCount("GSM-7", 160, 1)),
        ("a" * 161, SegmentCount("GSM-7", 161, 2)),
        ("€" * 80, SegmentCount("GSM-7", 160, 1)),
        ("a" * 152 + "€" + "a" * 152, SegmentCount("GSM-7", 306, 3)),
        ("Я" * 70, SegmentCount("UCS-2", 70, 1)),
        ("Я" * 71, SegmentCount("UCS-2", 71, 2)),
        ("Я" * 66 + "😀" + "Я" * 66, SegmentCount("UCS-2", 134, 3)),
        ("Я" * 60 + FAMILY + "Я" * 60, SegmentCount("UCS-2", 131, 3)),
        ("e" + "\u0301" * 69, SegmentCount("UCS-2", 70, 1)),
        ("\ud83d" * 71, SegmentCount("UCS-2", 71, 2)),
    ],
)
def test_counts_units_and_segments(text: str, expected: SegmentCount) -> None:
    assert count(text) == expected


def test_cr_lf_may_be_parted_as_in_the_reference() -> None:
    assert count("a" * 152 + "\r\n" + "a" * 152).segments == 2
    assert count("Я" * 66 + "\r\n" + "Я" * 66).segments == 2
    assert count(FAMILY + "Я" * 55 + "\r\n" + "Я" * 66).segments == 2


@pytest.mark.parametrize(
    ("before", "marks", "expected"), [(0, 66, 1), (5, 66, 2), (0, 199, 3), (10, 199, 4), (60, 69, 2)]
)
def test_a_cluster_longer_than_a_segment_is_cut_between_characters(before: int, marks: int, expected: int) -> None:
    """Fewest of all: as many segments as the units need, once they need more than one."""
    text = "Я" * before + "e" + "\u0301" * marks
    needed = 1 if utf16(text) <= 70 else -(-utf16(text) // 67)
    assert count(text).segments == expected == needed


def test_an_overlong_cluster_is_not_cut_inside_a_surrogate_pair() -> None:
    assert count("👨" + "\u200d👨" * 44).segments == fewest([2] + [1, 2] * 44, 67)
    assert count("e" + "\U0001e000" * 66 + "e").segments == fewest([1] + [2] * 66 + [1], 67)


def test_a_surrogate_pair_in_two_pieces_is_one_character() -> None:
    assert count("Я" * 66 + "\ud83d\ude00" + "Я" * 66) == count("Я" * 66 + "😀" + "Я" * 66)


@given(texts)
def test_is_the_fewest_segments_that_keep_all_whole(text: str) -> None:
    counted = count(text)
    if counted.encoding == "GSM-7":
        widths = [2 if char in "\f^{}\\[~]|€" else 1 for char in text]
        single, room = 160, 153
    else:
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        kept = [[c] if c != "\r\n" and utf16(c) <= 67 else list(c) for c in clusters(whole)]
        widths = [utf16(part) for parts in kept for part in parts]
        single, room = 70, 67
    assert counted.units == sum(widths)
    assert counted.segments == (1 if counted.units <= single else fewest(widths, room))


@given(st.lists(pieces, max_size=90))
def test_whole_pieces_fill_segments_one_after_another(parts: list[str]) -> None:
    """The same by pieces whose clusters are known beforehand, so that it rests on no table."""
    whole = [char for part in parts for char in (part if part == "\r\n" else [part])]
    text = "".join(whole)
    widths = [utf16(part) for part in whole]
    if count(text).encoding == "UCS-2":
        assert count(text).segments == (1 if sum(widths) <= 70 else fewest(widths, 67))


@given(texts, st.sampled_from(["a", "Я", "漢"]))
def test_appending_a_plain_character_never_takes_a_segment_away(text: str, char: str) -> None:
    before, after = count(text), count(text + char)
    assert after.segments >= before.segments
    assert after.segments >= -(-after.units // 153)


@pytest.mark.parametrize(
    "cluster",
    [
        "\r\n",
        "e\u0301\u0323",
        FAMILY,
        "👍🏽",
        "🏳\ufe0f\u200d🌈",
        "☎\u0301\u200d🌈",
        "1\ufe0f\u20e3",
        FLAG,
        "\u1100\u1161\u11a8",
        "\u1100가\u1161\u11a8",
        "각\u11a8",
        "\u1100\u1100",
        "\u11a8\u11a8",
        "\u0600\u0600",
        "\u06001",
        "\u0d4e" + FLAG,
        "\u0e19\u0e49\u0e33",
        KA + "\u0903",
        KA + VIRAMA + SSA,
        KA + "\u093c" + VIRAMA + "\u200d" + SSA + VIRAMA + KA,
        "a" + VIRAMA + KA,  # as of Unicode 18
        VIRAMA + VIRAMA + KA,
        "\u1cf5" + KA,
        "\u0301\u0301",
        "\u200d",
    ],
)
def test_a_cluster_stays_whole(cluster: str) -> None:
    assert clusters(cluster) == [cluster]
    assert clusters(f"\n{cluster}\n") == ["\n", cluster, "\n"]


@pytest.mark.parametrize(
    "parts",
    [
        ["a", "b"],
        ["\n", "\r"],
        ["\n", "\u0301"],
        ["\u0600", "\n"],
        ["a", "\u200b", "\u0301"],
        [FLAG, FLAG, "\U0001f1ee"],
        ["\U0001f1ee\u0301", "\U0001f1f9"],
        ["가", "가"],
        ["각", "\u1161"],
        ["\u1161\u11a8", "\u1161"],
        ["a", "\u1100"],
        ["a\u200d", "🌈"],
        ["👨\u200d\u200d", "👩"],
        ["👨\u0903\u200d", "👩"],
        [KA, SSA],
        [KA + VIRAMA + "\u200c", SSA],
        [KA + VIRAMA + "\u0903", SSA],
        [KA, "\u1cf5" + SSA],
        ["a", "\u0600" + KA],
    ],
)
def test_clusters_part(parts: list[str]) -> None:
    assert clusters("".join(parts)) == parts


@given(texts)
def test_clusters_joined_are_the_text(text: str) -> None:
    found = clusters(text)
    assert "".join(found) == text
    assert all(found)


def test_characters_that_need_no_table_join_nothing() -> None:
    joining = {code for code, letter in _graphemes._letters().items() if letter in "ekKspLVTRzw"}
    plain = {code for code in range(0x110000) if segments._JOINS_NOTHING.fullmatch(chr(code))}
    assert not plain & joining
    assert not plain & set(range(0xD800, 0xE000))


def test_the_table_is_imported_only_for_texts_that_need_it() -> None:
    script = """if True:
        import sys
        from customersms_async._core.segments import count
        for text in ("a" * 999, "Я" * 999, "Я😀" * 99, "e\u0301"):
            count(text)
        assert "customersms_async._core.graphemes" not in sys.modules
        count("e\u0301" * 99)
        assert "customersms_async._core.graphemes" in sys.modules
    """
    subprocess.run([sys.executable, "-X", "utf8", "-c", script], check=True)  # noqa: S603 - our own script


@pytest.mark.at_length
@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a€" * 500_000,
        "Я😀" * 500_000,
        "e" + "\u0301" * 1_000_000,
        VIRAMA * 1_000_000,
        ("👨" + "\u0301" * 99 + VIRAMA + "\u0300" * 99) * 5_000,
        "\u0600" * 1_000_000,
        "\u1100" * 1_000_000,
    ],
    ids=["gsm", "extended", "emoji", "marks", "linkers", "long clusters", "prepended", "jamo"],
)
def test_a_megabyte_takes_linear_time(text: str) -> None:
    """Anything worse than linear would take hours here; no clock is needed to notice."""
    assert count(text).segments >= len(text) // 153


def test_the_count_is_a_frozen_value_that_pickles() -> None:
    counted = count("a")
    assert pickle.loads(pickle.dumps(counted)) == counted  # noqa: S301 - our own bytes
    assert type(counted.encoding) is str
    with pytest.raises(AttributeError):
        counted.units = 2


def test_the_characters_that_force_ucs2_are_named_once_in_their_order() -> None:
    assert segments.beyond_gsm7("Да, да: 漢 costs €5") == "Дад漢"
    assert segments.beyond_gsm7("Plain text, €5 [ok]") == ""
