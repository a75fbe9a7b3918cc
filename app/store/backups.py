"""Copies of a whole database, and what a database needs to go on after one of them was restored.

SQLite is copied while it is used, by its own online backup; PostgreSQL by `pg_dump`, which sees one
moment. What a copy is worth is for the services to prove.
"""

import os
import shutil
import sqlite3
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.domain.errors import InvalidInput
from app.store.session import Database
from app.store.tables import LedgerRow

PAGES = 4096
"""Pages of SQLite copied before writers are let in again."""
Progress = Callable[[int, int], object]


def copy_out(database: Database, target: Path, progress: Progress = lambda done, of: None) -> None:
    """Write a copy of the database as it is at one moment; the database stays in use.

    Raises InvalidInput with what the engine's own tool said when it cannot do it.
    """
    if database.is_sqlite:
        with (
            closing(sqlite3.connect(_file_of(database))) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy, pages=PAGES, progress=lambda _, left, of: progress(of - left, of))
            copy.execute("PRAGMA journal_mode = DELETE")
        return
    _run_tool(database, "pg_dump", "--format=custom", "--no-owner", "--no-acl", f"--file={target}")


def copy_in(source: Path, database: Database) -> None:
    """Fill an empty database from a copy, whole or not at all."""
    if database.is_sqlite:
        database.prepare()
        shutil.copyfile(source, _file_of(database))
        return
    _run_tool(database, "pg_restore", "--no-owner", "--no-acl", "--single-transaction", str(source))


def is_empty(database: Database) -> bool:
    """Whether the database has no table yet."""
    if database.is_sqlite and not _file_of(database).exists():
        return True
    return not inspect(database.engine).get_table_names()


def discard(database: Database) -> None:
    """Take away what `copy_in` brought and is not worth keeping."""
    database.close()
    if database.is_sqlite:
        _file_of(database).unlink(missing_ok=True)
        return
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))


@contextmanager
def scratch(database: Database, folder: Path) -> Iterator[Database]:
    """An empty database of the same engine, gone when the block ends: a file in the folder, or a
    database beside this one. What a process that died left behind goes first.

    Raises InvalidInput("scratch_refused") where the role may not create databases.
    """
    opened = _scratch_file(folder) if database.is_sqlite else _scratch_beside(database)
    try:
        yield opened
    finally:
        opened.close()
        if database.is_sqlite:
            shutil.rmtree(_file_of(opened).parent)
        else:
            _drop(_server(database), str(opened.url.database))


def _scratch_file(folder: Path) -> Database:
    for left in folder.glob(".scratch-*"):
        shutil.rmtree(left)
    return Database(f"sqlite:///{mkdtemp(dir=folder, prefix='.scratch-')}/scratch.db")


def _scratch_beside(database: Database) -> Database:
    server, prefix = _server(database), f"{database.url.database}_scratch_"
    idle = text(
        "SELECT datname FROM pg_database d WHERE starts_with(datname, :prefix) AND NOT EXISTS"
        " (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)"
    )
    name = f"{prefix}{uuid.uuid4().hex[:12]}"
    try:
        with server.connect() as connection:
            left = connection.execute(idle, {"prefix": prefix}).scalars().all()
            for one in left:
                _drop(server, one)
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
    except ProgrammingError as fault:
        raise InvalidInput("scratch_refused") from fault
    return Database(database.url.set(database=name).render_as_string(hide_password=False))


def _server(database: Database) -> Engine:
    """The database's server, for statements that no transaction can hold."""
    return database.engine.execution_options(isolation_level="AUTOCOMMIT")


def _drop(server: Engine, name: str) -> None:
    with server.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def has_head(session: Session, stream: str, no: int, hash_: str) -> bool:
    """Whether the ledger has that row of a stream, with that hash."""
    found = select(LedgerRow.hash).where(LedgerRow.stream == stream, LedgerRow.no == no)
    return session.scalar(found) == hash_


def last_seq(session: Session) -> int:
    """The place of the ledger's last change; 0 before the first."""
    return session.scalar(select(func.max(LedgerRow.seq))) or 0


def go_on_after(session: Session, seq: int) -> None:
    """Let the ledger's order go on above a place."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(
            text("UPDATE sqlite_sequence SET seq = :seq WHERE name = 'ledger'"), {"seq": seq}
        )
        return
    session.execute(
        text("SELECT setval(pg_get_serial_sequence('ledger', 'seq'), :seq)"), {"seq": seq}
    )


def _file_of(database: Database) -> Path:
    return Path(str(database.url.database))


def _run_tool(database: Database, tool: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own tools on the database; the password stays off its arguments."""
    found = shutil.which(tool)
    if found is None:
        raise InvalidInput("tool_missing", tool=tool)
    url = database.url.set(drivername="postgresql", password=None)
    environment = {**os.environ, "PGPASSWORD": str(database.url.password or "")}
    done = subprocess.run(  # noqa: S603 - no shell, and every argument is ours or the operator's
        [found, f"--dbname={url.render_as_string()}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise InvalidInput("tool_failed", tool=tool, told=done.stderr.strip()[-500:])
