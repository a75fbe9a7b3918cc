"""`GET /api/v1/export/…csv`: the study as flat files, streamed from one moment of the database."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from app.exports.spread import write_days, write_doses
from app.routers.api.keys import ExportKey, api_router
from app.routers.api.queries import DaysQuery, record_reading
from app.routers.deps import Here, KeyHolder, Now, Service
from app.services import spreads
from app.services.spreads import Asked
from app.store.session import ReadSession

router: APIRouter = api_router()
CSV = "text/csv; charset=utf-8"
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file, UTF-8", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


class SpreadQuery(DaysQuery):
    """Which days, at which site, of whom."""

    study_code: str | None = Field(None, pattern=r"^[A-Z]{1,6}-[A-Z0-9]{3,12}$")

    def asked(self) -> Asked:
        """As the service takes it."""
        return Asked(self.site, self.study_code, self.first_on, self.last_on)


Spread = Annotated[SpreadQuery, Query()]


@router.get("/export/entries.csv", response_class=StreamingResponse, responses=_FILE)
def export_days(service: Here, holder: ExportKey, query: Spread, now: Now) -> StreamingResponse:
    """Give a row for each participant and diary day that is over, missed days included."""

    def lines(session: ReadSession) -> Iterator[str]:
        days = spreads.list_days(
            session,
            deployment=service.deployment,
            actor=holder.actor,
            asked=query.asked(),
            now=now,
        )
        return write_days(service.deployment.study, days)

    return stream(service, holder, query, "entries.exported", lines)


@router.get("/export/doses.csv", response_class=StreamingResponse, responses=_FILE)
def export_doses(service: Here, holder: ExportKey, query: Spread) -> StreamingResponse:
    """Give a row for each dose: as logged, and what each evening's recall adds to that."""

    def lines(session: ReadSession) -> Iterator[str]:
        doses = spreads.list_doses(session, actor=holder.actor, asked=query.asked())
        return write_doses(service.deployment.study, doses)

    return stream(service, holder, query, "doses.exported", lines)


def stream(
    service: Service,
    holder: KeyHolder,
    query: SpreadQuery,
    op: str,
    lines: Callable[[ReadSession], Iterator[str]],
    media: str = CSV,
) -> StreamingResponse:
    """Refuse at once what cannot be read, put the rest on record, and stream it."""
    with service.database.read() as session:
        spreads.list_people(session, actor=holder.actor, asked=query.asked())
    record_reading(service, holder, op, dict(query.said()))

    def body() -> Iterator[str]:
        with service.database.read() as session:
            yield from lines(session)

    return StreamingResponse(body(), media_type=media)
