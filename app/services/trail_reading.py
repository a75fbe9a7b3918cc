"""Reading the trail: who did what to what, when and why, for whoever may read it.

A reader sees the changes of the own sites; acts at no site are for who may read at every one. Names
of staff are looked up here, for people's eyes; the ledger never holds them. Words of letters are
for the site's team and the inspector: everybody else sees that they are there.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.access import ALL_SITES, Actor, Permission, require_anywhere
from app.domain.comparison import Changed, Field, changes_between, fields_of
from app.domain.errors import InvalidInput, NotFound
from app.domain.records import AnyPayload, Kind, read_payload
from app.store import ledger, participants, trail, trends
from app.store.session import Session
from app.store.trail import Place, TrailRow, Wanted

PAGE = 50
EXPORT_PAGE = 500
LETTERS = ("message.", "request.")
"""The beginnings of the names of acts that carry what people wrote to each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A search as people type it: part of a name, an id or a study code; a study code; kinds."""

    person: str = ""
    study_code: str = ""
    ops: Collection[str] | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change, ready to be put into words.

    `name` is that of a member of staff, else empty. `fields` are the values of a first version,
    `changes` what a later one changed. `texts` are null where redacted; `withheld` names those that
    are not for this reader.
    """

    row: TrailRow
    body: Mapping[str, Any]
    name: str
    fields: tuple[Field, ...] = ()
    changes: tuple[Changed, ...] = ()
    texts: Mapping[str, str | None]
    withheld: frozenset[str]

    @property
    def is_version(self) -> bool:
        """Whether it is a version of a record, not an act."""
        return "record_id" in self.body


@dataclass(frozen=True, slots=True)
class Page:
    """Some changes; `end` is where to go on, None when that was all."""

    entries: list[Entry]
    end: Place | None


def wanted_of(session: Session, *, actor: Actor, asked: Asked) -> Wanted:
    """What a search means for this reader; NotAllowed, or InvalidInput naming its field."""
    require_anywhere(actor, Permission.READ_TRAIL)
    sites = actor.sites_with(Permission.READ_TRAIL)
    if asked.from_at and asked.until_at and asked.until_at <= asked.from_at:
        raise InvalidInput("dates_reversed", field="to")
    code = asked.study_code.upper() or None
    if code is not None:
        try:
            participants.get_by_code(session, code, sites)
        except NotFound:
            raise InvalidInput(
                "unknown_participant", field="participant", study_code=code
            ) from None
    return Wanted(
        sites=sites,
        actors=_actors(session, asked.person) if asked.person else None,
        study_code=code,
        ops=asked.ops,
        from_at=asked.from_at,
        until_at=asked.until_at,
        newest_first=asked.newest_first,
    )


def read_page(
    session: Session, *, actor: Actor, wanted: Wanted, after: Place | None, limit: int = PAGE
) -> Page:
    """Read some changes of a search, from after a place on."""
    found = trail.list_trail(session, wanted, after, limit)
    bodies = [json.loads(row.body) for row in found.rows]
    names = trends.names_of_staff(session, {body["actor"]["id"] for body in bodies})
    sites = actor.sites_with(Permission.TAKE_COPY)
    pairs = zip(found.rows, bodies, strict=True)
    return Page([_entry(row, body, names, sites) for row, body in pairs], found.end)


def read_all(session: Session, *, actor: Actor, wanted: Wanted) -> Iterator[list[Entry]]:
    """Read a whole search, page by page, in constant memory."""
    after: Place | None = None
    while True:
        page = read_page(session, actor=actor, wanted=wanted, after=after, limit=EXPORT_PAGE)
        yield page.entries
        session.expunge_all()
        if page.end is None:
            return
        after = page.end


def record_export(
    session: Session, *, actor: Actor, wanted: Wanted, media: str, now: datetime
) -> None:
    """Leave the act of an export of the trail, before anything leaves."""
    details: dict[str, Any] = {"format": media}
    if wanted.actors is not None:
        details["people"] = sorted(wanted.actors)
    if wanted.ops is not None:
        details["kinds"] = sorted(wanted.ops)
    for name, at in (("from", wanted.from_at), ("until", wanted.until_at)):
        if at is not None:
            details[name] = ledger.instant(at)
    ledger.queue_act(
        session,
        actor=actor,
        op="trail.exported",
        now=now,
        site=_only_site(wanted.sites),
        study_code=wanted.study_code,
        details=details,
    )


def _only_site(sites: frozenset[str]) -> str | None:
    return None if len(sites) != 1 or ALL_SITES in sites else next(iter(sites))


def _actors(session: Session, person: str) -> list[str]:
    """Whom a search for a person means: staff, a participant, a key, the service itself."""
    return sorted({*trail.find_staff_like(session, person), person, person.upper(), person.lower()})


def _entry(
    row: TrailRow, body: Mapping[str, Any], names: Mapping[str, str], sites: frozenset[str]
) -> Entry:
    kind = body.get("kind")
    is_later = body.get("version", 1) > 1
    payload = _payload(kind, row.payload)
    is_letter = row.op.startswith(LETTERS) and not sites & {ALL_SITES, body["site"]}
    withheld = frozenset(row.texts) if is_letter else frozenset()
    return Entry(
        row=row,
        body=body,
        name=names.get(body["actor"]["id"], ""),
        fields=() if is_later else fields_of(payload),
        changes=changes_between(_payload(kind, row.payload_before), payload) if is_later else (),
        texts={field: value for field, (value, _) in row.texts.items() if field not in withheld},
        withheld=withheld,
    )


def _payload(kind: str | None, written: str | None) -> AnyPayload | None:
    if kind is None or written is None:
        return None
    return read_payload(Kind(kind), json.loads(written))
