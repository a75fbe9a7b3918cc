"""What a cohort's totals need beside its rows: scores of some days, and why days have no entry.

One query each for all participants, of bounded days.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import CTE, BigInteger, Date, case, cast, exists, func, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.schedule import EVENING, ReminderState
from app.store.tables import Evening, Record, Reminder
from app.store.trends import DiaryRow

Span = tuple[int, date, date]
"""A participant's key, and the first and last diary day that are wanted."""


@dataclass(frozen=True, slots=True)
class SentOn:
    """How far the messages of an evening without diary got, taken together."""

    participant_id: int
    diary_on: date
    has_failed: bool
    has_arrived: bool
    has_gone: bool


def list_scores(session: Session, spans: Sequence[Span]) -> list[DiaryRow]:
    """List the diaries with a score within each participant's own days."""
    wanted = _wanted(session, spans)
    query = (
        select(
            Record.participant_id,
            Record.diary_on,
            Record.status,
            Record.late,
            Record.pain_average,
        )
        .select_from(wanted)
        .join(Record, Record.participant_id == wanted.c.participant_id)
        .where(
            Record.kind == "diary",
            Record.diary_on.between(wanted.c.first_on, wanted.c.last_on),
            Record.void.is_(False),
            Record.pain_average.is_not(None),
        )
    )
    return [DiaryRow(*row) for row in session.execute(query)]


def _wanted(session: Session, spans: Sequence[Span]) -> CTE:
    """The spans as a table, from one value: a thousand rows of values would be compiled anew."""
    told = [[id_, str(first_on), str(last_on)] for id_, first_on, last_on in spans]
    row: Any
    if session.get_bind().dialect.name == "postgresql":
        row = func.jsonb_array_elements(type_coerce(told, JSONB)).column_valued("span")
        first, second, third = (func.jsonb_extract_path_text(row, str(n)) for n in range(3))
    else:
        row = func.json_each(json.dumps(told)).table_valued("value").c.value
        first, second, third = (func.json_extract(row, f"$[{n}]") for n in range(3))
    return select(
        cast(first, BigInteger).label("participant_id"),
        _as_date(session, second).label("first_on"),
        _as_date(session, third).label("last_on"),
    ).cte("wanted")


def _as_date(session: Session, written: Any) -> Any:
    """A date as the engine keeps it: SQLite as it is written."""
    is_typed = session.get_bind().dialect.name == "postgresql"
    return cast(written, Date) if is_typed else type_coerce(written, Date)


def list_sent_on(
    session: Session, ids: Collection[int], first_on: date, last_on: date
) -> list[SentOn]:
    """List what became of the messages of the evenings between two dates that have no diary."""
    failed = Reminder.state == ReminderState.FAILED.value
    arrived = ~failed & Reminder.delivered_at.is_not(None)
    has_diary = exists().where(
        Record.participant_id == Reminder.participant_id,
        Record.kind == "diary",
        Record.diary_on == Reminder.diary_on,
        Record.void.is_(False),
    )
    query = (
        select(
            Reminder.participant_id,
            Reminder.diary_on,
            func.max(case((failed, 1), else_=0)),
            func.max(case((arrived, 1), else_=0)),
            func.max(case((~failed & ~arrived, 1), else_=0)),
        )
        .where(
            Reminder.participant_id.in_(ids),
            Reminder.diary_on.between(first_on, last_on),
            Reminder.kind.in_(EVENING),
            Reminder.state.in_((ReminderState.FAILED.value, ReminderState.HANDED_OVER.value)),
            ~has_diary,
        )
        .group_by(Reminder.participant_id, Reminder.diary_on)
    )
    return [
        SentOn(row[0], row[1], bool(row[2]), bool(row[3]), bool(row[4]))
        for row in session.execute(query)
    ]


def list_evenings_without(
    session: Session, ids: Collection[int], first_on: date, last_on: date
) -> list[Evening]:
    """List what is known of the evenings between two dates that have no diary."""
    has_diary = exists().where(
        Record.participant_id == Evening.participant_id,
        Record.kind == "diary",
        Record.diary_on == Evening.diary_on,
        Record.void.is_(False),
    )
    query = select(Evening).where(
        Evening.participant_id.in_(ids), Evening.diary_on.between(first_on, last_on), ~has_diary
    )
    return list(session.scalars(query))
