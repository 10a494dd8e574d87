"""New files get their place whole, and never that of another, with hard links and without."""

from __future__ import annotations

import errno
import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from customersms_async._runtime.new_files import give_place, sync_folder
from support.without_links import REASONS, break_links

if TYPE_CHECKING:
    from pathlib import Path


fcntl = pytest.importorskip("fcntl", reason="Windows, where to rename never replaces")


@pytest.fixture(params=["links", *REASONS])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "links":
        break_links(monkeypatch, request.param)


def new(folder: Path, text: str) -> Path:
    made = folder / f".{text}.new"
    made.write_text(text)
    return made


@pytest.mark.usefixtures("links")
def test_a_file_gets_its_place_unless_there_is_something(tmp_path: Path) -> None:
    path = tmp_path / "place"
    for text in ("first", "second"):
        give_place(made := new(tmp_path, text), path)
        made.unlink(missing_ok=True)
        assert path.read_text() == "first"
    (tmp_path / "dangling").symlink_to("nowhere")
    give_place(made := new(tmp_path, "third"), tmp_path / "dangling")
    assert (tmp_path / "dangling").is_symlink()
    made.unlink()
    assert {each.name for each in tmp_path.iterdir()} == {"place", "dangling"}


@pytest.mark.usefixtures("links")
def test_of_many_at_once_one_wins_and_is_never_replaced(tmp_path: Path) -> None:
    for turn in range(10):
        (folder := tmp_path / str(turn)).mkdir()
        path, seen, start = folder / "place", set[str](), threading.Barrier(8)

        def make(number: int) -> None:
            made = new(folder, str(number))
            start.wait()  # noqa: B023
            give_place(made, path)  # noqa: B023
            seen.add(path.read_text())  # noqa: B023
            made.unlink(missing_ok=True)

        threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == {path.read_text()}


def test_what_a_killed_process_left_is_not_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_links(monkeypatch, "EPERM")
    (tmp_path / ".place.making").touch()
    give_place(new(tmp_path, "text"), tmp_path / "place")
    assert {each.name for each in tmp_path.iterdir()} == {"place"}


def test_a_link_in_the_place_of_the_claim_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_links(monkeypatch, "EPERM")
    (tmp_path / ".place.making").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic links"):
        give_place(new(tmp_path, "text"), tmp_path / "place")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP])
def test_without_links_and_locks_nothing_is_made(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    break_links(monkeypatch, "EPERM")
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match=os.strerror(number)):
        give_place(new(tmp_path, "text"), tmp_path / "place")
    assert not (tmp_path / "place").exists()


def test_another_process_that_stands_still_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_links(monkeypatch, "EPERM")
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with (tmp_path / ".place.making").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="another program has been making it"):
            give_place(new(tmp_path, "text"), tmp_path / "place")


@pytest.mark.parametrize(
    ("number", "heard"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True), (errno.ENOSPC, True)]
)
def test_a_folder_that_can_not_be_synced_is_not_a_disk_that_fails(
    number: int, heard: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    if heard:
        with pytest.raises(OSError, match=os.strerror(number)):
            sync_folder(tmp_path)
    else:
        sync_folder(tmp_path)
