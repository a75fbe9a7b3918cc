"""Engines and sessions: how the diary begins, ends and orders its transactions.

`Database.write()` is the only place that commits. On SQLite a write holds one in-process gate and
begins IMMEDIATE; on PostgreSQL it runs READ COMMITTED. Changes queued during the transaction are
appended to the ledger as its last statements, so that no rendering happens while that lock is held
and the order of the ledger is the order of commits.

Loss of the database: a pooled connection is tried before it is used, and the next one finds the
host that takes writes; that is the one retry which is always safe. What was under way is answered
Unavailable, and whoever sent it sends it again.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session as Session  # verbs take it from here
from sqlalchemy.orm import SessionTransaction

from app.domain.errors import Unavailable
from app.store import commits, ledger
from app.store.addresses import read_address
from app.store.guards import check_guards

LOCK_TIMEOUT_S = 2.0
STATEMENT_S = 60
"""How long one statement may take on PostgreSQL; it does not reach a commit."""
COMMIT_DEADLINE_S = 8.0
"""How long a commit may wait for the standby before nothing is confirmed."""
_POOL = {
    "pool_size": 20,
    "max_overflow": 20,
    "pool_timeout": LOCK_TIMEOUT_S,
    "hide_parameters": True,  # an error goes into the log, and what people typed does not
}
_NOTICES_LOSS = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""How libpq notices a host that is gone without a word, unless the address says otherwise."""


class ReadSession(Session):
    """A session that sees one moment of the database and changes nothing."""


class WriteSession(Session):
    """A session whose changes are committed together with their rows in the ledger."""

    gate: "threading.Lock | None" = None
    holds_gate = False

    def release_gate(self) -> None:
        """Let the next writer in; without effect when this session never began."""
        if self.gate is not None and self.holds_gate:
            self.holds_gate = False
            self.gate.release()


@event.listens_for(WriteSession, "after_begin")
def _begin_writing(session: WriteSession, _: SessionTransaction, connection: Connection) -> None:
    if session.gate is None:
        return
    if not session.gate.acquire(timeout=LOCK_TIMEOUT_S):
        raise Unavailable
    session.holds_gate = True
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@event.listens_for(ReadSession, "after_begin")
def _begin_reading(session: ReadSession, _: SessionTransaction, connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")


class Database:
    """The one database of a deployment. Opens nothing until it is first used."""

    def __init__(self, url: str, *, commit_deadline_s: float = COMMIT_DEADLINE_S) -> None:
        self.url = read_address(url)
        self._commit_deadline_s = commit_deadline_s
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._gate = threading.Lock() if self.is_sqlite else None
        self.engine = self._open()
        self._reader = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        )

    def _open(self) -> Engine:
        if self.is_sqlite:
            engine = create_engine(
                self.url,
                connect_args={"check_same_thread": False, "timeout": LOCK_TIMEOUT_S},
                **_POOL,
            )
            event.listen(engine, "connect", _prepare_sqlite)
            return engine
        limits = f"-c lock_timeout={LOCK_TIMEOUT_S:.0f}s -c statement_timeout={STATEMENT_S}s"
        options = {
            name: value for name, value in _NOTICES_LOSS.items() if name not in self.url.query
        }
        engine = create_engine(
            self.url,
            connect_args={"options": f"{limits} -c timezone=UTC", **options},
            pool_pre_ping=True,
            **_POOL,
        )
        deadline_s = self._commit_deadline_s
        event.listen(engine, "commit", lambda connection: commits.confirm(connection, deadline_s))
        return engine

    def prepare(self) -> None:
        """Make the folder of an embedded database, so that it can be created there."""
        if self.is_sqlite:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """One consistent, read-only view; raises Unavailable when the database cannot answer."""
        with _unavailable(), ReadSession(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[WriteSession]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises Unavailable when a lock or the database could not be had in time, and nothing was
        saved; or, with the code `unconfirmed`, when the commit was not confirmed in time.
        """
        with _unavailable(), WriteSession(self.engine, expire_on_commit=False) as session:
            session.gate = self._gate
            try:
                yield session
                ledger.append_queued(session)
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.release_gate()

    @contextmanager
    def unhurried(self) -> Iterator[Connection]:
        """A connection for work on the schema, whose statements may take their time."""
        with self.engine.connect() as connection:
            if not self.is_sqlite:
                connection.detach()  # nobody else is to get it afterwards
                connection.exec_driver_sql("SET statement_timeout = 0")
                connection.commit()
            yield connection

    def check(self) -> None:
        """Raise an error when a guard of an insert-only table is missing."""
        with self.read() as session:
            check_guards(session)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as fault:
        raise Unavailable from fault
    except DBAPIError as fault:
        if fault.connection_invalidated:
            raise Unavailable from fault
        raise
