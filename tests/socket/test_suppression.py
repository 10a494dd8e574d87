"""``AsyncClient(suppression=…)``: nobody on the list is texted, in no way of sending, unless a call says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import (
    AsyncClient,
    Code,
    ConfigurationError,
    Limit,
    MemoryIdempotency,
    MemorySuppression,
    Outcome,
    SendError,
    SQLiteSuppression,
    Status,
    SuppressionStoreError,
)

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

MakeClient = Callable[..., AsyncClient]
PHONE, OTHER = "+12125551234", "+13235554567"


def phones_of(sandbox: Sandbox) -> list[str]:
    return [text.phone for text in sandbox.texts]


class Scripted:
    """Says no to these numbers from the call of this place on; before, to nobody. Or can't be asked, so many times."""

    def __init__(self, *phones: str, since: int = 1, fails: int = 0, temporary: bool = True, at: int = 1) -> None:
        self._phones, self._since = frozenset(phones), since
        self._fails, self._temporary, self._at = fails, temporary, at
        self.asked: list[tuple[str, ...]] = []

    async def suppressed(self, phones: Sequence[str]) -> frozenset[str]:
        self.asked.append(tuple(phones))
        if len(self.asked) >= self._at and self._fails:
            self._fails -= 1
            raise SuppressionStoreError("the list is out of reach", temporary=self._temporary)
        return self._phones & frozenset(phones) if len(self.asked) >= self._since else frozenset()


class Mistaken:
    """A list of somebody's own that gives something else than it should."""

    def __init__(self, given: object) -> None:
        self._given = given

    async def suppressed(self, phones: Sequence[str]) -> Any:
        return self._given


@pytest.mark.parametrize("given", [None, True, 0, PHONE, ["12125551234"], {PHONE: "", 7: ""}], ids=repr)
async def test_an_answer_that_can_be_none_lets_nothing_leave(
    make_client: MakeClient, sandbox: Sandbox, given: object
) -> None:
    client = make_client(suppression=Mistaken(given))
    with pytest.raises(SuppressionStoreError, match="the suppression store gave"):
        await client.send(OTHER, "Hello")
    assert sandbox.requests == 0


@pytest.mark.parametrize(
    ("listed", "texted"), [("+5215512345678", "+525512345678"), ("+541123456789", "+5491123456789")]
)
async def test_whoever_said_no_in_one_notation_has_said_it_in_the_other(
    make_client: MakeClient, sandbox: Sandbox, listed: str, texted: str
) -> None:
    store = MemorySuppression()
    await store.add(listed, why="replied STOP")
    client = make_client(suppression=store)
    for phone in (listed, texted):
        with pytest.raises(SendError):
            await client.send(phone, "Hello")
    report = await client.send_many([texted, OTHER], "Hello")
    assert [o.code for o in report.outcomes] == [Code.SUPPRESSED, None]
    assert phones_of(sandbox) == [OTHER]


@pytest.mark.parametrize("kind", [set, frozenset, list, tuple])
async def test_a_whole_list_in_place_of_those_who_were_asked_for_is_one(
    make_client: MakeClient, sandbox: Sandbox, kind: Callable[[list[str]], object]
) -> None:
    client = make_client(suppression=Mistaken(kind([PHONE, "+12125550000"])))
    with pytest.raises(SendError):
        await client.send(PHONE, "Hello")
    assert (await client.send_many([OTHER, PHONE], "Hello")).accepted == 1
    assert phones_of(sandbox) == [OTHER]


async def test_a_suppressed_number_is_not_texted(make_client: MakeClient, sandbox: Sandbox) -> None:
    store = MemorySuppression()
    await store.add(PHONE, why="replied STOP")
    client = make_client(suppression=store)
    with pytest.raises(SendError) as raised:
        await client.send(PHONE, "Hello")
    assert (type(raised.value), raised.value.code, raised.value.phones) == (SendError, Code.SUPPRESSED, (PHONE,))
    await client.send(OTHER, "Hello")
    await store.remove(PHONE)
    await client.send(PHONE, "Hello")
    assert phones_of(sandbox) == [OTHER, PHONE]


async def test_it_takes_no_token_and_waits_for_nothing(make_client: MakeClient) -> None:
    client = make_client(suppression=Scripted(PHONE), limits=Limit(1, 3_600))
    await client.send(OTHER, "Hello")
    call = client.send(PHONE, "Hello")
    with pytest.raises(SendError):
        call.send(None)
    assert (await client.quota_status()).limits[0].used == 1


async def test_a_code_that_somebody_asked_for_may_go_out_all_the_same(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    store = Scripted(PHONE)
    client = make_client(suppression=store)
    await client.send(PHONE, "Your code is 123456", ignore_suppression=True)
    assert (phones_of(sandbox), store.asked) == ([PHONE], [])


async def test_it_is_asked_again_right_before_the_first_byte(make_client: MakeClient, sandbox: Sandbox) -> None:
    store = Scripted(PHONE, since=2)
    client = make_client(suppression=store)
    with pytest.raises(SendError):
        await client.send(PHONE, "Hello")
    assert (store.asked, sandbox.requests) == ([(PHONE,), (PHONE,)], 0)
    assert (await client.quota_status()).limits[0].used == 0, "the grant was given back"


@pytest.mark.parametrize("since", [1, 2], ids=["at the look", "before the first byte"])
@pytest.mark.parametrize("kind", ["send_many", "stream"])
async def test_in_bulk_the_rest_of_a_batch_goes_on(
    make_client: MakeClient, sandbox: Sandbox, kind: str, since: int
) -> None:
    client = make_client(suppression=Scripted(PHONE, since=since))
    recipients = [OTHER, PHONE, "+12125550000"]
    outcomes: list[Outcome] = []
    if kind == "send_many":
        report = await client.send_many(recipients, "News", stop_after_refused=1)
        assert report.stopped_by is None
        outcomes += report.outcomes
    else:
        outcomes += sorted([o async for o in client.stream(recipients, "News")], key=lambda o: o.index)
    assert [(o.status, o.code) for o in outcomes] == [
        (Status.ACCEPTED, None),
        (Status.UNSENT, Code.SUPPRESSED),
        (Status.ACCEPTED, None),
    ]
    assert (phones_of(sandbox), sandbox.requests) == ([OTHER, "+12125550000"], 1)


async def test_a_number_suppressed_after_its_key_was_claimed_leaves_the_key_free(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    keys = MemoryIdempotency()
    with pytest.raises(SendError):
        await make_client(suppression=Scripted(PHONE, since=2), idempotency=keys).send(
            PHONE, "Hello", idempotency_key="a"
        )
    outcome = await make_client(idempotency=keys).send(PHONE, "Hello", idempotency_key="a")
    assert (outcome.replayed, sandbox.requests) == (False, 1)


async def test_what_a_key_has_sent_before_has_that_outcome_also_if_its_number_said_no_meanwhile(
    make_client: MakeClient,
) -> None:
    keys, store = MemoryIdempotency(), MemorySuppression()
    client = make_client(suppression=store, idempotency=keys)
    await client.send(PHONE, "Hello", idempotency_key="a")
    await store.add(PHONE)
    assert (await client.send(PHONE, "Hello", idempotency_key="a")).replayed


@pytest.mark.parametrize("at", [1, 2], ids=["at the look", "before the first byte"])
async def test_a_list_that_is_back_soon_is_waited_for(make_client: MakeClient, sandbox: Sandbox, at: int) -> None:
    client = make_client(suppression=Scripted(OTHER, fails=2, at=at))
    await client.send(PHONE, "Hello")
    assert phones_of(sandbox) == [PHONE]


@pytest.mark.parametrize("at", [1, 2], ids=["at the look", "before the first byte"])
@pytest.mark.parametrize(("fails", "temporary"), [(1, False), (10**6, True)])
async def test_without_the_list_nobody_is_texted(
    make_client: MakeClient, sandbox: Sandbox, at: int, fails: int, temporary: bool
) -> None:
    client = make_client(suppression=Scripted(fails=fails, temporary=temporary, at=at), max_wait=0.1)
    with pytest.raises(SuppressionStoreError, match="out of reach"):
        await client.send(PHONE, "Hello")
    assert sandbox.requests == 0


async def test_a_list_in_a_file_holds_for_every_client(
    make_client: MakeClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    async with SQLiteSuppression(tmp_path / "no.db") as store, SQLiteSuppression(tmp_path / "no.db") as another:
        await another.add([PHONE], why="replied STOP", by="anna")
        report = await make_client(suppression=store).send_many([PHONE, OTHER], "News")
    assert [o.code for o in report.outcomes] == [Code.SUPPRESSED, None]
    assert phones_of(sandbox) == [OTHER]


def test_what_can_be_no_list_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"suppression must be a store of numbers, such as SQLiteSuppression.path., not list"
    ):
        AsyncClient(api_key="cspro_a", suppression=[PHONE])  # type: ignore[arg-type]
    with pytest.raises(
        ConfigurationError, match=r"suppression must be a store of numbers, such as SQLiteSuppression.path., not str"
    ):
        AsyncClient(api_key="cspro_a").with_options(suppression="numbers.csv")  # type: ignore[arg-type]


async def test_a_client_made_from_another_has_its_list_unless_it_is_told_otherwise(
    make_client: MakeClient, sandbox: Sandbox
) -> None:
    client = make_client(suppression=Scripted(PHONE))
    with pytest.raises(SendError):
        await client.with_options(max_retries=1).send(PHONE, "Hello")
    await client.with_options(suppression=None).send(PHONE, "Hello")
    assert phones_of(sandbox) == [PHONE]
