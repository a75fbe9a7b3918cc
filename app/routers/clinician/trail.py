"""The trail: searched and sorted on a page, and exported whole as CSV or NDJSON."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from app.domain.access import Permission
from app.domain.errors import DomainError, InvalidInput, NotAllowed
from app.domain.ledger import canonical
from app.exports.changes import REASON, write_line
from app.exports.flat import Value, write_row
from app.exports.trail import TRAIL_COLUMNS
from app.routers.clinician.desk import desk_page
from app.routers.clinician.trail_words import TrailWords, ops_of
from app.routers.clinician.words import Words
from app.routers.deps import AtDesk, ConfirmedDesk, Deployed, Desk, Here, Now, Read, Service
from app.routers.errors import answer, on_refusal
from app.services import trail_reading
from app.services.deployment import Deployment
from app.services.trail_reading import Asked, Entry
from app.store import participants
from app.store.session import Session
from app.store.trail import Place, TrailRow

router = APIRouter(include_in_schema=False)
FIRST_VALUES = 4
"""How many answers of a first version stand in its row; the page of the day has them all."""
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


class Search(BaseModel):
    """A search as the address has it; everything may be empty."""

    person: str = Field("", max_length=120)
    participant: str = Field("", max_length=16)
    kind: str = Field("", max_length=64)
    since: str = Field("", alias="from", max_length=32)
    until: str = Field("", alias="to", max_length=32)
    order: str = Field("", max_length=8)
    after: str = Field("", max_length=64)

    def values(self) -> dict[str, str]:
        """What was typed, by the names of the form."""
        return self.model_dump(by_alias=True, exclude={"after"})

    def address(self, path: str, **more: str) -> str:
        """The address of this search, or of what goes on from it."""
        query = {name: value for name, value in {**self.values(), **more}.items() if value}
        return f"{path}?{urlencode(query)}" if query else path

    def asked(self, zone: ZoneInfo) -> Asked:
        """What is asked for; InvalidInput names the field at fault."""
        return Asked(
            person=self.person.replace("\0", "").strip(),
            study_code=self.participant.replace("\0", "").strip(),
            ops=ops_of(self.kind.replace("\0", "")),
            from_at=read_instant(self.since, "from", zone),
            until_at=read_instant(self.until, "to", zone, is_end=True),
            newest_first=self.order != "oldest",
        )


Searched = Annotated[Search, Query()]


@router.get("/desk/trail")
def show_trail(
    request: Request, deployment: Deployed, session: Read, desk: Desk, search: Searched
) -> Response:
    """Show the changes of the reader's sites that a search finds, fifty a page."""

    def show(values: dict[str, Any]) -> Response:
        frame = {**_frame(session, desk, deployment, search), **values}
        return desk_page(request, desk, deployment, "clinician/trail.html", frame)

    def refuse(error: DomainError, told: str) -> Response:
        if isinstance(error, NotAllowed):
            return answer(request, error)
        return show({"errors": {error.field or "trail": told}})

    on_refusal(request, refuse)
    zone = ZoneInfo(deployment.study.tz)
    wanted = trail_reading.wanted_of(session, actor=desk.actor, asked=search.asked(zone))
    found = trail_reading.read_page(
        session, actor=desk.actor, wanted=wanted, after=_place(search.after)
    )
    words = TrailWords(Words(deployment.study, desk.lang))
    return show(
        {
            "rows": [_row(entry, words, zone) for entry in found.entries],
            "further": found.end and search.address("/desk/trail", after=_written(found.end)),
            "is_full": len(found.entries) == trail_reading.PAGE,
            "looked_at": found.end and found.end.at.astimezone(zone),
        }
    )


@router.get("/desk/trail.csv")
def export_csv(service: Here, desk: ConfirmedDesk, now: Now, search: Searched) -> Response:
    """Export a whole search as CSV, in words and codes."""
    words = TrailWords(Words(service.deployment.study, desk.lang))
    zone = ZoneInfo(service.deployment.study.tz)

    def write(entries: list[Entry]) -> str:
        return "".join(write_row(_cells(entry, words, zone)) for entry in entries)

    return _export(service, desk, search, now, ("csv", "text/csv; charset=utf-8", write))


@router.get("/desk/trail.ndjson")
def export_ndjson(service: Here, desk: ConfirmedDesk, now: Now, search: Searched) -> Response:
    """Export a whole search as NDJSON: the sealed changes with their proof."""

    def write(entries: list[Entry]) -> str:
        return "".join(write_line(_withheld(entry)) for entry in entries)

    return _export(service, desk, search, now, ("ndjson", "application/x-ndjson", write))


_Format = tuple[str, str, Callable[[list[Entry]], str]]


def _export(
    service: Service, desk: AtDesk, search: Search, now: datetime, to: _Format
) -> StreamingResponse:
    """Put an export on record, then stream it from a reading of its own."""
    name, media, write = to
    asked = search.asked(ZoneInfo(service.deployment.study.tz))
    with service.database.read() as session:
        wanted = trail_reading.wanted_of(session, actor=desk.actor, asked=asked)
    with service.database.write() as writing:
        trail_reading.record_export(writing, actor=desk.actor, wanted=wanted, media=name, now=now)

    def pages() -> Iterator[str]:
        if name == "csv":
            yield write_row(TRAIL_COLUMNS)
        with service.database.read() as session:
            for entries in trail_reading.read_all(session, actor=desk.actor, wanted=wanted):
                yield write(entries)

    disposition = f'attachment; filename="trail-{now:%Y%m%d-%H%M}.{name}"'
    return StreamingResponse(
        pages(), media_type=media, headers={"Content-Disposition": disposition}
    )


def _frame(
    session: Session, desk: AtDesk, deployment: Deployment, search: Search
) -> dict[str, Any]:
    """What the page shows whatever is found: the form, the ways out, and where copies are."""
    words = TrailWords(Words(deployment.study, desk.lang))
    may_copy, may_review = (
        [
            site
            for site in participants.list_sites(session)
            if desk.actor.role_at(needs, site.id) is not None
        ]
        for needs in (Permission.TAKE_COPY, Permission.READ_TRAIL)
    )
    return {
        "kinds": words.choices(),
        "values": search.values(),
        "may_open": desk.actor.may_anywhere(Permission.SEE_TRENDS),
        "is_search": any(search.values().values()),
        "exports": [
            (name, search.address(f"/desk/trail.{name.lower()}")) for name in ("CSV", "NDJSON")
        ],
        "copies": may_copy,
        "reviews": may_review,
        "tz": deployment.study.tz,
        "errors": {},
        "rows": [],
        "further": None,
        "is_full": True,
        "looked_at": None,
    }


def _row(entry: Entry, words: TrailWords, zone: ZoneInfo) -> dict[str, Any]:
    """A change as the page shows it."""
    row, changes = entry.row, words.changes(entry)
    shown = len(changes) if entry.changes else FIRST_VALUES
    return {
        "at": row.at.astimezone(zone),
        "who": words.who(entry),
        "role": words.role(entry),
        "what": words.act(entry),
        "is_refused": row.op == "refused",
        "details": words.details(entry),
        "study_code": row.study_code,
        "day": words.link(entry) if entry.is_version else None,
        "diary_on_words": words.day(entry.body["diary_on"]) if entry.is_version else "",
        "version": entry.body.get("version"),
        "changes": changes[:shown],
        "more": len(changes[shown:]),
        "texts": list(words.texts(entry)),
        "is_withheld": bool(entry.withheld),
        "no": row.no,
        "proof": [
            ("stream", row.stream),
            ("id", row.change_id),
            ("code", row.op),
            ("hash", row.hash),
            ("before", row.prev_hash),
            *(("try", act) for act in [entry.body.get("details", {}).get("act")] if act),
        ],
    }


def _cells(entry: Entry, words: TrailWords, zone: ZoneInfo) -> list[Value]:
    """A change as a row of TRAIL_COLUMNS."""
    row, body, actor = entry.row, entry.body, entry.body["actor"]
    changed = (
        f"{name}: {new}" if old is None else f"{name}: {old} → {new}"
        for name, old, new in words.changes(entry)
    )
    texts = {field: value for field, value in entry.texts.items() if field != REASON}
    reason = entry.texts.get(REASON)
    details = body.get("details")
    return [
        *(row.seq, row.stream, row.no, body.get("at") or body.get("received_at")),
        row.at.astimezone(zone).isoformat(timespec="seconds"),
        *(actor["id"], words.who(entry), actor["role"], actor["organisation"]),
        *(row.op, words.act(entry), row.study_code, body.get("site"), body.get("kind")),
        *(body.get("record_id"), body.get("version"), body.get("diary_on")),
        *("; ".join(changed), reason, canonical(texts) if texts else None),
        *(canonical(details) if details else None, row.change_id, row.prev_hash, row.hash),
    ]


def _withheld(entry: Entry) -> TrailRow:
    """A change without the texts that are not for the reader, and without their salts."""
    gone = dict.fromkeys(entry.withheld, (None, None))
    return replace(entry.row, texts={**entry.row.texts, **gone})


def read_instant(
    written: str, field: str, zone: ZoneInfo, *, is_end: bool = False
) -> datetime | None:
    """Read a date, or a date and time, by the study's clock; an end includes its day or minute.

    Raises InvalidInput for what is neither.
    """
    if not written.strip():
        return None
    try:
        read = datetime.fromisoformat(written.strip())
        if is_end:
            read += _DAY if len(written.strip()) == len("2026-01-20") else _MINUTE
        return read.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput("not_a_date", field=field, refused={field: written}) from None


def _written(place: Place) -> str:
    return f"{place.at.astimezone(UTC).isoformat()}~{place.seq}"


def _place(written: str) -> Place | None:
    """Where a page goes on; an address that somebody made up begins at the start."""
    at, _, seq = written.partition("~")
    try:
        place = Place(datetime.fromisoformat(at).astimezone(UTC), int(seq))
    except (ValueError, OverflowError):
        return None
    return place if 0 <= place.seq < 2**63 else None
