"""What ODM needs beside the records: who and where, and what each change of a slice follows."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.domain.access import ALL_SITES, Actor, Role
from app.domain.cursor import Cursor
from app.services.entries import sites_asked
from app.services.feed import Pull, read_changes
from app.services.spreads import Asked, list_people, saved_of
from app.store import feed, participants
from app.store.feed import FeedRow
from app.store.session import Session


@dataclass(frozen=True, slots=True)
class Saved:
    """A version as it was sealed; `data` is None for a void."""

    body: Mapping[str, Any]
    data: Mapping[str, Any] | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Edit:
    """A change, and the version of its record that it follows."""

    saved: Saved
    before: Saved | None


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of the feed as edits, with everybody who made them by id and role."""

    pull: Pull
    edits: list[Edit]
    users: list[tuple[str, str]]

    @property
    def as_of(self) -> str | None:
        """When the last of its changes was received; None for an empty one."""
        return max((edit.saved.body["received_at"] for edit in self.edits), default=None)


@dataclass(frozen=True, slots=True)
class Origin:
    """The sites' names by id, and since when the diary runs."""

    sites: Mapping[str, str]
    since: date


def read_slice(session: Session, *, actor: Actor, after: Cursor, limit: int) -> Slice:
    """Read the next changes of the key's sites; WrongState where the client cannot go on."""
    pull = read_changes(session, actor=actor, after=after, limit=limit)
    bodies = [json.loads(row.body) for row in pull.rows]
    wanted = [(b["record_id"], b["version"] - 1) for b in bodies if b["version"] > 1]
    before = {}
    for row in feed.list_versions(session, wanted) if wanted else ():
        saved = _saved(row)
        before[saved.body["record_id"], saved.body["version"]] = saved
    edits = [
        Edit(_saved(row), before.get((body["record_id"], body["version"] - 1)))
        for row, body in zip(pull.rows, bodies, strict=True)
    ]
    users = {body["actor"]["id"]: body["actor"]["role"] for body in bodies}
    return Slice(pull, edits, sorted(users.items()))


def list_users(session: Session, *, actor: Actor, asked: Asked) -> Iterator[tuple[str, str]]:
    """Give id and role of whoever may have saved what is asked for, each id once."""
    sites = sites_asked(actor, asked.site)
    yield from dict(feed.list_actors(session, sites, asked.study_code)).items()
    for person in list_people(session, actor=actor, asked=asked):
        yield person.study_code, Role.PARTICIPANT.value


def read_origin(session: Session, *, actor: Actor, site: str | None = None) -> Origin:
    """Read the sites of a key, or the one that is asked for; NotFound beyond them."""
    asked = sites_asked(actor, site)
    found = participants.list_sites(session)
    return Origin(
        {one.id: one.name for one in found if {ALL_SITES, one.id} & asked}, started_on(session)
    )


def started_on(session: Session) -> date:
    """The day on which the diary's first site was added; the first of all before that."""
    epochs = feed.list_epochs(session)
    return epochs[0].started_at.date() if epochs else date.min


def _saved(row: FeedRow) -> Saved:
    opened = saved_of(row)
    return Saved(opened.body, opened.data if row.payload is not None else None, opened.reason)
