"""With `--in-turn`, pages and forms are asked for on one engine each, by turns.

What differs by engine lies below the pages, and is tested on both. `make test` goes by turns,
`make soak` and a plain pytest ask everything of both.
"""

from pathlib import Path
from zlib import crc32

import pytest

ENGINES = ("sqlite", "postgresql")
FOLDER = Path(__file__).parent


def engine_of(item: pytest.Item) -> str | None:
    """The engine that a test would run on, if it asks for one."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("engine") if callspec else None


def turn_of(item: pytest.Item, engine: str) -> str:
    """The engine whose turn it is: the same in every run, and both about equally often."""
    name = item.nodeid.replace(engine, "engine")
    return ENGINES[crc32(name.encode()) % len(ENGINES)]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the engine whose turn it is not."""
    if not config.getoption("in_turn"):
        return
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        engine = engine_of(item) if item.path.parent == FOLDER else None
        (left if engine and turn_of(item, engine) != engine else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept
