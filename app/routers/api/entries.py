"""`GET /api/v1/entries` and `/entries/{record_id}/history`: records as they stand, and came to."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.domain.records import Instant, Kind, Uuid
from app.exports.changes import write_change, write_entry, write_page
from app.routers.api.keys import ExportKey, NoQuery, api_router
from app.routers.api.shapes import EntriesPage, History
from app.routers.deps import Here, KeyHolder, Service
from app.services import entries
from app.store.entries import EntryFilter

router: APIRouter = api_router()


def _iso_date(value: Any) -> date:
    """Take a date as ISO 8601 writes it, and no number of seconds."""
    return date.fromisoformat(str(value))


Day = Annotated[date, BeforeValidator(_iso_date)]


class EntriesQuery(BaseModel):
    """Which records are asked for, and from which one on."""

    model_config = ConfigDict(extra="forbid")

    site: str | None = Field(None, pattern=r"^[a-z][a-z0-9-]{1,31}$", description="Id of one site")
    study_code: str | None = Field(
        None, pattern=r"^[A-Z]{1,6}-[A-Z0-9]{3,12}$", description="One participant"
    )
    kind: Kind | None = Field(None, description="One kind of record")
    first_on: Day | None = Field(None, alias="from", description="First diary day")
    last_on: Day | None = Field(None, alias="to", description="Last diary day")
    changed_since: Instant | None = Field(
        None, description="Only records whose latest version was received then or later"
    )
    after: Uuid | None = Field(None, description="The `next_cursor` of the page before")
    limit: int = Field(100, ge=1, le=1000, description="At most so many records")

    def asked(self) -> EntryFilter:
        """The filter of the query."""
        return EntryFilter(**self.model_dump(exclude={"after", "limit"}))

    def said(self) -> dict[str, str]:
        """What of it the client said, in words for the trail."""
        return {name: str(value) for name, value in self.model_dump(mode="json").items() if value}


@router.get("/entries", response_model=EntriesPage)
def list_entries(
    service: Here, holder: ExportKey, query: Annotated[EntriesQuery, Query()]
) -> Response:
    """Give the latest version of each record, by record id.

    A voided record is there with `op` void and without data, so that a copy can drop it too. To
    miss nothing over time, follow `/changes`: an instant is no place in an order.
    """
    with service.database.read() as session:
        found = entries.read_entries(
            session,
            actor=holder.actor,
            asked=query.asked(),
            after=query.after or "",
            limit=query.limit + 1,
        )
    has_more = len(found) > query.limit
    rows = found[: query.limit]
    if rows:
        _record(service, holder, "entries.read", {**query.said(), "count": len(rows)})
    envelope = {"next_cursor": rows[-1].record_id if has_more else None, "has_more": has_more}
    items = [write_entry(row.change, row.status) for row in rows]
    return Response(write_page("entries", items, envelope), media_type="application/json")


@router.get("/entries/{record_id}/history", response_model=History)
def show_history(
    service: Here,
    holder: ExportKey,
    record_id: Annotated[Uuid, Path()],
    query: Annotated[NoQuery, Query()],
) -> Response:
    """Give every version of a record, oldest first, as the changes that they are."""
    with service.database.read() as session:
        rows = entries.read_history(session, actor=holder.actor, record_id=record_id)
    _record(service, holder, "history.read", {"record_id": record_id, "count": len(rows)})
    items = [write_change(row) for row in rows]
    page = write_page("versions", items, {"record_id": record_id})
    return Response(page, media_type="application/json")


def _record(service: Service, holder: KeyHolder, op: str, details: dict[str, Any]) -> None:
    """Put a reading on record before its answer leaves."""
    with service.database.write() as session:
        entries.record_reading(
            session, actor=holder.actor, op=op, details=details, now=service.clock()
        )
