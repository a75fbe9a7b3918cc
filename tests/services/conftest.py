"""What the tests of services share beside the whole suite's fixtures."""

import pytest

from app.store.session import Database
from tests.reminded import ENROLLED_AT, Clock, Post


@pytest.fixture
def post(database: Database) -> Post:
    """A scheduler at work, with a recording mailer and nobody to remind yet."""
    return Post(database=database, clock=Clock(ENROLLED_AT))
