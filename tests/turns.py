"""Which engine a test runs on when tests take turns: one of the two, the same in every run.

Pages and simulated people go by turns with `--in-turn`: what differs by engine lies below them, and
is tested on both. `make test` goes by turns; `make soak` and a plain pytest ask everything of both.
"""

from pathlib import Path
from zlib import crc32

import pytest

ENGINES = ("sqlite", "postgresql")
TAKE_TURNS = tuple(Path(__file__).parent / folder for folder in ("web", "simulation"))


def is_left_out(item: pytest.Item) -> bool:
    """Whether it is the other engine's turn."""
    if item.path.parent not in TAKE_TURNS:
        return False
    callspec = getattr(item, "callspec", None)
    engine = callspec.params.get("engine") if callspec else None
    return engine is not None and engine != _turn_of(item, engine)


def _turn_of(item: pytest.Item, engine: str) -> str:
    """The engine whose turn it is; both about equally often."""
    name = item.nodeid.replace(engine, "engine")
    return ENGINES[crc32(name.encode()) % len(ENGINES)]
