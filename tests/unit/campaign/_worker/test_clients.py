"""Which campaigns a worker may run, by their terms: those of its keys, its URL and its list."""

from __future__ import annotations

import re

import pytest

from customersms_async import AsyncClient, MemorySuppression
from customersms_async._core.secret import Secret
from customersms_async.campaign._worker.clients import WorkerClients
from customersms_async.campaign.guards import GuardTerms
from customersms_async.campaign.terms import CampaignTerms, list_name

KEY, OTHER = "cspro_ours", "cspro_theirs"
URL = "https://sms.example.com/api.php"
LIST = "MemorySuppression()"


def terms(**changes: object) -> CampaignTerms:
    given = {
        "url": URL,
        "key_id": Secret(KEY).key_id,
        "key_label": None,
        "limits": (),
        "pace": None,
        "guards": GuardTerms(),
    }
    return CampaignTerms(**(given | changes))  # type: ignore[arg-type]  # of each test


def clients(suppression: MemorySuppression | None = None) -> WorkerClients:
    key_id = Secret(KEY).key_id
    client = AsyncClient(api_key=KEY, label="shop", url=URL, suppression=suppression)
    return WorkerClients({key_id: client}, {key_id: "shop"}, f"{URL}?a=secret", suppression)


@pytest.mark.parametrize("label", [None, "shop", "another label"])
def test_the_fingerprint_decides_and_no_label(label: str | None) -> None:
    assert clients().why_not(terms(key_label=label)) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key_id": Secret(OTHER).key_id}, "its key, with the fingerprint .* is not here"),
        ({"key_id": Secret(OTHER).key_id, "key_label": "clinic"}, r"\(clinic\), is not here"),
        (
            {"key_id": Secret(OTHER).key_id, "key_label": "shop"},
            "the key shop with the fingerprint .* of that label here",
        ),
        ({"url": "https://evil.example.com"}, r"sent to https://evil\.example\.com, and keys of this worker go to"),
        ({"suppression": LIST}, "this worker has none"),
    ],
)
def test_what_others_must_run_is_told(changes: dict[str, object], why: str) -> None:
    said = clients().why_not(terms(**changes))
    assert said is not None
    assert re.search(why, said)
    assert "secret" not in said


def test_terms_that_can_t_be_read_are_left_alone() -> None:
    assert clients().why_not(None) == "its terms can't be read by this version"


def test_a_campaign_without_a_list_is_run_without_one_and_one_with_the_list_with_it() -> None:
    kept = MemorySuppression()
    ours = clients(kept)
    for named, found in ((None, False), (list_name(kept), True)):
        wanted = terms(suppression=named)
        assert ours.why_not(wanted) is None
        assert (ours.client_for(wanted).__session__().parts.checking.suppression is not None) is found
    for other in ("PostgresSuppression('postgresql://h/d')", LIST, list_name(MemorySuppression())):
        assert ours.why_not(terms(suppression=other)) is not None
