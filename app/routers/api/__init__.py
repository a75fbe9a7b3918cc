"""The versioned door of the trial database, `/api/v1`: read from, and told how far one has read.

Each module is a noun with its router. Answers are written in `app/exports`; what a key may see is
decided by the services.
"""

from fastapi import APIRouter

from app.routers.api import (
    changes,
    cursors,
    entries,
    exports,
    metadata,
    participants,
    reconciliation,
)
from app.routers.api.examples import illustrate

__all__ = ["ROUTERS", "illustrate"]

ROUTERS: tuple[APIRouter, ...] = (
    changes.router,
    cursors.router,
    entries.router,
    reconciliation.router,
    participants.router,
    exports.router,
    metadata.router,
)
