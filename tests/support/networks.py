"""Hosts as network namespaces, joined by a switch, where they can be made: each with a link that can be cut."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import pytest

from support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HOSTS_FILES: Final = Path("/etc/netns")
"""Where ``ip netns exec`` looks for the files that a namespace has in place of those in ``/etc``."""


def ip(*words: str) -> None:
    """Run the command of that name."""
    subprocess.run(["ip", *words], check=True, capture_output=True)  # noqa: S603, S607 - the system's own


@final
class NetworkHost:
    """A host of a switch: a namespace, with names for all hosts. Mutable state: its link, and the relays in it."""

    def __init__(self, name: str, address: str, link: str) -> None:
        self.name, self.address, self._link = name, address, link
        self._relays: list[subprocess.Popen[bytes]] = []

    @property
    def command(self) -> list[str]:
        """What a command begins with, to run there."""
        return ["ip", "netns", "exec", self.name]

    def relay(self, port: int, to: NetworkHost) -> None:
        """Have a port of its own 127.0.0.1 lead to the same one of another host."""
        words = (f"127.0.0.1:{port}", f"{to.address}:{port}")
        command = [*self.command, sys.executable, "-m", "tools.torture.relay", *words]
        self._relays.append(subprocess.Popen(command, cwd=ROOT))  # noqa: S603 - our own

    def cut(self) -> None:
        """Take its link down: nothing comes or goes, and nobody is told."""
        ip("link", "set", self._link, "down")

    def join(self) -> None:
        """Take its link up again."""
        ip("link", "set", self._link, "up")

    def close(self) -> None:
        for relay in self._relays:
            relay.kill()
            relay.wait()


@contextlib.contextmanager
def switch(**numbers: int) -> Iterator[dict[str, NetworkHost]]:
    """Hosts by their names, each at the address that ends in its number (from 2 on); this one has the one with 1.

    Skips the test where namespaces can't be made; where that is root's in CI, it fails.
    """
    if shutil.which("ip") is None or os.geteuid():
        pytest.skip("network namespaces need root, and the program ip (on Debian: apt-get install iproute2)")
    number = os.getpid()
    base, bridge = f"10.{100 + number // 250 % 100}.{number % 250}", f"csms{number}b"
    hosts: dict[str, NetworkHost] = {}
    with contextlib.ExitStack() as ends:
        try:
            ip("link", "add", bridge, "type", "bridge")
            ends.callback(ip, "link", "del", bridge)
            ip("addr", "add", f"{base}.1/24", "dev", bridge)
            ip("link", "set", bridge, "up")
            names = {f"{base}.{last}": name for name, last in numbers.items()}
            for address, name in names.items():
                hosts[name] = ends.enter_context(_host(f"csms{number}-{name}", address, bridge, names))
        except (OSError, subprocess.CalledProcessError) as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(f"network namespaces can't be made here: {error}")
        yield hosts


@contextlib.contextmanager
def _host(name: str, address: str, bridge: str, names: Mapping[str, str]) -> Iterator[NetworkHost]:
    link = f"{bridge[:-1]}n{address.rpartition('.')[2]}"
    with contextlib.ExitStack() as ends:
        ip("netns", "add", name)
        ends.callback(ip, "netns", "del", name)
        folder = _HOSTS_FILES / name
        folder.mkdir(parents=True)
        ends.callback(shutil.rmtree, folder)
        lines = [f"{each} {known}\n" for each, known in {"127.0.0.1": "localhost", **names}.items()]
        (folder / "hosts").write_text("".join(lines), encoding="ascii")
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", link, "master", bridge, "up")
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        for each in ("lo", "eth0"):
            ip("-n", name, "link", "set", each, "up")
        host = NetworkHost(name, address, link)
        ends.callback(host.close)
        yield host
