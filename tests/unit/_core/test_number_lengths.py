"""Lengths of phone numbers by calling code, held against the numbering plans."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from customersms_async._core.calling_codes import TRUNK_ZERO, ZERO_KEPT
from customersms_async._core.number_lengths import length_problem


@pytest.mark.parametrize(
    ("phone", "problem"),
    [
        ("+12125551234", None),
        ("+447911123456", None),
        ("+1212555123", "it has 9 digits after +1, and numbers there have 10"),
        ("+44791112345678", "it has 12 digits after +44, and numbers there have 9 or 10"),
        ("+3906123", "it has 5 digits after +39, and numbers there have 6 to 12"),
        ("+2101234567", "no country has the calling code +210"),
    ],
)
def test_a_length_that_no_number_has_is_a_problem(phone: str, problem: str | None) -> None:
    assert length_problem(phone) == problem


def test_the_table_is_that_of_the_numbering_plans() -> None:
    phonenumbers = pytest.importorskip("phonenumbers")
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        lengths: set[int] = set()
        for plan in plans(phonenumbers, code, regions):
            for kind in (plan.mobile, plan.fixed_line, plan.personal_number, plan.voip, plan.pager):
                lengths |= {length for length in kind.possible_length if length > 0} if kind else set()
        for plan in plans(phonenumbers, code, regions) if not lengths else ():
            lengths |= set(plan.general_desc.possible_length)
        found = {length for length in range(1, 16) if length_problem(f"+{code}{'2' * length}") is None}
        assert found == lengths & set(range(1, 16)), code


def test_the_codes_that_keep_a_zero_are_those_of_the_numbering_plans() -> None:
    """Services aside, which no text reaches: some of them begin with 0 in Japan, Korea, Indonesia and Uruguay."""
    phonenumbers = pytest.importorskip("phonenumbers")
    draw = random.Random(15)
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        for plan in plans(phonenumbers, code, regions):
            known = [kind.example_number or "" for kind in (plan.mobile, plan.fixed_line, plan.voip) if kind]
            pattern = re.compile(plan.general_desc.national_number_pattern)
            drawn = ["0" + f"{draw.randrange(10 ** (n - 1)):0{n - 1}}" for n in plan.general_desc.possible_length * 100]
            if any(number.startswith("0") for number in [*known, *filter(pattern.fullmatch, drawn)]):
                assert str(code) in ZERO_KEPT | {"62", "81", "82", "598"}
    assert {"62", "81", "82", "598"} <= TRUNK_ZERO


def plans(phonenumbers: Any, code: int, regions: tuple[str, ...]) -> list[Any]:
    metadata = phonenumbers.PhoneMetadata
    if regions == ("001",):
        return [metadata.metadata_for_nongeo_region(code)]
    return [metadata.metadata_for_region(region) for region in regions]
