"""Imports point one way: edges → services → store → domain, and each library has one home.

`ARROWS` is the whole truth: a module of ours may import what its row names, and itself. The longest
matching name decides, so that one module of a package can be freer or stricter than its siblings.
"""

import ast
import sys
from collections.abc import Iterator

import pytest

from tests.house.tree import Source, sources

EDGE = {
    "app.charts",
    "app.domain",
    "app.exports",
    "app.metrics",
    "app.observability",
    "app.rendering",
    "app.services",
    "app.settings",
    "app.store",
}
ARROWS: dict[str, set[str]] = {
    "app": set(),
    "app.domain": set(),
    "app.store": {"app.domain"},
    "app.services": {"app.domain", "app.store"},
    "app.services.deployment": {"app.domain", "app.services", "app.settings"},
    "app.exports": {"app.domain"},
    "app.gateways": {"app.domain", "app.services.ports"},
    "app.simulation": {"app.domain", "app.services", "app.store.session"},
    "app.puller": {"app.domain.errors", "app.domain.ledger"},
    "app.settings": set(),
    "app.charts": {"app.domain"},
    "app.observability": set(),
    "app.metrics": {"app.domain", "app.services", "app.settings", "app.store.session"},
    "app.security": {"app.observability"},
    "app.wire": set(),
    "app.rendering": {"app.domain", "app.settings"},
    "app.routers": EDGE,
    "app.scheduler": {*EDGE, "app.routers.deps"},
    "app.main": {*EDGE, "app.gateways", "app.routers", "app.security"},
    "app.commands": {*EDGE, "app.routers.deps"},
    "app.commands.archiving": {*EDGE, "app.routers.clinician.copy_files", "app.routers.deps"},
    "app.commands.rehearsing": {*EDGE, "app.routers.deps", "app.simulation"},
    "app.__main__": {
        *EDGE,
        "app.commands",
        "app.routers.deps",
        "app.routers.sentences",  # an operator reads the sentences that the pages show
        "app.gateways",
        "app.main",
        "app.puller",
        "app.scheduler",
        "app.simulation",
        "app.wire",
    },
    "alembic": {"app.settings", "app.store"},
    "alembic.versions": set(),
}

WEB = {"app.main", "app.observability", "app.rendering", "app.routers", "app.security"}
HOMES: dict[str, set[str]] = {
    "alembic": {"alembic", "app.store"},
    "apscheduler": {"app.scheduler"},
    "fastapi": WEB,
    "httpx": {"app.gateways", "app.puller"},
    "jinja2": {"app.rendering"},
    "prometheus_client": {"app.metrics"},
    "smtplib": {"app.gateways"},
    "sqlalchemy": {"alembic", "app.puller", "app.store"},
    "starlette": WEB,
    "typer": {"app.__main__", "app.commands"},
    "uvicorn": {"app.__main__", "app.wire"},
    "webauthn": {"app.services"},
    "webpush": {"app.gateways"},
}
DOMAIN_LIBRARIES = {"pydantic", "rfc8785"}


def is_within(name: str, place: str) -> bool:
    """Whether a dotted name is `place` or lies inside it."""
    return name == place or name.startswith(f"{place}.")


def row_of(module: str) -> str:
    """The row of ARROWS that speaks for a module."""
    return max((row for row in ARROWS if is_within(module, row)), key=len)


def wrong_arrows(source: Source) -> Iterator[str]:
    """Imports of ours that ARROWS does not allow."""
    row = row_of(source.module)
    for name in source.imports():
        if is_within(name, "app") and not any(
            is_within(name, allowed) for allowed in {row, *ARROWS[row]}
        ):
            yield f"{source.path} imports {name}"


def strayed_libraries(source: Source) -> Iterator[str]:
    """Imports of a library outside its home."""
    for name in source.imports():
        library = name.split(".")[0]
        homes = HOMES.get(library, {source.module})
        if not any(is_within(source.module, home) for home in homes):
            yield f"{source.path} imports {name}, which belongs to {', '.join(sorted(homes))}"


def domain_libraries(source: Source) -> Iterator[str]:
    """Libraries in the domain beside the standard one and its two."""
    for name in source.imports():
        library = name.split(".")[0]
        if library not in {"app", *DOMAIN_LIBRARIES, *sys.stdlib_module_names}:
            yield f"{source.path} imports {name}"


def commits(source: Source) -> Iterator[str]:
    """Calls of commit(), which only the store's session may make."""
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "commit"
            and source.module != "app.store.session"
        ):
            yield f"{source.path}:{node.lineno} commits"


RULES = {
    "arrows": (wrong_arrows, ("app", "alembic")),
    "libraries": (strayed_libraries, ("app", "alembic")),
    "domain": (domain_libraries, ("app/domain",)),
    "commit": (commits, ("app", "alembic")),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_tree_keeps_the_rule(rule: str) -> None:
    check, folders = RULES[rule]
    assert [fault for source in sources(*folders) for fault in check(source)] == []


@pytest.mark.parametrize("row", [row for row in ARROWS if row.startswith("app.")])
def test_every_row_speaks_for_a_module_that_exists(row: str) -> None:
    assert any(is_within(source.module, row) for source in sources("app"))


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("arrows", "app/domain/figures.py", "from app.store import records"),
        ("arrows", "app/domain/figures.py", "from ..store import records"),
        ("arrows", "app/store/feed.py", "import app.services.feed"),
        ("arrows", "app/store/session.py", "from app.settings import Settings"),
        ("arrows", "app/services/diary.py", "def verb():\n    from app.gateways import mail"),
        ("arrows", "app/services/diary.py", "from app.routers.deps import actor"),
        ("arrows", "app/exports/csv.py", "from app.store.records import list_entries"),
        ("arrows", "app/gateways/mail.py", "from app.services.reminders import send"),
        ("arrows", "app/simulation/demo.py", "from app.store.tables import Participant"),
        ("arrows", "app/puller.py", "from app.domain.records import Submission"),
        ("arrows", "app/routers/api.py", "from app.main import create_app"),
        ("arrows", "app/routers/api.py", "from app import puller"),
        ("arrows", "alembic/versions/20260101_0000_first.py", "from app.store import tables"),
        ("libraries", "app/services/diary.py", "from fastapi import HTTPException"),
        ("libraries", "app/services/queries.py", "from sqlalchemy import select"),
        ("libraries", "app/__main__.py", "import apscheduler.schedulers.blocking"),
        ("domain", "app/domain/figures.py", "import numpy"),
        ("commit", "app/services/diary.py", "def verb(session):\n    session.commit()"),
        ("commit", "app/routers/admin.py", "def act(session):\n    session.orm.commit()"),
    ],
)
def test_the_rule_can_fail(rule: str, path: str, text: str) -> None:
    check, _ = RULES[rule]
    assert list(check(Source(path, text))) != []


def test_the_arrows_that_are_meant_pass() -> None:
    meant = Source(
        "app/services/diary.py", "from app.store import records\nimport app.domain.ledger"
    )
    assert list(wrong_arrows(meant)) == []
