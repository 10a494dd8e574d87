"""What a type checker lets people write: nothing here is ever run.

Each line that must not check says for mypy and for pyright which error it is; where there is none, both say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

from customersms_async import AsyncClient, Campaign, Estimate, Message, Outcome, OutcomeStream, SendReport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


async def numbers_come_with_a_message(
    client: AsyncClient, campaign: Campaign, some: list[str], others: AsyncIterator[str]
) -> None:
    assert_type(client.stream(some, "Hello"), OutcomeStream)
    assert_type(await client.send_many(others, message="Hello", one_per_number=True), SendReport)
    assert_type(await client.estimate(iter(some), "Hello"), Estimate)
    assert_type(await campaign.add(some, "Hello"), bool)
    await campaign.add_more(others, "Hello", by="Ann")

    client.stream(some)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.send_many(others)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.estimate(some)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await campaign.add(some)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await campaign.add_more(some, by="Ann")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def messages_bring_their_own(
    client: AsyncClient, campaign: Campaign, some: tuple[Message, ...], others: Iterator[Message]
) -> None:
    assert_type(client.stream(others, batch_size=10, max_wait=None), OutcomeStream)
    assert_type(await client.send_many(some, idempotency_key="newsletter-7"), SendReport)
    assert_type(await client.estimate(some), Estimate)
    assert_type(await campaign.add(some, region="US"), bool)
    await campaign.add_more(some, by="Ann")

    client.stream(some, "Hello")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]
    await campaign.add(some, "Hello")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType, reportCallIssue]


async def outcomes_have_types(client: AsyncClient, campaign: Campaign) -> None:
    assert_type(await client.send("+12125551234", "Hello"), Outcome)
    async for outcome in client.stream(["+12125551234"], "Hello"):
        assert_type(outcome, Outcome)
    async for outcome in campaign.run(client):
        assert_type(outcome, Outcome)
    report = await client.send_many(["+12125551234"], "Hello")
    assert_type(report.accepted, int)
    assert_type(report.outcomes[0], Outcome)


def options_are_known(client: AsyncClient) -> None:
    assert_type(client.with_options(label="tenant-42", max_wait=None, pace=...), AsyncClient)
    client.with_options(labels="tenant-42")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.with_options(timeout="soon")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
