"""The certified copy (EMA 6.6): what it is of, what is read for it, and the act that it leaves.

Whoever may take a copy gets everything of the participant or the site, words included; nothing of
anybody else, and no contact data, which are in none of what is read here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.access import Actor, Permission, Role, require
from app.domain.ledger import data_stream
from app.services.participants import get_permitted
from app.store import copies, feed, ledger, participants
from app.store.copies import StreamRow
from app.store.session import Session
from app.store.tables import Participant, Site

Heads = Mapping[str, tuple[int, str]]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a copy is of: a site with everybody in it, or one participant of it."""

    site: Site
    person: Participant | None

    @property
    def study_code(self) -> str | None:
        """The participant's code; None for a whole site."""
        return None if self.person is None else self.person.study_code


@dataclass(frozen=True, slots=True)
class Size:
    """How much a copy would hold."""

    participants: int
    records: int
    versions: int


def scope_of_participant(session: Session, *, actor: Actor, study_code: str) -> Scope:
    """The scope of a participant's copy; NotFound out of scope, NotAllowed within it."""
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.TAKE_COPY
    )
    return Scope(participants.get_site(session, person.site_id), person)


def scope_of_site(session: Session, *, actor: Actor, site_id: str) -> Scope:
    """The scope of a site's copy; NotFound out of scope, NotAllowed within it."""
    require(actor, Permission.TAKE_COPY, site_id)
    return Scope(participants.get_site(session, site_id), None)


def size_of(session: Session, scope: Scope) -> Size:
    """Say how much a copy would hold now."""
    people = 1 if scope.person else len(copies.participants_of(session, scope.site.id))
    return Size(people, *copies.count_versions(session, scope.site.id, scope.study_code))


def people_of(session: Session, scope: Scope) -> list[Participant]:
    """Everybody in a copy, by study code."""
    if scope.person is not None:
        return [scope.person]
    return copies.participants_of(session, scope.site.id)


def heads_of(session: Session, scope: Scope) -> Heads:
    """Where the streams of a copy end now; a stream without a row is left out."""
    heads = ledger.list_heads(session, copies.streams_of(scope.site.id))
    return {stream: head for stream, head in heads.items() if head[0]}


def rows_of(session: Session, scope: Scope, heads: Heads) -> Iterator[StreamRow]:
    """Read the whole streams of a copy up to their heads."""
    whose = (
        copies.of_site(scope.site.id)
        if scope.study_code is None
        else copies.of_participant(scope.study_code)
    )
    for stream, (no, _) in sorted(heads.items()):
        yield from copies.stream_rows(session, stream, no, whose)


def latest_of(session: Session, person: Participant) -> list[tuple[Json, Json]]:
    """The sealed body and the answers of each of a participant's records as it stands."""
    found = copies.latest_changes(session, person.id)
    return [(json.loads(body), json.loads(payload)) for body, payload in found]


def epoch_of(session: Session) -> str | None:
    """The present epoch of the feed."""
    epoch = feed.find_epoch(session)
    return None if epoch is None else epoch.id


def end_of(session: Session, scope: Scope) -> int:
    """The number of the last change of the site's records; 0 before the first."""
    last = feed.find_last_seq(session)
    found = feed.find_last_before(session, last, [data_stream(scope.site.id)])
    return 0 if found is None else found[0]


def users_of(session: Session, scope: Scope, people: list[Participant]) -> list[tuple[str, str]]:
    """Id and role of whoever may have saved what is in a copy, each id once."""
    staff = dict(feed.list_actors(session, {scope.site.id}, scope.study_code))
    return [*staff.items(), *((one.study_code, Role.PARTICIPANT.value) for one in people)]


def record_copy(
    session: Session, *, actor: Actor, scope: Scope, copy_id: str, manifest: str, now: datetime
) -> None:
    """Leave the act of a copy that was made; `manifest` is the digest of what it holds."""
    role = require(actor, Permission.TAKE_COPY, scope.site.id)
    ledger.queue_act(
        session,
        actor=actor,
        op="copy.taken",
        role=role,
        now=now,
        site=scope.site.id,
        study_code=scope.study_code,
        details={"copy": copy_id, "manifest": manifest},
    )
