"""`GET /api/v1/reconciliation`: what both sides must hold, day by day, in a few bytes each."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from app.routers.api.keys import ChangesKey, api_router
from app.routers.api.queries import DaysQuery, record_reading
from app.routers.api.shapes import Reconciliation
from app.routers.deps import Here
from app.services.reconciliation import read_day_sums

router: APIRouter = api_router()


@router.get("/reconciliation")
def reconcile(
    service: Here, holder: ChangesKey, query: Annotated[DaysQuery, Query()]
) -> Reconciliation:
    """Give, per participant and diary day, how many changes there are, the last, and a digest.

    The digest is the SHA-256 of the changes' hashes (their bytes) in the order of `seq`: a copy
    that computes the same holds the same.
    """
    with service.database.read() as session:
        days = [
            asdict(day)
            for day in read_day_sums(
                session,
                actor=holder.actor,
                site=query.site,
                first_on=query.first_on,
                last_on=query.last_on,
            )
        ]
    if days:
        record_reading(service, holder, "reconciliation.read", {**query.said(), "count": len(days)})
    return Reconciliation.model_validate({"days": days})
