"""The key and the URL of the environment: read when a client is used, and shown by no error."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest

from customersms_async import AsyncClient, ConfigurationError, MemoryQuota
from customersms_async._core.secret import Secret
from customersms_async._sending.environment import key_of_environment

if TYPE_CHECKING:
    from pathlib import Path

    from customersms_async.sandbox import Sandbox

KEY = "cspro_a_key_that_must_never_show"
PHONE = "+12125551234"


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "customersms_key"
    monkeypatch.delenv("CUSTOMERSMS_API_KEY", raising=False)
    monkeypatch.setenv("CUSTOMERSMS_API_KEY_FILE", str(path))
    return path


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
async def test_the_key_may_be_in_a_file(key_file: Path, sandbox: Sandbox, end: str) -> None:
    key_file.write_bytes((KEY + end).encode())  # noqa: ASYNC240 - a small file
    async with AsyncClient(url=sandbox.url, quota=MemoryQuota()) as client:
        await client.send(PHONE, "Hello")
    assert len(sandbox.texts) == 1


@pytest.mark.parametrize(("variable", "key"), [(KEY, KEY), ("", "cspro_of_the_file")])
def test_the_variable_with_the_key_itself_goes_first_unless_it_is_empty(
    key_file: Path, monkeypatch: pytest.MonkeyPatch, variable: str, key: str
) -> None:
    key_file.write_text("cspro_of_the_file")
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", variable)
    assert key_of_environment().reveal() == key


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (KEY.encode() + b"\nmore", "character"),
        (b" " + KEY.encode(), "character"),
        (KEY.encode() + b"\xff", "character"),
        (KEY.encode("utf-16"), "character"),
        (KEY.encode() * 1_000, "longer"),
        (None, "FileNotFoundError"),
    ],
)
async def test_a_file_that_holds_no_key_is_named_and_nothing_of_it_is_shown(
    key_file: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        key_file.write_bytes(content)  # noqa: ASYNC240 - a small file
    with pytest.raises(ConfigurationError, match=reason) as raised:
        async with AsyncClient():
            raise AssertionError("not reached")
    assert str(key_file) in str(raised.value)
    assert "CUSTOMERSMS_API_KEY_FILE" in str(raised.value)
    assert KEY[:12] not in shown(raised.value)


async def test_a_key_in_the_place_of_a_file_s_name_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUSTOMERSMS_API_KEY", raising=False)
    monkeypatch.setenv("CUSTOMERSMS_API_KEY_FILE", KEY)
    with pytest.raises(ConfigurationError, match="CUSTOMERSMS_API_KEY_FILE") as raised:
        await AsyncClient().quota_status()
    assert KEY not in shown(raised.value)


async def test_a_client_is_made_without_a_key_and_says_so_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUSTOMERSMS_API_KEY", raising=False)
    monkeypatch.delenv("CUSTOMERSMS_API_KEY_FILE", raising=False)
    client = AsyncClient()
    with pytest.raises(ConfigurationError, match="CUSTOMERSMS_API_KEY"):
        await client.send(PHONE, "Hello")
    with pytest.raises(ConfigurationError, match="CUSTOMERSMS_API_KEY"):
        await client.send_many([PHONE], "Hello")
    with pytest.raises(ConfigurationError, match="CUSTOMERSMS_API_KEY"):
        await anext(client.stream([PHONE], "Hello"))
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", KEY)
    monkeypatch.setenv("CUSTOMERSMS_URL", "http://gateway.test/")
    with pytest.raises(ConfigurationError, match="CUSTOMERSMS_URL"):
        await client.quota_status()
    assert repr(client) == f"<AsyncClient of the environment, key {Secret(KEY).key_id[:8]}>"
    await client.aclose()


def shown(error: BaseException) -> str:
    """All that a traceback with locals shows of our frames."""
    assert error.__traceback__ is not None
    ours = error.__traceback__.tb_next
    return "".join(traceback.TracebackException(type(error), error, ours, capture_locals=True).format())
