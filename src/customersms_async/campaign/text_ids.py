"""The ids of a campaign's texts, for caps: a text that a person plans again counts once, not twice."""

from __future__ import annotations

import hashlib

from .._core.caps import ID_BYTES


def text_id(ledger: str, place: int) -> bytes:
    """The id of the text to the recipient at ``place`` (from 0) of the ledger with this id; the same in every run."""
    return hashlib.blake2b(f"{ledger} {place}".encode(), digest_size=ID_BYTES).digest()
