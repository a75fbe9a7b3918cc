"""`GET /api/v1/export/redcap.…`: the study as rows of a REDCap project, streamed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from app.exports.redcap import Projection, flat_columns, flat_items
from app.exports.redcap_formats import MEDIA, Form, Format, write_items
from app.routers.api.exports import Spread, SpreadQuery, stream
from app.routers.api.keys import ExportKey, api_router
from app.routers.deps import Here, KeyHolder, Now, Service
from app.services import redcap
from app.store.session import ReadSession

router: APIRouter = api_router()


def _file(media: str, schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "The file, UTF-8", "content": {media: {"schema": schema}}}}


_JSON = _file("application/json", {"type": "array", "items": {"type": "object"}})
_CSV = _file("text/csv", {"type": "string"})


@router.get("/export/redcap.json", response_class=StreamingResponse, responses=_JSON)
def export_redcap_json(
    service: Here, holder: ExportKey, query: Spread, now: Now
) -> StreamingResponse:
    """Give participants, days, doses, reports and sessions as REDCap exports flat records."""
    return _export(service, holder, query, now, "json")


@router.get("/export/redcap.csv", response_class=StreamingResponse, responses=_CSV)
def export_redcap_csv(
    service: Here, holder: ExportKey, query: Spread, now: Now
) -> StreamingResponse:
    """Give the same as CSV, as REDCap imports it."""
    return _export(service, holder, query, now, "csv")


def _export(
    service: Service, holder: KeyHolder, query: SpreadQuery, now: datetime, format_: Format
) -> StreamingResponse:
    def lines(session: ReadSession) -> Iterator[str]:
        projection = Projection(service.deployment.study)
        subjects = redcap.list_subjects(
            session,
            deployment=service.deployment,
            actor=holder.actor,
            asked=query.asked(),
            now=now,
        )
        rows = (row for subject in subjects for row in projection.rows(subject))
        fields = projection.project.fields
        items = flat_items(projection.project, fields, rows, is_labelled=False)
        return write_items(Form(format_), flat_columns(fields), items)

    return stream(service, holder, query, "redcap.exported", lines, MEDIA[format_])
