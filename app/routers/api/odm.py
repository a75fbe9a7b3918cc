"""`GET /api/v1/export/odm`: CDISC ODM-XML 1.3.2, as a snapshot or as slices of the feed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from app.domain.cursor import Cursor, read_cursor
from app.domain.errors import InvalidInput
from app.exports.odm import About, Place, write_slice, write_snapshot
from app.routers.api.examples import CURSOR
from app.routers.api.exports import SpreadQuery
from app.routers.api.keys import ExportKey, api_router
from app.routers.api.queries import record_reading
from app.routers.deps import Here, KeyHolder, Now, Service
from app.services import feed, odm, spreads
from app.services.odm import Origin
from app.store.session import ReadSession

router: APIRouter = api_router()

XML = "application/xml; charset=utf-8"
NEXT = "X-Next-Cursor"
MORE = "X-Has-More"
EXAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileType="Transactional" ODMVersion="1.3.2"
     FileOID="meso_sdrc.1f0c9a3e.42" PriorFileOID="meso_sdrc.1f0c9a3e.41"
     CreationDateTime="2026-01-19T18:31:00.000Z" AsOfDateTime="2026-01-19T18:30:01.250000Z">
  <ClinicalData StudyOID="meso_sdrc" MetaDataVersionOID="MDV.2026.1">
    <SubjectData SubjectKey="MS-7K4QX" TransactionType="Upsert">
      <SiteRef LocationOID="lyon"/>
      <StudyEventData StudyEventOID="SE.DAY" StudyEventRepeatKey="2026-01-19"
                      TransactionType="Upsert">
        <FormData FormOID="F.DIARY" FormRepeatKey="5a1c7c26-3f0d-4a35-8f6b-6d2a1e0c9b77"
                  TransactionType="Update">
          <ItemGroupData ItemGroupOID="IG.DIARY" TransactionType="Update">
            <ItemData ItemOID="IT.DIARY.pain_average" TransactionType="Update" Value="57">
              <AuditRecord>
                <UserRef UserOID="MS-7K4QX"/>
                <LocationRef LocationOID="lyon"/>
                <DateTimeStamp>2026-01-19T18:30:01.250000Z</DateTimeStamp>
                <ReasonForChange>I had mixed up the two days.</ReasonForChange>
                <SourceID>0b9f3f0e-6a1e-4c56-9a35-0f8f0b8d2a11</SourceID>
              </AuditRecord>
              <MeasurementUnitRef MeasurementUnitOID="MU.vas100"/>
            </ItemData>
          </ItemGroupData>
        </FormData>
      </StudyEventData>
    </SubjectData>
  </ClinicalData>
</ODM>
"""
_OF_A_SLICE = ("after", "limit")
_OF_A_SNAPSHOT = ("site", "study_code", "first_on", "last_on")
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, UTF-8, valid against the official XSD",
        "content": {"application/xml": {"schema": {"type": "string"}, "example": EXAMPLE}},
        "headers": {
            NEXT: {
                "description": "Where the file ends: the next slice's `after`",
                "schema": {"type": "string", "examples": [CURSOR]},
            },
            MORE: {
                "description": "Of a slice: whether there is more to fetch now",
                "schema": {"type": "string", "enum": ["true", "false"]},
            },
            "Link": {
                "description": 'Of a slice with more after it: `<…>; rel="next"`',
                "schema": {"type": "string"},
            },
        },
    }
}


class OdmQuery(SpreadQuery):
    """Which kind of file: what stands, or what changed after a place."""

    type: Literal["snapshot", "transactional"] = Field(
        description="`snapshot`: what stands now. `transactional`: the changes after a cursor"
    )
    after: str | None = Field(
        None,
        max_length=64,
        description="Transactional only: the cursor of the file before; 0 (or none) is the start",
    )
    limit: int | None = Field(
        None, ge=1, le=1000, description="Transactional only: at most so many changes; 100 if none"
    )

    def check(self) -> None:
        """Raise InvalidInput for a parameter that this kind of file does not have."""
        foreign = _OF_A_SLICE if self.type == "snapshot" else _OF_A_SNAPSHOT
        for name in foreign:
            if getattr(self, name) is not None:
                alias = type(self).model_fields[name].alias
                raise InvalidInput("parameter_of_other_type", field=alias or name)


@router.get("/export/odm", response_class=StreamingResponse, responses=_FILE)
def export_odm(
    service: Here, holder: ExportKey, query: Annotated[OdmQuery, Query()], now: Now
) -> Response:
    """Give CDISC ODM-XML 1.3.2: a snapshot with its missed days, or the changes after a cursor.

    `FileOID` is `study.epoch.to`; a slice's `PriorFileOID` is `study.epoch.after`, the id of the
    slice or of the unfiltered snapshot that it goes on from. A correction is an Update, a void a
    Remove, a redacted text a removed item.
    """
    query.check()
    if query.type == "snapshot":
        return _snapshot(service, holder, query, now)
    return _slice(service, holder, query, now)


def _snapshot(service: Service, holder: KeyHolder, query: OdmQuery, now: datetime) -> Response:
    """Refuse at once what cannot be read, put the rest on record, and stream it."""
    with service.database.read() as session:
        spreads.list_people(session, actor=holder.actor, asked=query.asked())
    record_reading(service, holder, "odm.exported", dict(query.said()))
    text = _stands(service, holder, query, now)
    end = next(text)  # opens the view of the database that the whole file is read from
    return StreamingResponse(text, media_type=XML, headers={NEXT: end})


def _stands(service: Service, holder: KeyHolder, query: OdmQuery, now: datetime) -> Iterator[str]:
    """Where the file ends in the feed, then its text, both from one moment."""
    asked, actor = query.asked(), holder.actor
    with service.database.read() as session:
        end = feed.end_of(session, actor)
        yield str(end)
        filters = [value for name, value in query.said().items() if name != "type"]
        about = About(
            file_oid=".".join((_oid(service, end), *filters)),
            created_at=now,
            as_of=now.isoformat(),
            granularity=_granularity(query),
        )
        yield from write_snapshot(
            service.deployment.study,
            about,
            _place(service, session, holder, query.site),
            odm.list_users(session, actor=actor, asked=asked),
            spreads.list_whole(
                session, deployment=service.deployment, actor=actor, asked=asked, now=now
            ),
        )


def _slice(service: Service, holder: KeyHolder, query: OdmQuery, now: datetime) -> Response:
    """Read a page of the feed, put it on record, and write it."""
    limit = query.limit or 100
    with service.database.read() as session:
        found = odm.read_slice(
            session, actor=holder.actor, after=read_cursor(query.after or "0"), limit=limit
        )
        place = _place(service, session, holder, None)
    pull = found.pull
    if pull.rows:
        told = {"from": str(pull.start), "to": str(pull.end), "count": len(pull.rows)}
        record_reading(service, holder, "odm.exported", {"type": query.type, **told})
    about = About(
        file_oid=_oid(service, pull.end),
        prior_oid=_oid(service, pull.start),
        created_at=now,
        as_of=found.as_of,
    )
    headers = {NEXT: str(pull.end), MORE: str(pull.has_more).lower()}
    if pull.has_more:
        going_on = {"type": query.type, "after": str(pull.end), "limit": str(limit)}
        headers["Link"] = f'</api/v1/export/odm?{urlencode(going_on)}>; rel="next"'
    text = write_slice(service.deployment.study, about, place, found.users, found.edits)
    return StreamingResponse(text, media_type=XML, headers=headers)


def _oid(service: Service, at: Cursor) -> str:
    """The id of the file that ends at a place."""
    return f"{service.deployment.study.id}.{at.epoch or 0}.{at.seq}"


def _place(service: Service, session: ReadSession, holder: KeyHolder, site: str | None) -> Place:
    origin: Origin = odm.read_origin(session, actor=holder.actor, site=site)
    return Place(origin.sites, origin.since, service.deployment.base_url)


def _granularity(query: OdmQuery) -> str:
    if query.study_code is not None:
        return "SingleSubject"
    return "All" if query.site is None else "SingleSite"
