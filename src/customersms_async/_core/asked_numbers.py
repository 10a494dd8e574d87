"""The numbers of a request, to be found by the digits that an answer writes for them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Final, final

from .php_values import phone_digits

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_DIGITS: Final = 7
"""Digits by which a number is known: the shortest in E.164 has as many."""

_INTERNATIONAL: Final = re.compile(r"[\s(]*(?:\+[\s(]*[1-9]|00)", re.ASCII)
_RUNS_OF_DIGITS: Final = (re.compile("[0-9]{7,}"), re.compile(r"[0-9](?:[\s().\-/]*[0-9]){6,}", re.ASCII))


@final
class AskedNumbers:
    """The numbers of a request in E.164, each known by its place, from 0."""

    def __init__(self, phones: Sequence[str]) -> None:
        self.count = len(phones)
        self._phones = phones
        self._whole = {phone[1:]: place for place, phone in enumerate(phones)}

    @cached_property
    def _endings(self) -> dict[str, int | None]:
        """Everything that a number ends in, of seven digits or more; ``None`` for what several end in."""
        found: dict[str, int | None] = {}
        for place, phone in enumerate(self._phones):
            for start in range(1, len(phone) - LEAST_DIGITS + 1):
                ending = phone[start:]
                found[ending] = None if ending in found else place
        return found

    def find(self, phone: object) -> int | None:
        """The place of the one number that a row's phone can be; ``None`` if it can be none of them, or several."""
        digits = phone_digits(phone)
        if isinstance(phone, str) and _INTERNATIONAL.match(phone) and digits in self._whole:
            return self._whole[digits]
        return self._endings.get(digits)

    def find_key(self, key: str | None) -> int | None:
        """The place of the number that a key of an object spells out in full; ``None`` for any other key."""
        plain = (key or "").removeprefix("+")
        return self.find(key) if plain in self._whole else None

    def named_in(self, value: object) -> set[int | None]:
        """The places of the asked numbers in a text or a number; ``None`` among them for digits that several end in."""
        runs = [run for form in _RUNS_OF_DIGITS for run in form.findall(value)] if isinstance(value, str) else [value]
        return {self._endings[digits] for run in runs if (digits := phone_digits(run)) in self._endings}


def is_blank(phone: object) -> bool:
    """Whether a row's phone says nothing at all, not even a part of a number."""
    return not phone or phone is True or (isinstance(phone, str) and not any(map(str.isdigit, phone)))
