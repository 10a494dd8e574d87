"""Send one text to everyone in a file, and see what became of each: ``python examples/send_to_list.py``.

The texts go to the embedded sandbox, which enforces the documented limits and holds what it accepted. Against the real
gateway, only the client's two arguments go: the key then comes from ``CUSTOMERSMS_API_KEY``.
"""

from __future__ import annotations

import asyncio
import csv
import sys
import time
from collections import Counter
from pathlib import Path

from customersms_async import AsyncClient, Outcome, Status
from customersms_async.sandbox import Sandbox

PEOPLE = Path(__file__).with_name("recipients.csv")
MESSAGE = "Doors open at eight. Show this text at the entrance."


async def main() -> int:
    with PEOPLE.open(encoding="utf-8", newline="") as file:
        phones = [row["phone"] for row in csv.DictReader(file)]

    sandbox = Sandbox(latency=(0.1, 0.6))
    async with sandbox.serve() as url, AsyncClient(api_key=sandbox.api_key, url=url) as client:
        job = await client.estimate(phones, MESSAGE)
        print(
            f"{len(phones):,} rows: {job.recipients:,} recipients, {job.duplicates} duplicates, {job.invalid} invalid;"
            f" {job.requests} requests, {job.segments:,} segments, done in {job.seconds:.1f} s or little more"
        )
        began = time.monotonic()
        outcomes = []
        async for outcome in client.stream(phones, MESSAGE):
            outcomes.append(outcome)
            if len(outcomes) % 250 == 0 or len(outcomes) == len(phones):
                show_progress(len(outcomes), len(phones), time.monotonic() - began)
        show_outcomes(outcomes)
        minute = (await client.quota_status()).limits[0]
        print(f"credits left: {client.remaining_credits:,}; quota used this minute: {minute.used} of 100")

    accepted = {outcome.phone for outcome in outcomes if outcome.status is Status.ACCEPTED}
    received = {text.phone for text in sandbox.texts}
    print(
        f"the sandbox read {sandbox.requests} requests, refused {sandbox.refused},"
        f" and holds {len(sandbox.texts):,} texts, {len(sandbox.duplicates())} of them twice"
    )
    proven = sandbox.refused == 0 and not sandbox.duplicates() and received == accepted
    print("no request refused, each text came once" if proven else "THIS IS NOT AS PROMISED")
    return 0 if proven else 1


def show_progress(done: int, total: int, seconds: float) -> None:
    bar = "█" * (done * 30 // total)
    print(f"{bar:30} {done:5,} of {total:,} in {seconds:4.1f} s")


def show_outcomes(outcomes: list[Outcome]) -> None:
    counts = Counter(outcome.status for outcome in outcomes)
    for status in Status:
        print(f"{counts[status]:5,} {status}")
    for outcome in sorted(outcomes, key=lambda outcome: outcome.index):
        if outcome.status is not Status.ACCEPTED:
            print(f"      row {outcome.index + 2:4}  {outcome.status:8}  {outcome.code}: {outcome.error}")


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
