"""The ids by which caps know a campaign's texts."""

from __future__ import annotations

from customersms_async._core.caps import ID_BYTES
from customersms_async.campaign.text_ids import text_id


def test_a_text_has_one_id_in_every_run_and_shares_it_with_no_other() -> None:
    assert text_id("a", 7) == text_id("a", 7)
    some = {text_id(ledger, place) for ledger in ("a", "a1", "b") for place in range(1_000)}
    assert len(some) == 3_000
    assert {len(one) for one in some} == {ID_BYTES}
