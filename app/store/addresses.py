"""The address of the database, as operators write it: one host, or several of one PostgreSQL.

Several hosts are written as PostgreSQL's own tools take them (`//u:p@h1:5432,h2:5433/db`) or as
SQLAlchemy does (`?host=h1:5432&host=h2:5433`). Whoever names several means the one that takes
writes, so that is asked for unless the address says otherwise.
"""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg


def read_address(address: str) -> URL:
    """Read an address; ValueError or SQLAlchemy's ArgumentError when it is none."""
    scheme, _, rest = address.partition("://")
    if scheme not in ("postgresql", "postgresql+psycopg"):
        return make_url(address)
    if "," in urlsplit(address).netloc:
        return _of_several(_as_libpq_reads(f"postgresql://{rest}"))
    url = make_url(f"postgresql+psycopg://{rest}")
    if "host" not in url.query:
        return url
    dialect: Any = PGDialect_psycopg
    said = dialect().create_connect_args(url)[1]
    return _of_several(said) if "," in said["host"] else url


def _as_libpq_reads(address: str) -> dict[str, str]:
    from psycopg import ProgrammingError  # not there where SQLite alone is used
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {name: str(value) for name, value in conninfo_to_dict(address).items()}
    except ProgrammingError as fault:
        raise ValueError(f"the database's address cannot be read: {fault}") from None


def _of_several(said: dict[str, str]) -> URL:
    """Put hosts and ports where both SQLAlchemy and PostgreSQL's tools look for them."""
    query = {"target_session_attrs": "read-write", **said}
    return URL.create(
        "postgresql+psycopg",
        username=query.pop("user", None),
        password=query.pop("password", None),
        database=query.pop("dbname", None),
        query=query,
    )
