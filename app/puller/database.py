"""A copy in a database: SQLite or PostgreSQL, by one code path.

`changes` holds every version, `entries` shows the latest of each record, `pull_place` how far the
copy came, `signed_heads` what the server signed. Rows and place are written in one transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Insert,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from app.puller.copies import Place
from app.puller.proof import COLUMNS, Row, heads_of, without_text
from app.puller.refusals import PullStopped

_NUMBERS = {"seq": BigInteger, "no": BigInteger, "version": Integer}
_KEY = ("record_id", "version")
_NULLABLE = ("redacts", "data")

_METADATA = MetaData()
CHANGES = Table(
    "changes",
    _METADATA,
    *(
        Column(
            name,
            _NUMBERS.get(name, Text),
            primary_key=name in _KEY,
            autoincrement=False,
            unique=name == "seq",
            nullable=name in _NULLABLE,
        )
        for name in COLUMNS
    ),
)
SIGNED = Table(
    "signed_heads",
    _METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
)
PLACE = Table("pull_place", _METADATA, Column("place", Text, nullable=False))
_ENTRIES = """CREATE VIEW entries AS SELECT * FROM changes AS latest WHERE version =
    (SELECT max(version) FROM changes WHERE record_id = latest.record_id)"""


class DatabaseCopy:
    """The copy at a database's address."""

    def __init__(self, address: str) -> None:
        url = make_url(address)
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        self._engine = create_engine(url)
        self._place = Place()

    def open(self) -> Place:
        """Create the tables where they are missing, and say how far the copy came."""
        with self._writing() as connection:
            _METADATA.create_all(connection)
            if "entries" not in inspect(connection).get_view_names():
                connection.execute(text(_ENTRIES))
            written = connection.scalar(select(PLACE.c.place))
            if written is None:
                connection.execute(insert(PLACE).values(place=self._place.written()))
            else:
                self._place = Place.read(written)
        return self._place

    def add(self, rows: Sequence[Row], place: Place) -> None:
        """Keep a page and the place after it in one transaction."""
        with self._writing() as connection:
            self._move(connection, place)
            if rows:
                connection.execute(self._upsert(), list(rows))
            for row in rows:
                if row["op"] == "redact":
                    _redact(connection, row)
        self._place = place

    def drop_after(self, seq: int) -> Place:
        """Forget the changes above a number."""
        with self._writing() as connection:
            connection.execute(delete(CHANGES).where(CHANGES.c.seq > seq))
            place = Place(str(seq), heads_of(_rows(connection)))
            self._move(connection, place)
        self._place = place
        return place

    def list_signed(self) -> list[str]:
        """The signed heads that are held, the first one first."""
        with self._writing() as connection:
            return list(connection.scalars(select(SIGNED.c.document).order_by(SIGNED.c.number)))

    def keep_signed(self, number: int, text: str) -> None:
        """Keep signed heads beside the rows."""
        with self._writing() as connection:
            connection.execute(insert(SIGNED).values(number=number, document=text))

    def drop_signed(self, number: int) -> None:
        """Forget signed heads from a number on, as a restore does."""
        with self._writing() as connection:
            connection.execute(delete(SIGNED).where(SIGNED.c.number >= number))

    def read(self) -> Iterator[Row]:
        """Every row, in the order of the feed."""
        with self._writing() as connection:
            yield from _rows(connection)

    def finish(self) -> None:
        """Nothing: the view is always up to date."""

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _move(self, connection: Connection, place: Place) -> None:
        """Write the new place over the one we stand at; another's is left alone."""
        moved = connection.execute(
            update(PLACE)
            .where(PLACE.c.place == self._place.written())
            .values(place=place.written())
        )
        if moved.rowcount != 1:
            raise PullStopped("Another pull is writing into this copy. Let it end, then run again.")

    def _upsert(self) -> Insert:
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        new = dialect.insert(CHANGES)
        upsert: Insert = new.on_conflict_do_update(
            index_elements=_KEY,
            set_={name: new.excluded[name] for name in COLUMNS if name not in _KEY},
        )
        return upsert

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as fault:
            raise PullStopped(f"The copy cannot be written: {fault}") from fault


def _rows(connection: Connection) -> Iterator[Row]:
    query = select(CHANGES).order_by(CHANGES.c.seq).execution_options(yield_per=500)
    return (dict(row) for row in connection.execute(query).mappings())


def _redact(connection: Connection, by: Row) -> None:
    """Null the text that a redaction removes, in the earlier versions of its record."""
    earlier = (CHANGES.c.record_id == by["record_id"]) & (CHANGES.c.version < by["version"])
    for held in connection.execute(select(CHANGES).where(earlier)).mappings().all():
        row = without_text(dict(held), by["redacts"])
        if row is not None:
            connection.execute(
                update(CHANGES)
                .where(CHANGES.c.change_id == row["change_id"])
                .values(texts=row["texts"], text_salt=row["text_salt"])
            )
