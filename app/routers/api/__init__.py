"""The versioned door of the trial database, `/api/v1`: it is read from, and nothing is written.

Each module is a noun with its router. Answers are written in `app/exports`; what a key may see is
decided by the services.
"""

from fastapi import APIRouter

from app.routers.api import changes, entries, metadata, participants, reconciliation
from app.routers.api.examples import illustrate

__all__ = ["ROUTERS", "illustrate"]

ROUTERS: tuple[APIRouter, ...] = (
    changes.router,
    entries.router,
    reconciliation.router,
    participants.router,
    metadata.router,
)
