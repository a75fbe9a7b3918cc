"""How much a test does: a reduced count in `make test`, the full one in `make soak`."""

import os

SOAK = os.environ.get("SOAK") == "1"


def effort(reduced: int, full: int) -> int:
    """The count to use in this run."""
    return full if SOAK else reduced
