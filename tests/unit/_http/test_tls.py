"""The judge of certificates trusts whom httpx trusts, without httpx."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from customersms_async._http.setup_problem import SetupProblem
from customersms_async._http.tls import TlsTrust, authorities, tls_context
from support.places import DATA

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "both", "neither"])
def test_it_trusts_whom_httpx_trusts(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable, value in (("SSL_CERT_FILE", DATA / "self-signed.pem"), ("SSL_CERT_DIR", tmp_path)):
        if name in (variable, "both"):
            monkeypatch.setenv(variable, str(value))
        else:
            monkeypatch.delenv(variable, raising=False)
    ours, theirs = tls_context(), httpx.create_ssl_context()
    assert ours.get_ca_certs(binary_form=True) == theirs.get_ca_certs(binary_form=True)
    assert ours.cert_store_stats() == theirs.cert_store_stats()
    for each in (ours, theirs):
        assert each.check_hostname
        assert each.verify_mode is ssl.CERT_REQUIRED
    assert (ours.options, ours.verify_flags, ours.minimum_version) == (
        theirs.options,
        theirs.verify_flags,
        theirs.minimum_version,
    )


@pytest.mark.parametrize(
    ("variable", "name", "why"),
    [
        ("SSL_CERT_FILE", "nowhere.pem", "which is not there"),
        ("SSL_CERT_FILE", "garbage.pem", "which holds no certificates that can be read"),
        ("SSL_CERT_FILE", "folder", "which can't be read (IsADirectoryError)"),
        ("SSL_CERT_DIR", "nowhere", "which is not there"),
        ("SSL_CERT_DIR", "garbage.pem", "which can't be read (NotADirectoryError)"),
    ],
)
def test_a_file_or_folder_that_can_be_none_is_named_with_its_variable(
    variable: str, name: str, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "garbage.pem").write_text("garbage", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    for each in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / name))
    with pytest.raises(SetupProblem) as refused:
        tls_context()
    assert str(refused.value) == f"{variable} names {tmp_path / name} as the authorities to trust, {why}"


def test_whom_it_trusts_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ours.pem")
    assert authorities() == "/etc/ours.pem (SSL_CERT_FILE)"
    for each in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(each, raising=False)
    assert authorities() == "certifi's list, as SSL_CERT_FILE is not set"


async def test_what_has_not_changed_is_not_read_again() -> None:
    trust = TlsTrust()
    refusing = trust.context
    assert not await trust.has_changed_since(refusing)
    assert trust.context is refusing


@pytest.mark.parametrize("way", ["replaced", "written anew", "another file", "a link to another", "a folder's file"])
async def test_what_has_changed_is_read_again_once(way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old, new, folder = tmp_path / "old.pem", tmp_path / "new.pem", tmp_path / "folder"
    folder.mkdir()
    old.write_bytes((DATA / "self-signed.pem").read_bytes())
    new.write_bytes((DATA / "loopback.pem").read_bytes())
    named = tmp_path / "named.pem"
    named.symlink_to(old)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(named if way == "a link to another" else old))
    if way == "a folder's file":
        monkeypatch.delenv("SSL_CERT_FILE")
        monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    trust = TlsTrust()
    refusing = trust.context
    if way == "replaced":
        new.replace(old)
    elif way == "written anew":
        old.write_bytes(new.read_bytes())
    elif way == "another file":
        monkeypatch.setenv("SSL_CERT_FILE", str(new))
    elif way == "a link to another":
        named.unlink()
        named.symlink_to(new)
    else:
        (folder / "9d66eef0.0").write_bytes(new.read_bytes())
    assert await trust.has_changed_since(refusing)
    again = trust.context
    assert await trust.has_changed_since(refusing)
    assert not await trust.has_changed_since(again)
    if way != "a folder's file":  # whose files are read when they are needed
        assert again.get_ca_certs() != refusing.get_ca_certs()


@pytest.mark.parametrize("now", [None, b"", b"-----BEGIN CERTIFICATE-----\nhalf"])
async def test_a_file_that_is_gone_or_half_written_leaves_the_context_until_it_is_whole(
    now: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "authorities.pem"
    file.write_bytes((DATA / "self-signed.pem").read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    trust = TlsTrust()
    refusing = trust.context
    if now is None:
        file.unlink()
    else:
        file.write_bytes(now)
    assert not await trust.has_changed_since(refusing)
    file.write_bytes((DATA / "loopback.pem").read_bytes())
    assert await trust.has_changed_since(refusing)
