from __future__ import annotations

import pytest

from customersms_async.sandbox.pages.access import refusal

NAMES = frozenset({"sandbox", "0.0.0.0"})  # noqa: S104 - a name, nothing is bound
OWN = {"host": "localhost:8025"}


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8025",
        "LOCALHOST:8025",
        "inbox.localhost:8025",
        "127.0.0.1:8025",
        "127.8.8.8",
        "192.168.1.7:8025",
        "[::1]:8025",
        "sandbox:8025",
        "Sandbox",
    ],
)
def test_this_machine_is_known_by_its_addresses_and_names(host: str) -> None:
    assert refusal("GET", {"host": host}, NAMES) is None
    assert refusal("PUT", {"host": host}, NAMES) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1.evil.example",
        "evil.example:80@localhost",
        "localhost/evil",
        "localhost#evil",
        "localhost:port",
        "[::1",
        "[evil]",
        "sandbox.evil.example",
        "2130706433.evil.example",
    ],
)
def test_a_name_that_may_be_made_to_mean_this_machine_is_refused(host: str) -> None:
    problem = refusal("GET", {"host": host}, NAMES)
    assert problem is not None
    assert "Host" in problem


def test_a_refusal_says_how_the_name_is_told() -> None:
    assert "--allow-host gateway" in (refusal("GET", {"host": "gateway:8025"}, NAMES) or "")
    assert "Host" in (refusal("GET", {}, NAMES) or "")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"origin": "http://localhost:8025"}, True),
        ({"origin": "https://localhost:8025"}, True),
        ({"origin": "http://localhost:8025", "sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"origin": "http://localhost:3000"}, False),
        ({"origin": "http://localhost"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
    ],
)
def test_only_the_inbox_itself_and_programs_change_anything(
    method: str, headers: dict[str, str], allowed: bool
) -> None:
    assert (refusal(method, OWN | headers, NAMES) is None) is allowed


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_lead_here_and_take_nothing(site: str) -> None:
    assert refusal("GET", OWN | {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}, NAMES) is None
    assert refusal("GET", OWN | {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}, NAMES) is not None
    assert refusal("GET", OWN | {"sec-fetch-site": site}, NAMES) is not None
