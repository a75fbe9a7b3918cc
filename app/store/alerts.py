"""Alerts in the database: which are open, raising one once, closing it once.

A partial unique index holds one open alert per participant and rule, and a row is held while it is
changed: of two at once, one wins and the other is told.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.schedule import EVENING, ReminderState
from app.store.tables import Alert, Participant, Reminder, Staff

SYSTEM = "system"
_OPEN = text("closed_at IS NULL")


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert: the rule, its diary day, since when, and who took it on, if anybody."""

    id: str
    rule: str
    diary_on: date
    raised_at: datetime
    owner_id: str | None
    owner: str | None
    acknowledged_at: datetime | None


def list_open(session: Session, ids: Collection[int]) -> dict[int, tuple[OpenAlert, ...]]:
    """Give the open alerts of several participants, each one's the oldest first."""
    found: dict[int, tuple[OpenAlert, ...]] = dict.fromkeys(ids, ())
    query = (
        select(Alert, Staff.name)
        .outerjoin(Staff, Staff.id == Alert.owner_id)
        .where(Alert.participant_id.in_(ids), Alert.closed_at.is_(None))
        .order_by(Alert.raised_at, Alert.id)
    )
    for row, owner in session.execute(query):
        alert = OpenAlert(
            row.id,
            row.rule,
            row.diary_on,
            row.raised_at,
            row.owner_id,
            owner,
            row.acknowledged_at,
        )
        found[row.participant_id] += (alert,)
    return found


@dataclass(frozen=True, slots=True)
class Last:
    """The latest alert of a rule: its diary day, and when it was closed, if it was."""

    diary_on: date
    closed_at: datetime | None


def find_last(session: Session, participant_id: int, rule: str) -> Last | None:
    """Find the latest alert of a rule about a participant, open or closed."""
    query = (
        select(Alert.diary_on, Alert.closed_at)
        .where(Alert.participant_id == participant_id, Alert.rule == rule)
        .order_by(Alert.raised_at.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else Last(row.diary_on, row.closed_at)


def note_change(session: Session, alert_id: str, change_id: str) -> None:
    """Note which change says why an alert was raised; its closing is noted in the same place."""
    session.execute(update(Alert).where(Alert.id == alert_id).values(change_id=change_id))


def list_watched(session: Session, states: Collection[str], limit: int = 5000) -> list[Participant]:
    """List the participants in some states, and those of others who have an open alert."""
    with_alert = select(Alert.participant_id).where(Alert.closed_at.is_(None))
    query = select(Participant).where(
        Participant.state.in_(states) | Participant.id.in_(with_alert)
    )
    return list(session.scalars(query.order_by(Participant.id).limit(limit)))


def closed_by_people(
    session: Session, ids: Collection[int], since: datetime
) -> dict[int, dict[str, datetime]]:
    """When a person last closed an alert since an instant, by participant and rule."""
    query = (
        select(Alert.participant_id, Alert.rule, func.max(Alert.closed_at))
        .where(
            Alert.participant_id.in_(ids),
            Alert.closed_at >= since,
            Alert.closed_by != SYSTEM,
        )
        .group_by(Alert.participant_id, Alert.rule)
    )
    found: dict[int, dict[str, datetime]] = {}
    for participant_id, rule, at in session.execute(query):
        if at is not None:
            found.setdefault(participant_id, {})[rule] = at
    return found


def last_evenings(
    session: Session, ids: Collection[int], since_on: date
) -> dict[int, list[Reminder]]:
    """Give the messages of each participant's last evening that had any, from a date on."""
    over = (ReminderState.HANDED_OVER.value, ReminderState.FAILED.value)
    counted = (
        Reminder.participant_id.in_(ids),
        Reminder.diary_on >= since_on,
        Reminder.kind.in_(EVENING),
        Reminder.state.in_(over),
    )
    last = (
        select(Reminder.participant_id, func.max(Reminder.diary_on).label("diary_on"))
        .where(*counted)
        .group_by(Reminder.participant_id)
        .subquery()
    )
    query = (
        select(Reminder)
        .join(
            last,
            (last.c.participant_id == Reminder.participant_id)
            & (last.c.diary_on == Reminder.diary_on),
        )
        .where(*counted)
        .order_by(Reminder.due_at)
    )
    found: defaultdict[int, list[Reminder]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.participant_id].append(row)
    return found


def raise_once(
    session: Session, participant_id: int, rule: str, diary_on: date, now: datetime
) -> str | None:
    """Raise an alert unless one of its rule is open already; give its id when it is new."""
    engine = session.get_bind().dialect.name
    inserting = postgresql.insert(Alert) if engine == "postgresql" else sqlite.insert(Alert)
    new = inserting.values(
        id=str(uuid.uuid4()),
        participant_id=participant_id,
        rule=rule,
        diary_on=diary_on,
        raised_at=now,
    ).on_conflict_do_nothing(index_elements=["participant_id", "rule"], index_where=_OPEN)
    return session.scalar(new.returning(Alert.id))


def hold_alert(session: Session, alert_id: str) -> Alert | None:
    """Find and hold an alert as it stands now: whoever comes second reads what the first did."""
    return session.scalar(
        select(Alert)
        .where(Alert.id == alert_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
