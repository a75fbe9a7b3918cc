"""`GET /api/v1/entries` and `/entries/{record_id}/history`: records as they stand, and came to."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import Field

from app.domain.records import Instant, Kind, Uuid
from app.exports.changes import write_change, write_entry, write_page
from app.routers.api.keys import ExportKey, api_router
from app.routers.api.queries import DaysQuery, NoQuery, record_reading
from app.routers.api.shapes import EntriesPage, History
from app.routers.deps import Here
from app.services import entries
from app.store.entries import EntryFilter

router: APIRouter = api_router()


class EntriesQuery(DaysQuery):
    """Which records are asked for, and from which one on."""

    study_code: str | None = Field(
        None, pattern=r"^[A-Z]{1,6}-[A-Z0-9]{3,12}$", description="One participant"
    )
    kind: Kind | None = Field(None, description="One kind of record")
    changed_since: Instant | None = Field(
        None, description="Only records whose latest version was received then or later"
    )
    after: Uuid | None = Field(None, description="The `next_cursor` of the page before")
    limit: int = Field(100, ge=1, le=1000, description="At most so many records")

    def asked(self) -> EntryFilter:
        """The filter of the query."""
        return EntryFilter(**self.model_dump(exclude={"after", "limit"}))


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
        record_reading(service, holder, "entries.read", {**query.said(), "count": len(rows)})
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
    record_reading(service, holder, "history.read", {"record_id": record_id, "count": len(rows)})
    items = [write_change(row) for row in rows]
    page = write_page("versions", items, {"record_id": record_id})
    return Response(page, media_type="application/json")
