"""Small demos: a few simulated people in a database and a folder of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.services.deployment import Deployment
from app.settings import Settings
from app.simulation.demo import Demo
from app.store.session import Database

SECRET = "Zk3v9Q1xT7nB5mC8pL2wR6yH4dF0gJsA"

MakeDemo = Callable[..., Demo]


def deployment(*, demo: bool) -> Deployment:
    """The shipped study, in demo mode or not, with the same secret."""
    return Deployment.of(Settings(demo=demo, secret_key=SECRET))


@pytest.fixture
def make_demo(database: Database, tmp_path: Path) -> MakeDemo:
    """A demo of `count` people, the visitor included, or of those in the file `scores`."""

    def make(count: int = 1, scores: Path | None = None) -> Demo:
        return Demo(database, deployment(demo=True), tmp_path, scores, count)

    return make
