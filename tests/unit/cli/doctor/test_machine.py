"""The doctor's look at this machine, the key, the URL and the quota store."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from customersms_async.cli.doctor.finding import PartHealth, exit_status, look, ok, wrong
from customersms_async.cli.doctor.key_and_url import key_finding, url_finding
from customersms_async.cli.doctor.machine import clock_finding, state_finding, versions_finding
from customersms_async.cli.doctor.quota_store import quota_finding
from customersms_async.models import DOCUMENTED_LIMITS, Limit
from support.platforms import WINDOWS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CUSTOMERSMS_API_KEY", "CUSTOMERSMS_API_KEY_FILE", "CUSTOMERSMS_URL"):
        monkeypatch.delenv(name, raising=False)


def test_the_status_says_whether_anything_is_wrong() -> None:
    fine, odd, bad = ok("a", "x"), look("b", "x", "y"), wrong("c", "x", "y")
    assert [exit_status(each) for each in ((), (fine,), (fine, odd), (fine, bad, odd))] == [0, 0, 0, 1]


def test_the_key_is_known_by_its_fingerprint_and_where_it_is_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert key_finding().health is PartHealth.WRONG
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", "cspro_a b")
    assert key_finding().health is PartHealth.WRONG
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", "cspro_a_key_that_must_never_show")
    found = key_finding()
    assert found.health is PartHealth.OK
    assert found.found.endswith("…, its fingerprint, from CUSTOMERSMS_API_KEY")
    assert "never_show" not in str(found)
    file = tmp_path / "key"
    monkeypatch.setenv("CUSTOMERSMS_API_KEY_FILE", str(file))
    assert "CUSTOMERSMS_API_KEY_FILE is set as well, and not read" in key_finding().found
    monkeypatch.delenv("CUSTOMERSMS_API_KEY")
    assert key_finding().health is PartHealth.WRONG
    file.write_text("cspro_a_key\n", encoding="utf-8")
    file.chmod(0o600)
    assert key_finding().health is PartHealth.OK
    file.chmod(0o644)
    if not WINDOWS:
        assert (key_finding().health, key_finding().todo) == (PartHealth.LOOK, f"chmod o-r {file}")


def test_the_url_is_shown_without_what_may_be_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    assert url_finding(None).found.endswith("(the documented one)")
    monkeypatch.setenv("CUSTOMERSMS_URL", "https://sms.example.com/api.php?token=secret")
    assert url_finding(None) == ok("URL", "https://sms.example.com/api.php (CUSTOMERSMS_URL)")
    assert url_finding("http://sms.example.com/").health is PartHealth.WRONG
    assert "(from --url)" in url_finding("http://sms.example.com/").found


def test_a_clock_that_is_years_behind_is_wrong_and_one_behind_its_own_files_is_told(tmp_path: Path) -> None:
    assert clock_finding(1_800_000_000.0).health is PartHealth.OK
    assert clock_finding(0.0).health is PartHealth.WRONG
    file = tmp_path / "state" / "customersms" / "quota.sqlite"
    file.parent.mkdir(parents=True)
    file.touch()
    os.utime(file, (1_800_000_000, 1_800_000_000))
    assert "written 1,000 s later" in clock_finding(1_799_999_000.0).found
    assert clock_finding(1_800_000_001.0).health is PartHealth.OK


def test_what_is_installed_is_listed() -> None:
    assert versions_finding().health is PartHealth.OK
    assert "httpx " in versions_finding().found


def test_the_state_folder_is_private_and_writable(tmp_path: Path) -> None:
    assert state_finding().health is PartHealth.OK
    folder = tmp_path / "state" / "customersms"
    if not WINDOWS:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        folder.chmod(0o777)
        assert (state_finding().health, state_finding().todo) == (PartHealth.LOOK, f"chmod 700 {folder}")
    folder.rmdir()
    folder.write_text("a file", encoding="utf-8")
    assert state_finding().health is PartHealth.WRONG


async def test_the_quota_store_is_asked_and_what_is_wrong_with_it_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert (await quota_finding("memory", DOCUMENTED_LIMITS, 5.0)).found.startswith("memory; free: 100 of 100 in 1 min")
    monkeypatch.setenv("CUSTOMERSMS_API_KEY", "cspro_a")
    file = tmp_path / "quota.sqlite"
    assert (await quota_finding(str(file), (Limit(5, 60),), 5.0)).health is PartHealth.OK
    file.write_text("not a database" * 100, encoding="utf-8")
    damaged = await quota_finding(str(file), DOCUMENTED_LIMITS, 5.0)
    assert damaged.health is PartHealth.WRONG
    assert str(file) in damaged.found
    assert (await quota_finding("redis://127.0.0.1:9/0", DOCUMENTED_LIMITS, 5.0)).health is PartHealth.WRONG
    assert (await quota_finding("https://nowhere.test/", DOCUMENTED_LIMITS, 5.0)).health is PartHealth.WRONG
