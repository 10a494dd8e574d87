"""``examples/platform``: 300 keys in one program, of which three can't send, and what each tenant has to itself."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from customersms_async import DOCUMENTED_LIMITS, CappedError, MemoryIdempotency, MemoryQuota, SendError
from customersms_async.sandbox import Sandbox
from support.places import ROOT
from support.worker_examples import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ANN = "+12125551234"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    return load(ROOT / "examples" / "platform" / "tenants.py")


def test_300_tenants_get_their_texts_whatever_becomes_of_the_keys_of_three(
    example: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = example.made_up_gateway()
    asyncio.run(example.main(gateway))
    said = capsys.readouterr().out
    assert said.startswith(
        """\
  600 accepted
    1 tenant-13: InsufficientCreditsError
    2 tenant-21: QuotaExceededError
    2 tenant-7: AuthenticationError
the gateway read 605 requests, and refused 0 for its limits
"""
    )
    sent = Counter(text.message.removeprefix("Hello from ") for text in gateway.texts)
    expected = dict.fromkeys(example.KEYS, 2) | {"tenant-13": 1, "tenant-21": 5}
    del expected["tenant-7"]
    assert sent == expected
    assert not gateway.duplicates()
    outcomes = [line for line in said.splitlines() if line.startswith("customersms_client_outcomes_total")]
    assert sorted(line.rpartition(" ")[2] for line in outcomes) == ["2.0", "5.0"], "those of tenant-21, by its label"


async def test_caps_suppressed_numbers_and_idempotency_keys_are_those_of_one_tenant(example: ModuleType) -> None:
    sandbox = Sandbox(keys={"cspro_a": 100, "cspro_b": 100})
    async with sandbox.serve() as url:
        tenants = made(example, "cspro_{}".format, url)
        for number in range(5):
            await tenants.send("a", ANN, f"Text {number}", f"text/{number}")
        with pytest.raises(CappedError):
            await tenants.send("a", ANN, "Text 5", "text/5")
        assert not (await tenants.send("b", ANN, "Another text of this name", "text/0")).replayed
        assert (await tenants.send("a", ANN, "Text 0", "text/0")).replayed
        tenants.opt_outs["b"].phones.add(ANN)
        with pytest.raises(SendError) as caught:
            await tenants.send("b", ANN, "Text 1", "text/1")
        assert caught.value.code == "SUPPRESSED"
        assert (await tenants.send("a", "+12125550000", "Text 6", "text/6")).message_id
        await tenants.aclose()
    assert len(sandbox.texts) == 7


async def test_a_new_key_is_taken_when_the_old_one_is_refused_or_the_platform_says_so(example: ModuleType) -> None:
    vault = iter(["cspro_refused", "cspro_old", "cspro_new"])
    sandbox = Sandbox(keys={"cspro_old": 100, "cspro_new": 100})
    async with sandbox.serve() as url:
        tenants = made(example, lambda _: next(vault), url)
        await tenants.send("a", ANN, "By the old one, as another was refused", "1")
        await tenants.send("a", ANN, "By the old one, of which the client knows", "2")
        tenants.key_has_changed("a")
        await tenants.send("a", ANN, "By the new one", "3")
        await tenants.aclose()
    assert (int(sandbox.credits("cspro_old")), int(sandbox.credits("cspro_new"))) == (98, 99)


def made(example: ModuleType, key_of: Callable[[str], str], url: str) -> Any:
    return example.Tenants(key_of, lambda _: DOCUMENTED_LIMITS, MemoryQuota(), MemoryIdempotency(), url=url)
