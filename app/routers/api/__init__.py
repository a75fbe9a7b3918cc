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
    heads,
    metadata,
    odm,
    participants,
    reconciliation,
    redcap_exports,
)
from app.routers.api.samples import illustrate

__all__ = ["ROUTERS", "illustrate"]

ROUTERS: tuple[APIRouter, ...] = (
    changes.router,
    cursors.router,
    entries.router,
    reconciliation.router,
    heads.router,
    participants.router,
    exports.router,
    odm.router,
    redcap_exports.router,
    metadata.router,
    metadata.described,
)
