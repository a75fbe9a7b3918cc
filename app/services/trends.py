"""One participant's trend: what the desk's page, the feed's figures and the exports show alike.

A fixed number of queries, whatever the number of days; the figures themselves come from the domain.
Nothing is written and nothing is drawn here. Many participants at a glance are in `cohorts`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.domain import figures
from app.domain.access import Actor, Permission
from app.domain.diary_day import ONE_DAY, Spans, local_date
from app.domain.figures import Adherence, Baseline, DailyMme, Mean, Response, Tempo, Week
from app.domain.intake import Taken, doses_taken
from app.domain.records import AnswerStatus, DiaryPayload, DosePayload, Snapshot
from app.domain.schedule import (
    Course,
    DueDay,
    Evidence,
    Missed,
    MissedCause,
    Outcome,
    Pause,
    ReminderState,
    due_day,
    missed_cause,
)
from app.domain.study.rules import Scale
from app.domain.trend import DiarySaved, TrendDay, trend_day
from app.services.deployment import Deployment
from app.services.participants import get_permitted
from app.store import participants, trends
from app.store.session import Session
from app.store.tables import Participant
from app.store.trends import SentRow, VersionRow


@dataclass(frozen=True, slots=True)
class MedicineTaken:
    """One medicine of a participant and the units of it taken on each date."""

    medicine: Snapshot
    units: Mapping[date, float]


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Everything that one participant's page shows, ready.

    `session_1_on` is null before the first session; the baseline is then that of the planned date.
    """

    person: Participant
    days: tuple[TrendDay, ...]
    today: date
    sessions_on: tuple[date, ...]
    session_1_on: date | None
    baseline: Baseline | None
    rolling: Mapping[date, Mean]
    weeks: tuple[tuple[Week, Response], ...]
    adherence: Adherence
    causes: Counter[MissedCause]
    mme: tuple[DailyMme, ...]
    medicines: tuple[MedicineTaken, ...]
    tempos: tuple[Tempo, ...]


def read_trend(
    session: Session, *, deployment: Deployment, actor: Actor, study_code: str, now: datetime
) -> Trend:
    """Read one participant's trend; NotFound out of the actor's scope, NotAllowed within it."""
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.SEE_TRENDS
    )
    return trend_of(session, deployment, person, now)


def trend_of(session: Session, deployment: Deployment, person: Participant, now: datetime) -> Trend:
    """Work out the trend of a participant whom the caller may see."""
    rows = trends.list_version_rows(session, person.id, ("diary", "dose"))
    spans = participants.list_zones(session, person.id)
    sessions_on = tuple(row.held_on for row in participants.list_sessions(session, person.id))
    saved = _diaries(rows)
    days = _days(session, deployment, person, spans, saved, now)
    diaries = {on: entry.payload for on, entry in saved.items()}
    doses = doses_taken(diaries, _logged(rows))
    uncoded_on = trends.list_uncoded_days(session, person.id)
    return _figures(deployment, person, days, sessions_on, saved, doses, uncoded_on)


def next_planned(
    deployment: Deployment, person: Participant, held: Sequence[date]
) -> tuple[int, date] | None:
    """The number and the protocol's date of the next session; None when all were held."""
    planned = deployment.study.sessions.planned_days
    if person.inclusion_on is None or len(held) >= len(planned):
        return None
    return len(held) + 1, person.inclusion_on + timedelta(days=planned[len(held)])


def scale_of(person: Participant) -> Scale:
    """The scale of a participant, fixed for the whole study."""
    return "nrs11" if person.scale == "nrs11" else "vas100"


def course_of(person: Participant, pauses: Collection[Pause], spans: Spans) -> Course:
    """A participant's time in the diary: from the later of first day and enrolment to the end."""
    first_on = person.first_diary_on
    if person.enrolled_at is None:
        first_on = person.last_diary_on + ONE_DAY
    else:
        first_on = max(first_on, local_date(person.enrolled_at, spans))
    return Course(first_on, person.last_diary_on, tuple(pauses), person.withdrawn_at)


def _days(
    session: Session,
    deployment: Deployment,
    person: Participant,
    spans: Spans,
    saved: Mapping[date, DiarySaved],
    now: datetime,
) -> tuple[TrendDay, ...]:
    pauses = [Pause(p.from_on, p.until_on) for p in participants.list_pauses(session, person.id)]
    course = course_of(person, pauses, spans)
    known = _Known(session, person.id)
    rules = deployment.study.window
    days = []
    for on in dates_between(
        person.first_diary_on, min(local_date(now, spans), person.last_diary_on)
    ):
        due = due_day(on, course, spans, rules)
        missed = known.missed(due) if on not in saved else None
        days.append(trend_day(due, saved.get(on), missed, now))
    return tuple(days)


_PARTICIPANT = '"type":"participant"'
"""How the canonical form of an originator says that the participant answered."""


class _Known:
    """What is known of a participant's evenings without entry; three queries for all of them."""

    def __init__(self, session: Session, participant_id: int) -> None:
        self._outcomes: defaultdict[date, list[Outcome]] = defaultdict(list)
        for row in trends.list_sent(session, participant_id):
            if (outcome := _outcome(row)) is not None:
                self._outcomes[row.diary_on].append(outcome)
        self._evenings = {
            row.diary_on: row for row in trends.list_evenings(session, participant_id)
        }
        self._contact_at = trends.last_contact(session, participant_id)

    def missed(self, due: DueDay) -> Missed | None:
        """Why a day has no entry; nothing is provisional about a pause."""
        if due.window is None:
            return None
        evening = self._evenings.get(due.diary_on)
        evidence = Evidence(
            is_paused=due.due == "paused",
            is_declined=evening is not None and evening.declined_at is not None,
            has_technical_fault=evening is not None and evening.fault_at is not None,
            was_opened=evening is not None and evening.opened_at is not None,
            outcomes=tuple(self._outcomes[due.diary_on]),
            last_contact_at=self._contact_at,
        )
        found = missed_cause(evidence, due.window)
        return replace(found, is_provisional=False) if evidence.is_paused else found


def _outcome(row: SentRow) -> Outcome | None:
    """How far a message got; a bounce after the hand-over is a failure, whatever came before."""
    if row.state == ReminderState.FAILED:
        return Outcome.FAILED
    if row.delivered_at is not None:
        return Outcome.DELIVERED
    return Outcome.SENT if row.state == ReminderState.HANDED_OVER else None


def _diaries(rows: Sequence[VersionRow]) -> dict[date, DiarySaved]:
    """The diary of each day as it stands, with its first version; voided ones left out."""
    versions: defaultdict[str, list[VersionRow]] = defaultdict(list)
    for row in rows:
        if row.kind == "diary":
            versions[row.record_id].append(row)
    found = {}
    for history in versions.values():
        first, last = history[0], history[-1]
        if last.payload is None or first.payload is None:
            continue
        payload = DiaryPayload.model_validate_json(last.payload)
        before = payload if last is first else DiaryPayload.model_validate_json(first.payload)
        found[last.diary_on] = DiarySaved(
            payload=payload,
            first=before,
            version=last.version,
            is_late=first.lateness == "late",
            by_participant=_PARTICIPANT in first.originator and before.entered is None,
            elapsed_s=first.elapsed_s,
        )
    return found


def _logged(rows: Sequence[VersionRow]) -> list[DosePayload]:
    latest = {row.record_id: row for row in rows if row.kind == "dose"}
    payloads = (row.payload for row in latest.values())
    return [DosePayload.model_validate_json(payload) for payload in payloads if payload]


def _figures(
    deployment: Deployment,
    person: Participant,
    days: tuple[TrendDay, ...],
    sessions_on: tuple[date, ...],
    saved: Mapping[date, DiarySaved],
    doses: Sequence[Taken],
    uncoded_on: Collection[date],
) -> Trend:
    study = deployment.study
    plain = [day.day for day in days]
    session_1_on = sessions_on[0] if sessions_on else None
    planned = next_planned(deployment, person, sessions_on)
    reference_on = session_1_on or (planned[1] if planned else None)
    before = figures.baseline(plain, reference_on, study.baseline) if reference_on else None
    scale = scale_of(person)
    weeks = figures.weekly_means(plain, session_1_on, study.week)
    none = Mean((), is_evaluable=False)
    start = before.mean if before else none
    status = {on: entry.payload.medicines.status for on, entry in saved.items()}
    answered = {on for on in status if status[on] is AnswerStatus.ANSWERED}
    return Trend(
        person=person,
        days=days,
        today=plain[-1].diary_on if plain else person.first_diary_on,
        sessions_on=sessions_on,
        session_1_on=session_1_on,
        baseline=before,
        rolling=figures.rolling_means(plain, study.week),
        weeks=tuple((w, figures.response(start, w.mean, scale, study.flags)) for w in weeks),
        adherence=figures.adherence(plain),
        causes=figures.missing_causes(plain),
        mme=figures.daily_mme(
            doses, [day.diary_on for day in plain], answered_on=answered, uncoded_on=uncoded_on
        ),
        medicines=_by_medicine(doses),
        tempos=figures.tempos((entry.first, entry.elapsed_s) for entry in saved.values()),
    )


def _by_medicine(doses: Sequence[Taken]) -> tuple[MedicineTaken, ...]:
    """Units per date of each medicine, scheduled ones first, each group by name."""
    units: defaultdict[str, defaultdict[date, float]] = defaultdict(lambda: defaultdict(float))
    latest: dict[str, Snapshot] = {}
    for dose in doses:
        latest[dose.medicine.medicine_id] = dose.medicine
        if dose.patch != "removed":
            units[dose.medicine.medicine_id][dose.taken_on] += dose.units
    ordered = sorted(latest.values(), key=lambda m: (m.role != "scheduled", m.name, m.strength))
    return tuple(MedicineTaken(m, dict(units[m.medicine_id])) for m in ordered)


def dates_between(first_on: date, last_on: date) -> list[date]:
    """Every date from the first to the last, both included; none when they are reversed."""
    return [first_on + ONE_DAY * k for k in range((last_on - first_on).days + 1)]
