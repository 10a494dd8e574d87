"""What the command must use and never show: credentials in URLs, and the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.credentials import check_key, key_of_environment
from customersms_async.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("key", "why"),
    [("cspro_with a space", "holds a character that no key has"), ("cspro_" + "x" * 5_000, "is longer than 4096")],
)
def test_a_key_that_can_be_none_is_refused_with_where_it_is_from_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, why: str
) -> None:
    file = tmp_path / "key"
    file.write_text(key)
    monkeypatch.delenv("CUSTOMERSMS_API_KEY", raising=False)
    monkeypatch.setenv("CUSTOMERSMS_API_KEY_FILE", str(file))
    with pytest.raises(
        ConfigurationError, match=f"no API key in the file {file}, from CUSTOMERSMS_API_KEY_FILE: .*{why}"
    ):
        check_key()
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", key)
    with pytest.raises(ConfigurationError, match=f"there is no API key in CUSTOMERSMS_API_KEY: .*{why}") as refused:
        check_key()
    assert key[:12] not in str(refused.value)


def test_the_key_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUSTOMERSMS_API_KEY", raising=False)
    monkeypatch.delenv("CUSTOMERSMS_API_KEY_FILE", raising=False)
    assert key_of_environment() is None
    with pytest.raises(ConfigurationError, match="CUSTOMERSMS_API_KEY"):
        check_key()
    file = tmp_path / "key"
    monkeypatch.setenv("CUSTOMERSMS_API_KEY_FILE", str(file))
    with pytest.raises(ConfigurationError, match="can't be read"):
        check_key()
    file.write_text("cspro_in_a_file\r\n")
    assert key_of_environment() == "cspro_in_a_file"
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", "cspro_in_the_open")
    assert key_of_environment() == "cspro_in_the_open"
