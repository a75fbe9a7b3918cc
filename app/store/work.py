"""What waits for the site: alerts with their notes, and what else is open, by site.

Lists are bounded. What is urgent, whose a task is and how long it waited is decided in services.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, literal, select
from sqlalchemy.orm import Session, aliased

from app.domain.access import ALL_SITES
from app.domain.schedule import ReminderState
from app.store.tables import (
    Alert,
    AlertNote,
    ChangeText,
    DataQuery,
    LedgerRow,
    Participant,
    Record,
    Reminder,
    Request,
    RequestAnswer,
    SetAside,
    SetAsideDecision,
    Staff,
)

AT_MOST = 2000
"""Rows of one kind that are looked at; a study with more of them open has other worries."""
_Closer = aliased(Staff)


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with its participant and the names of its people.

    `body` is the canonical JSON of the change that raised it, or that closed it.
    """

    alert: Alert
    study_code: str
    site_id: str
    owner: str | None
    closer: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class NoteRow:
    """What somebody noted on an alert; `words` is None once they were redacted."""

    at: datetime
    by: str
    words: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something beside alerts that waits for the site since an instant; `kind` says what."""

    kind: str
    study_code: str
    site_id: str
    since: datetime


def list_alerts(
    session: Session,
    sites: Collection[str],
    *,
    participant_id: int | None = None,
    closed_since: datetime | None = None,
    limit: int = AT_MOST,
) -> list[AlertRow]:
    """List the open alerts of some sites, the oldest first; or those closed since, latest first."""
    query = (
        _at(
            select(
                Alert,
                Participant.study_code,
                Participant.site_id,
                Staff.name,
                _Closer.name,
                LedgerRow.body,
            ).join(Participant, Participant.id == Alert.participant_id),
            sites,
        )
        .outerjoin(Staff, Staff.id == Alert.owner_id)
        .outerjoin(_Closer, _Closer.id == Alert.closed_by)
        .outerjoin(LedgerRow, LedgerRow.change_id == Alert.change_id)
        .limit(limit)
    )
    if participant_id is not None:
        query = query.where(Alert.participant_id == participant_id)
    if closed_since is None:
        query = query.where(Alert.closed_at.is_(None)).order_by(Alert.raised_at, Alert.id)
    else:
        query = query.where(Alert.closed_at >= closed_since).order_by(
            Alert.closed_at.desc(), Alert.id
        )
    return [AlertRow(*row) for row in session.execute(query)]


def list_notes(session: Session, alert_ids: Collection[str]) -> dict[str, list[NoteRow]]:
    """Give the notes on some alerts, each one's in order."""
    found: defaultdict[str, list[NoteRow]] = defaultdict(list)
    query = (
        select(AlertNote.alert_id, AlertNote.noted_at, Staff.name, ChangeText.value)
        .join(Staff, Staff.id == AlertNote.noted_by)
        .outerjoin(
            ChangeText,
            (ChangeText.change_id == AlertNote.change_id) & (ChangeText.field == "note"),
        )
        .where(AlertNote.alert_id.in_(alert_ids))
        .order_by(AlertNote.id)
    )
    for row in session.execute(query):
        found[row.alert_id].append(NoteRow(row.noted_at, row.name, row.value))
    return found


def list_acknowledged(
    session: Session, sites: Collection[str], since: datetime
) -> list[tuple[datetime, datetime]]:
    """Give when alerts were raised and acknowledged, of those acknowledged since an instant."""
    query = _at(
        select(Alert.raised_at, Alert.acknowledged_at).join(
            Participant, Participant.id == Alert.participant_id
        ),
        sites,
    ).where(Alert.acknowledged_at >= since)
    return [(row[0], row[1]) for row in session.execute(query.limit(AT_MOST))]


def list_waiting(
    session: Session,
    sites: Collection[str],
    now: datetime,
    participant_id: int | None = None,
) -> list[Waiting]:
    """List what else waits at some sites, the longest waiting first; four queries."""
    found: list[Waiting] = []
    for kind, table, since, is_open in _kinds(now):
        columns = (literal(kind), Participant.study_code, Participant.site_id, since)
        query = _at(
            select(*columns).join(table, table.participant_id == Participant.id), sites
        ).where(is_open)
        if participant_id is not None:
            query = query.where(Participant.id == participant_id)
        rows = session.execute(query.order_by(since).limit(AT_MOST))
        found += [Waiting(*row) for row in rows]
    return sorted(found, key=lambda one: one.since)


def _kinds(now: datetime) -> tuple[tuple[str, Any, Any, ColumnElement[bool]], ...]:
    """What waits: its kind, its table, since when, and what makes it open."""
    has_diary = exists().where(
        Record.participant_id == Reminder.participant_id,
        Record.kind == "diary",
        Record.diary_on == Reminder.diary_on,
        Record.void.is_(False),
    )
    is_call = Reminder.state == ReminderState.WITH_SITE.value
    decided = exists().where(SetAsideDecision.set_aside_id == SetAside.id)
    answered = exists().where(RequestAnswer.request_id == Request.id)
    return (
        ("set_aside", SetAside, SetAside.received_at, ~decided),
        ("request", Request, Request.asked_at, ~answered),
        ("query", DataQuery, DataQuery.asked_at, DataQuery.state == "open"),
        (
            "call",
            Reminder,
            Reminder.due_at,
            is_call & (Reminder.useful_until_at > now) & ~has_diary,
        ),
    )


def _at(query: Any, sites: Collection[str]) -> Any:
    return query if ALL_SITES in sites else query.where(Participant.site_id.in_(sites))
