"""PostgreSQL servers and poolers of the tests' own: private, on free ports, as a user that isn't root."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from support.platforms import WINDOWS
from support.ports import free_port
from support.real_time import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.networks import NetworkHost

FAST = {"fsync": "off", "full_page_writes": "off", "max_connections": "60", "shared_buffers": "16MB"}
"""What a killed server writes is there again, as only a machine forgets: waiting for the disk would prove nothing."""

_EMPTY = """
DO $$ DECLARE used text; BEGIN
    SELECT string_agg(oid::regclass::text, ', ') INTO used FROM pg_class
        WHERE relnamespace = to_regnamespace('customersms') AND relkind = 'r' AND relname NOT IN ('version', 'places')
        AND pg_relation_size(oid) > 0;
    IF used IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || used || ' CASCADE';
    END IF;
    IF to_regclass('customersms.places') IS NOT NULL THEN
        DELETE FROM customersms.places WHERE place > 1;
        UPDATE customersms.places SET trusted = true, system = (SELECT system_identifier FROM pg_control_system()),
            timeline = left(pg_walfile_name(pg_current_wal_lsn()), 8);
    END IF;
END $$"""
"""Empties the tables that were written to: all of them take 80 ms of a processor, and most tests write to few."""

PASSWORD = "a-pass/word that must never show"


def programs() -> Path:
    """The folder with a server's programs; else the test is skipped, and in CI it fails."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if (found := shutil.which("initdb")) is not None:
        folders.append(Path(found).resolve().parent)
    for folder in reversed(folders):
        if (folder / "postgres").exists():
            return folder
    if os.environ.get("CI") and not WINDOWS:
        pytest.fail("PostgreSQL is missing: CI must have it")
    pytest.skip("PostgreSQL is not installed (on Debian: apt-get install postgresql)")


def user() -> dict[str, Any]:
    """Who runs it: not root, which PostgreSQL refuses."""
    import pwd  # which Windows has not

    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    pytest.fail("there is no user but root")


@contextlib.contextmanager
def folder_of_its_user() -> Iterator[Path]:
    """A folder that this user owns, below one that anybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="customersms-pg-"))
    try:
        if owner := user():
            os.chown(folder, owner["user"], owner["group"])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class PostgresServerProcess:
    """One server, which can be stopped or killed and started again on the same port and folder.

    ``host`` has it in a network of its own, at its address and the usual port: there everyone needs a password but this
    process.
    """

    def __init__(self, folder: Path, host: NetworkHost | None = None, /, **settings: str) -> None:
        self._host = host
        self.address, self.port = ("127.0.0.1", free_port()) if host is None else (host.address, 5432)
        self.folder, self.data = folder, folder / "data"
        self._settings = {**FAST, **settings}
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, role: str = "app", database: str = "app", password: str = "") -> str:
        """The address for this role."""
        secret = f":{password.replace('/', '%2F').replace(' ', '%20')}" if password else ""
        return f"postgresql://{role}{secret}@{self.address}:{self.port}/{database}"

    @property
    def admin(self) -> str:
        """The address for the superuser."""
        return self.url("admin", "postgres")

    def make(self) -> None:
        """Make the cluster, a database and a role that owns it."""
        how = ("-A", "trust", "-U", "admin", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
        self.run("initdb", "-D", self.data, *how)
        if self._host is not None:
            net = self.address.rpartition(".")[0]
            with (self.data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {net}.1/32 trust\nhost all all {net}.0/24 scram-sha-256\n")
        self.start()
        self.sql("CREATE ROLE app LOGIN", "CREATE DATABASE app OWNER app")

    def copy(self, folder: Path) -> PostgresServerProcess:
        """A standby of this server, which streams from it."""
        other = PostgresServerProcess(folder)
        self.run("pg_basebackup", "-D", other.data, "-d", self.admin, "--no-sync", "-R", "-c", "fast", "-X", "stream")
        other.start(ready=False)
        return other

    def promote(self) -> None:
        """Make a standby the server that writes."""
        self.run("pg_ctl", "promote", "-w", "-D", self.data)

    def run(self, program: str, *arguments: object) -> None:
        """Run one of the server's programs."""
        command = [str(programs() / program), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **user())  # noqa: S603 - the system's

    def start(self, *, ready: bool = True) -> None:
        """Come back once it answers."""
        settings = {**self._settings, "listen_addresses": self.address, "port": self.port}
        settings["unix_socket_directories"] = str(self.folder)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command, who = [str(programs() / "postgres"), "-D", str(self.data), *options], user()
        if self._host is not None:  # which only root may enter
            ids = (f"--reuid={who['user']}", f"--regid={who['group']}", "--clear-groups")
            command, who = [*self._host.command, "setpriv", *ids, *command], {}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **who)  # noqa: S603 - the system's own
        for _ in range(3_000):
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(self.admin, connect_timeout=int(PATIENCE)),
            ):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        said = (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-2_000:]
        self.stop()
        pytest.fail(f"PostgreSQL did not start: {said} (ready: {ready})")

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it at once, as by a crash, and wait until it is gone; ``SIGINT`` ends it in order."""
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            process.wait()

    def sql(self, *statements: str, database: str = "postgres", role: str = "admin") -> list[Any]:
        """What the last of these gives, as the superuser or another role."""
        with psycopg.connect(self.url(role, database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def ask_for_the_password_of(self, role: str) -> None:
        """Let that role connect with its password alone; come back once the server has heard of it."""
        access = self.data / "pg_hba.conf"
        rules = access.read_text(encoding="utf-8")
        access.write_text(f"host all {role} 127.0.0.1/32 scram-sha-256\n{rules}", encoding="utf-8")
        self.sql("SELECT pg_reload_conf()")
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                psycopg.connect(self.url(role), passfile=os.devnull, connect_timeout=int(PATIENCE)).close()

    def empty(self) -> None:
        """Leave nothing in the tables, and no doubt about the place."""
        self.sql(_EMPTY, database="app")


@contextlib.contextmanager
def postgres_server(host: NetworkHost | None = None, /, **settings: str) -> Iterator[PostgresServerProcess]:
    """A server with an empty database ``app``, which belongs to the role of that name; perhaps on a host of its own."""
    programs()
    with folder_of_its_user() as folder:
        server = PostgresServerProcess(folder, host, **settings)
        try:
            server.make()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def pgbouncer(server: PostgresServerProcess, *, pool_size: int = 2, database: str = "app") -> Iterator[int]:
    """The port of a pooler before the server, which gives each transaction another connection."""
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if found is None:
        if os.environ.get("CI") and not WINDOWS:
            pytest.fail("pgbouncer is missing: CI must have it")
        pytest.skip("pgbouncer is not installed (on Debian: apt-get install pgbouncer)")
    with folder_of_its_user() as folder:
        port, settings = free_port(), folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n{database} = user=app host=127.0.0.1 port={server.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {pool_size}\n"
            f"unix_socket_dir = {folder}\nserver_round_robin = 1\nmax_client_conn = 100\n",
            encoding="utf-8",
        )
        settings.chmod(0o644)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([found, "-q", settings], stdout=log, stderr=log, cwd=folder, **user())  # noqa: S603
        try:
            for _ in range(1_000):
                with contextlib.suppress(psycopg.OperationalError):
                    psycopg.connect(f"postgresql://app@127.0.0.1:{port}/{database}", prepare_threshold=None).close()
                    break
                time.sleep(0.01)
            else:
                pytest.fail(f"pgbouncer did not start: {(folder / 'log').read_text()}")
            yield port
        finally:
            process.terminate()
            process.wait()
