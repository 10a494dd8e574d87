"""A fleet in a world that hurts it: hosts killed, stopped and cut off, a database server that is killed and comes back.

Three hosts run campaigns of one PostgreSQL database, one of them through PgBouncer. Each is a network namespace with a
link of its own, where those can be made, so that being cut off is real: from the database, or from the gateway. The
gateway is the sandbox, in this process. The judge counts who was texted twice, who was lost (never sent to), and who is
said to be accepted and never was, or to be unsent and was. With ``--control`` whoever a killed host was just sending to
is planned again at once, which must be found.

``python -m tools.torture.fleet --faults 500 --seed 7`` prints what was done, and ends with status 1 if anything is
wrong. It needs PostgreSQL and PgBouncer, and for the namespaces to be root.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from customersms_async import Campaign, Limit
from customersms_async.campaign.wanted import WantedChange
from customersms_async.campaign.wanted_states import WantedEvent
from customersms_async.sandbox import Fault, Sandbox
from support.postgres_servers import PostgresServerProcess, pgbouncer, postgres_server
from tools.torture.fleet_host import BATCH, KEY, client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOSTS: Final = 3
LEASE: Final = 2
LATENCY: Final = 0.15
ROOT: Final = Path(__file__).resolve().parents[2]
ENVIRONMENT: Final = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests"), str(ROOT)])}


class Namespace:
    """A network of one host, with a link to this one: its own 127.0.0.1 leads to ports of ours, until they are cut."""

    def __init__(self, number: int, database: int, gateway: int) -> None:
        self.name = f"customersms-{os.getpid()}-{number}"
        self._link, self._base = f"csms{os.getpid() % 10_000}n{number}", f"10.77.{number}"
        self._relays: list[subprocess.Popen[bytes]] = []
        _ip("netns", "add", self.name)
        _ip("link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        for address in (f"{self._base}.1/24", f"{self._base}.2/24"):  # the database's, the gateway's
            _ip("addr", "add", address, "dev", self._link)
        _ip("link", "set", self._link, "up")
        for words in (("addr", "add", f"{self._base}.9/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
            _ip("-n", self.name, *words)
        _ip("-n", self.name, "link", "set", "lo", "up")
        here, there = [], []
        for place, port in ((1, database), (2, gateway)):
            far, near = f"{self._base}.{place}:{port}", f"127.0.0.1:{port}"
            here += [far, near]
            there += [near, far]
        for command, addresses in (([], here), (self.command, there)):
            relay = [*command, sys.executable, "-m", "tools.torture.relay", *addresses]
            self._relays.append(subprocess.Popen(relay, env=ENVIRONMENT, cwd=ROOT))  # noqa: S603 - our own

    @property
    def command(self) -> list[str]:
        """What a command begins with, to run in this network."""
        return ["ip", "netns", "exec", self.name]

    def cut(self, place: int) -> None:
        """Let nothing through to the database (1) or the gateway (2)."""
        _ip("-n", self.name, "route", "add", "blackhole", f"{self._base}.{place}/32")

    def join(self, place: int) -> None:
        """Let everything through again."""
        _ip("-n", self.name, "route", "del", "blackhole", f"{self._base}.{place}/32")

    def close(self) -> None:
        """Take it away."""
        for relay in self._relays:
            relay.kill()
            relay.wait()
        _ip("netns", "del", self.name)


class Plain:
    """A host without a network of its own, where none can be made: it can't be cut off."""

    command: tuple[str, ...] = ()

    def close(self) -> None:
        """Do nothing."""


class FleetTorture:
    """The world: the database, the gateway, the hosts, and what was done to them."""

    def __init__(
        self,
        server: PostgresServerProcess,
        sandbox: Sandbox,
        gateway: str,
        pooled: int,
        dice: random.Random,
        pause: float,
    ) -> None:
        self.server, self.sandbox, self.gateway, self.dice, self._pause = server, sandbox, gateway, dice, pause
        self.done: Counter[str] = Counter()
        self.names: list[str] = []
        self.phones: list[str] = []
        ports = [server.port] * (HOSTS - 1) + [pooled]
        self._addresses = [f"postgresql://app@127.0.0.1:{port}/app?lease={LEASE}" for port in ports]
        gateway_port = int(gateway.split(":")[2].split("/")[0])
        self._networks = [_network(number, port, gateway_port) for number, port in enumerate(ports)]
        self.processes: list[subprocess.Popen[bytes]] = []

    def add(self, campaigns: int, people: int) -> None:
        """Add campaigns of so many people, and have their runs wanted."""

        async def add() -> None:
            sender = client(self.gateway)
            for number in range(campaigns):
                name = f"torture-{number}"
                phones = [f"+1{200 + number}{place:07}" for place in range(people)]
                self.names.append(name)
                self.phones += phones
                async with Campaign.open(f"{self._addresses[0]}#{name}") as campaign:
                    await campaign.add(phones, "Hello")
                    stream = campaign.run(sender, max_recipients=0, stop_after_unknown=None, stop_after_refused=None)
                    with contextlib.suppress(Exception):  # it stops at once, and has said on which terms
                        async for _ in stream:
                            pass
                    await self._want_without_end(campaign)
            await sender.aclose()

        asyncio.run(add())

    async def _want_without_end(self, campaign: Campaign) -> None:
        now = await campaign.wanted()
        assert now is not None
        assert now.terms is not None
        import msgspec

        guards = msgspec.structs.replace(now.terms.guards, max_recipients=None)
        terms = msgspec.structs.replace(now.terms, guards=guards)
        await campaign.ledger.want(WantedChange(event=WantedEvent.BEGUN, by="the torture", terms=terms))

    def start(self, number: int) -> None:
        """Start the process of a host."""
        command = [*self._networks[number].command, sys.executable, "-m", "tools.torture.fleet_host"]
        command += [self._addresses[number], self.gateway, ",".join(self.names)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=ENVIRONMENT, cwd=ROOT)  # noqa: S603 - our own
        self.processes[number : number + 1] = [process]

    def step(self, *, control: bool) -> None:
        """Do one thing to somebody."""
        act: Callable[[], None] = self.dice.choice(
            [self.kill, self.kill, self.stop, self.cut, self.cut, self.end_connections, self.end_connections, self.hurt]
            + [self.kill_server] * (self.dice.random() < 0.4)
        )
        act()
        if control:
            self.plan_again()
        time.sleep(self.dice.random() / 2)

    def wait_for(self, texts: int) -> None:
        """Wait for so many texts, or for some seconds, so that the faults fall among all of them."""
        until = time.monotonic() + self._pause
        while len(self.sandbox.texts) < texts and time.monotonic() < until:
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill a host, and start it anew."""
        number = self.dice.randrange(HOSTS)
        self.processes[number].kill()
        self.processes[number].wait()
        self.start(number)
        self.done["killed"] += 1

    def stop(self) -> None:
        """Stop a host, perhaps for longer than its lease, and let it go on."""
        process = self.processes[self.dice.randrange(HOSTS)]
        process.send_signal(signal.SIGSTOP)
        time.sleep(self.dice.choice((0.2, 1.0, 1.5 * LEASE)))
        process.send_signal(signal.SIGCONT)
        self.done["stopped"] += 1

    def cut(self) -> None:
        """Cut a host off from the database or from the gateway, perhaps for longer than its lease."""
        network, place = self.dice.choice(self._networks), self.dice.choice((1, 1, 2))
        if isinstance(network, Namespace):
            network.cut(place)
            time.sleep(self.dice.choice((0.3, 1.0, 1.5 * LEASE)))
            network.join(place)
            self.done["cut off from the database" if place == 1 else "cut off from the gateway"] += 1

    def end_connections(self) -> None:
        """End all processes of the server's that serve somebody."""
        with contextlib.suppress(Exception):  # it is just coming back
            self.server.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'app' AND pid <> pg_backend_pid()"
            )
            self.done["connections ended"] += 1

    def kill_server(self) -> None:
        """Kill the server, and have it come back."""
        self.server.stop()
        time.sleep(self.dice.random())
        self.server.start()
        self.done["server killed"] += 1

    def hurt(self) -> None:
        """Have the gateway cut a few answers."""
        fault = self.dice.choice((Fault.JSON_CUT, Fault.RESET_AFTER, Fault.CLOSE_BEFORE, Fault.STATUS_502))
        self.sandbox.misbehave({self.dice.randrange(1, 20): fault})
        self.done["gateway hurt"] += 1

    def plan_again(self) -> None:
        """Plan whoever is being sent to again, as nobody may: the control."""
        self.server.sql(
            "UPDATE customersms.campaign_recipients SET state = 'unknown' WHERE state = 'sending'",
            "UPDATE customersms.campaign_recipients SET state = 'planned' WHERE state = 'unknown'",
            database="app",
        )

    def finish(self, patience: float) -> dict[str, str]:
        """Wait until all campaigns are done, and give what the ledgers say of everyone.

        ``patience``: for so many seconds without a text; who is not sent to by then is lost.
        """
        texts, since = 0, time.monotonic()
        while any(process.poll() is None for process in self.processes) and time.monotonic() - since < patience:
            time.sleep(0.2)
            if len(self.sandbox.texts) > texts:
                texts, since = len(self.sandbox.texts), time.monotonic()
        for process in self.processes:
            process.kill()
            process.wait()
        return asyncio.run(self._told())

    async def _told(self) -> dict[str, str]:
        told: dict[str, str] = {}
        for name in self.names:
            async with Campaign.open(f"{self._addresses[0]}#{name}", create=False) as campaign:
                told |= {o.phone: str(o.status) async for o in campaign.outcomes()}
        return told

    def judge(self, told: dict[str, str]) -> list[str]:
        """What is wrong."""
        came = Counter(text.phone for text in self.sandbox.texts)
        wrong = [f"{phone} was texted {count} times" for phone, count in came.items() if count > 1]
        for phone in self.phones:
            if told[phone] == "accepted" and not came[phone]:
                wrong.append(f"{phone} is said to be accepted, and never came")
            elif told[phone] in ("unsent", "rejected"):
                wrong.append(f"{phone} is lost: {told[phone]}, {came[phone]} came")
        self.done.update(told.values())
        return wrong

    def close(self) -> None:
        """End all hosts, and take their networks away."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
                process.wait()
        for network in self._networks:
            network.close()


def _network(number: int, database: int, gateway: int) -> Namespace | Plain:
    if shutil.which("ip") is None or os.geteuid():
        return Plain()
    return Namespace(number, database, gateway)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)  # noqa: S603, S607 - the system's own


@contextlib.contextmanager
def _world(dice: random.Random, pause: float) -> Iterator[FleetTorture]:
    sandbox = Sandbox(keys={KEY: 10**9}, limits=(Limit(10**6, 1),), latency=(0.0, LATENCY))
    with contextlib.ExitStack() as ends:
        server = ends.enter_context(postgres_server(max_connections="100"))
        gateway, pooled = ends.enter_context(sandbox.serve_in_thread()), ends.enter_context(pgbouncer(server))
        world = FleetTorture(server, sandbox, gateway, pooled, dice, pause)
        ends.callback(world.close)
        yield world


def torture(faults: int, seed: int, campaigns: int, people: int, *, pause: float, control: bool) -> list[str]:
    """Do so many things to a fleet; gives what is wrong. ``pause`` (seconds): at most, between two of them."""
    with _world(random.Random(seed), pause) as world:
        world.add(campaigns, people)
        for number in range(HOSTS):
            world.processes.append(None)  # type: ignore[arg-type]  # start puts the process there
            world.start(number)
        for number in range(faults):
            if all(process.poll() is not None for process in world.processes):
                print(f"all campaigns were done after {number} faults: give them more people")
                break
            world.step(control=control)
            world.wait_for(len(world.phones) * (number + 1) * 19 // (faults * 20))  # so that the last meets somebody
            if number % 25 == 24:
                print(f"{number + 1:5} of {faults}  {len(world.sandbox.texts):,} texts  {dict(world.done)}", flush=True)
        told = world.finish(120.0)
        wrong = world.judge(told)
        print(f"{len(world.sandbox.texts):,} texts in batches of {BATCH}: {dict(world.done)}")
    return wrong


def main() -> int:
    """Torture, and say what is wrong."""
    asks = argparse.ArgumentParser(description=__doc__)
    asks.add_argument("--faults", type=int, default=500)
    asks.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    asks.add_argument("--campaigns", type=int, default=20)
    asks.add_argument("--people", type=int, default=11_500)
    asks.add_argument("--pause", type=float, default=10.0, help="seconds, at most, until a fault's share of texts came")
    asks.add_argument("--control", action="store_true")
    asked = asks.parse_args()
    print(f"{asked.faults} faults with seed {asked.seed}")
    wrong = torture(asked.faults, asked.seed, asked.campaigns, asked.people, pause=asked.pause, control=asked.control)
    print("\n".join(wrong[:20]) or "nothing is wrong", f"({len(wrong)})" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
