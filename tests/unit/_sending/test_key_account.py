"""One account for all clients of a key in this process."""

from __future__ import annotations

import gc
from decimal import Decimal
from typing import TYPE_CHECKING

import httpx
import respx

from customersms_async import AsyncClient, MemoryQuota
from customersms_async._sending.key_account import account_of

if TYPE_CHECKING:
    from customersms_async._core.account import Account

URL = "https://gateway.test/api.php"


def answer(credits_left: int) -> dict[str, object]:
    row = {"phone": "12125551234", "success": True, "message_id": "1"}
    return {"success": True, "remaining_credits": credits_left, "results": [row]}


def client_of(key: str, http_client: httpx.AsyncClient) -> AsyncClient:
    return AsyncClient(api_key=key, url=URL, quota=MemoryQuota(), http_client=http_client)


class Client:
    """All that a client knows of its account."""

    account: Account | None = None

    def of(self, key_id: str | None, url: str | None) -> Account:
        self.account = account_of(key_id, url, self.account)
        return self.account


@respx.mock
async def test_what_one_client_learns_all_of_the_same_key_know_and_no_others() -> None:
    respx.post(URL).mock(side_effect=[httpx.Response(200, json=answer(left)) for left in (97, 96)])
    async with httpx.AsyncClient() as http_client:
        one, another, stranger = (client_of(key, http_client) for key in ("key_one", "key_one", "key_two"))
        await one.send("+12125551234", "Hello")
        assert [each.remaining_credits for each in (one, another, stranger)] == [97, 97, None]
        await another.send("+12125551234", "Hello")
        assert [each.remaining_credits for each in (one, another, stranger)] == [96, 96, None]
        assert client_of("key_one", http_client).remaining_credits == 96, "one that was made later knows it, too"
        await one.aclose()
        assert one.remaining_credits == 96
        for each in (another, stranger):
            await each.aclose()


def test_a_key_that_takes_another_s_place_has_its_figure_until_more_is_known() -> None:
    mine, same, others = Client(), Client(), Client()
    mine.of("a", URL).learn(Decimal(5), 10, 11)
    assert [figure(mine.of(key, URL)) for key in (None, "b", None)] == [5, 5, 5]
    mine.of("b", URL).learn(Decimal(9), 1, 2)
    others.of("c", URL).learn(Decimal(7), 0, 1)
    assert [figure(each) for each in (same.of("b", URL), mine.of("c", URL))] == [9, 7]


def test_another_gateway_has_another_figure_of_the_same_key() -> None:
    mine, others = Client(), Client()
    mine.of("a", URL).learn(Decimal(5), 0, 1)
    assert figure(others.of("a", "https://other.test/")) is None
    assert figure(mine.of("a", "https://other.test/")) is None
    assert figure(Client().of("a", None)) is None


def figure(account: Account) -> int | None:
    return None if account.remaining is None else int(account.remaining)


def test_the_figure_goes_with_the_last_client_of_its_key() -> None:
    first = Client()
    first.of("c", URL).learn(Decimal(5), 0, 1)
    del first
    gc.collect()
    assert Client().of("c", URL).remaining is None


def test_a_key_that_takes_another_s_place_was_not_answered_yet() -> None:
    mine = Client()
    former = mine.of("d", URL)
    former.answered(200, 5)
    former.count_unknown(3, 5)
    new = mine.of("e", URL)
    assert (new.answered_at_us, new.unknown_last_hour(5)) == (None, 0)
    assert Client().of("d", URL).answered_at_us == 5, "who sends with that key still, knows"
