"""How simulated people live with the diary: when they save, forget, travel, correct or stop.

`life` gives everything that happens to one person, as events in the order in which the service
hears of them. Windows come from the domain, so that a simulated evening is a real one on DST nights
and under way. The rule kept: each day has dice of its own, however far the clock has run.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from random import Random

from app.domain.diary_day import DiaryWindow, local_instant, windows_between, zone_at, zone_named
from app.domain.participant import Move
from app.domain.records import AnyPayload, DiaryPayload, Kind, Op, Submission, write_payload
from app.simulation.answers import (
    Diarist,
    corrected,
    diary_of,
    dose_of,
    hospital_on,
    report_of,
    rescue_count,
    units_of,
)
from app.simulation.chance import dice
from app.simulation.events import Amend, Change, Event, Hold, Pause, Resume, Travel
from app.simulation.people import Person, Trait

NAMESPACE = uuid.UUID("9b0c3a3e-6d5e-4d0e-9f57-0c6f4d1c5a10")
SHORTEST_EVENING = timedelta(minutes=20)
PATCH_LASTS_DAYS = 3
CLOCK_AHEAD = timedelta(minutes=7)
AMENDED = 0.012
VOIDED = 0.02
SLIPS = {
    "fr": (
        "J’ai touché trop haut sur la ligne.",
        "Je me suis trompé d’endroit.",
        "Erreur de ma part.",
    ),
    "en": ("I touched too high on the line.", "I marked the wrong place.", "My mistake."),
}


@dataclass(frozen=True, slots=True)
class Save:
    """One save on the phone, by true time; `heard_at` is when it reaches the service."""

    key: str
    kind: Kind
    saved_at: datetime
    heard_at: datetime
    elapsed_s: float
    tz: str
    payload: AnyPayload | None
    op: Op = Op.CREATE
    step: int = 1
    texts: dict[str, str] = field(default_factory=dict)
    helper: bool = False


def life(diarist: Diarist) -> list[Event]:
    """Give all that happens to a person after joining, in order."""
    person = diarist.person
    saves = list(_saves(diarist))
    events = [
        *_travels(person),
        *_site_acts(person),
        *_sent(diarist, saves),
        *_amendments(person, saves),
    ]
    gone_at = min((e.at for e in events if _is_end(e)), default=None)
    kept = [e for e in events if gone_at is None or e.at <= gone_at]
    return sorted(kept, key=attrgetter("at"))


def clock_ahead(person: Person) -> timedelta:
    """How far the clock of a person's phone runs ahead of the true time."""
    return CLOCK_AHEAD if person.is_(Trait.FAST_CLOCK) else timedelta(0)


def _is_end(event: Event) -> bool:
    return isinstance(event.act, Change) and event.act.by in (Move.WITHDRAW, Move.LOSE)


def _travels(person: Person) -> Iterator[Event]:
    for span in person.spans[1:]:
        yield Event(span.from_at, person.number, Travel(span.tz))


def _site_acts(person: Person) -> Iterator[Event]:
    """Sessions, pauses and the end of the diary, entered by the site in its working hours."""

    def at(on: date, hour: int) -> datetime:
        return local_instant(on, time(hour), person.home)

    for number, held_on in enumerate(person.sessions, start=1):
        yield Event(at(held_on, 15), person.number, Hold(number, held_on))
    for from_on, until_on, reason in pauses(person):
        yield Event(at(from_on, 9), person.number, Pause(from_on, reason))
        yield Event(at(until_on, 10), person.number, Resume(until_on, "Fin de la pause."))
    ends_on, by, reason = _end(person)
    yield Event(at(ends_on, 11), person.number, Change(by, reason))


def pauses(person: Person) -> list[tuple[date, date, str]]:
    """The site's pauses: first paused day, first day due again, reason."""
    if person.published is not None:
        resumed_on = person.last_diary_on - timedelta(days=6)
        return [(person.sessions[0], resumed_on, "Pas dans les données publiées.")]
    if person.is_(Trait.HOSPITAL):
        from_on = hospital_on(person) + timedelta(days=1)
        return [(from_on, from_on + timedelta(days=5), "Hospitalisation, sans lien avec l’étude.")]
    return []


def _end(person: Person) -> tuple[date, Move, str]:
    if person.is_(Trait.WITHDRAWING):
        return person.sessions[2] + timedelta(days=6), Move.WITHDRAW, "Retrait du consentement."
    if person.is_(Trait.LOST):
        return person.sessions[3] + timedelta(days=9), Move.LOSE, "Sans réponse à trois appels."
    return person.last_diary_on + timedelta(days=2), Move.COMPLETE, "Fin du suivi."


def _sent(diarist: Diarist, saves: Iterable[Save]) -> Iterator[Event]:
    """The saves as the service receives them; what waited on the phone comes together."""
    person = diarist.person
    in_order = sorted(saves, key=attrgetter("heard_at", "saved_at", "step"))
    for heard_at, together in groupby(in_order, key=attrgetter("heard_at")):
        rows = list(together)
        for index, save in enumerate(rows):
            at = heard_at + timedelta(seconds=index)
            waiting = len(rows) - index
            yield Event(at, person.number, _submission(diarist, save, at, waiting))


def _submission(diarist: Diarist, save: Save, heard_at: datetime, waiting: int) -> Submission:
    """Put a save in the envelope in which a phone sends it, told by the phone's own clock."""
    person = diarist.person
    ahead = clock_ahead(person)
    late_s = (heard_at - save.saved_at).total_seconds()
    return Submission(
        submission_id=_id(person, f"{save.key}/{save.step}"),
        record_id=_id(person, save.key),
        kind=save.kind,
        op=save.op,
        base_version=None if save.op is Op.CREATE else save.step - 1,
        form_version=diarist.study.version,
        observed_at=save.saved_at + ahead - timedelta(seconds=4),
        saved_at=save.saved_at + ahead,
        tz=save.tz,
        elapsed_s=save.elapsed_s,
        sent_at=heard_at + ahead,
        attempt=1 if late_s < 60 else 2 + int(late_s // 3600),
        waiting=waiting,
        helper=save.helper,
        payload=None if save.payload is None else write_payload(save.payload),
        texts=save.texts,
    )


def _amendments(person: Person, saves: Iterable[Save]) -> Iterator[Event]:
    """Now and then somebody calls: the site corrects the latest version, two days on."""
    latest = {save.key: save for save in saves if save.key.startswith("diary/")}
    for key, save in latest.items():
        chance = dice(person.seed, person.number, key, "call")
        is_asked = person.published is None and chance.random() < AMENDED
        if is_asked and isinstance(save.payload, DiaryPayload) and not save.payload.flare:
            at = save.heard_at + timedelta(days=2)
            payload = corrected(save.payload, chance)
            act = Amend(
                _id(person, key),
                save.step,
                payload,
                reason="Le participant s’était trompé de bouton.",
                source="Appel du participant, note au dossier.",
            )
            yield Event(at, person.number, act)


def _id(person: Person, key: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{person.seed}/{person.number}/{key}"))


def _saves(diarist: Diarist) -> Iterator[Save]:
    person = diarist.person
    paused = pauses(person)
    for window in windows_between(
        person.first_diary_on, person.last_diary_on, person.spans, diarist.study.window
    ):
        on = window.diary_on
        if not any(first <= on < due_again for first, due_again, _ in paused):
            yield from _day(diarist, window)


def _day(diarist: Diarist, window: DiaryWindow) -> Iterator[Save]:
    doses = list(_doses(diarist, window))
    yield from doses
    saved_at = _saved_at(diarist, window)
    if saved_at is None:
        return
    person, on = diarist.person, window.diary_on
    payload = diary_of(diarist, on, len(doses))
    chance = dice(person.seed, person.number, on, "save")
    diary = Save(
        key=f"diary/{on}",
        kind=Kind.DIARY,
        saved_at=saved_at,
        heard_at=_heard_at(person, saved_at, window),
        elapsed_s=chance.uniform(9, 20) if payload.flare else chance.uniform(40, 150),
        tz=window.tz,
        payload=payload,
        helper=person.is_(Trait.HELPED) and chance.random() < 0.3,
    )
    yield diary
    if payload.flare:
        return
    if person.is_(Trait.HELPED) and on == person.sessions[1]:
        yield _second_phone(diary)
    yield from _correction(diarist, diary, window, chance)
    yield from _report(diarist, diary, window)


def _second_phone(diary: Save) -> Save:
    """The same evening filled once more, on somebody else's phone: for the site to decide."""
    later = diary.saved_at + timedelta(minutes=4)
    return replace(diary, key=f"second/{diary.key}", saved_at=later, heard_at=later)


def _saved_at(diarist: Diarist, window: DiaryWindow) -> datetime | None:
    """When the diary of a day is saved; None when it is forgotten."""
    person = diarist.person
    chance = dice(person.seed, person.number, window.diary_on, "evening")
    length = window.closes_at - window.opens_at
    if person.published is not None:
        is_kept, is_late = window.diary_on in person.published, False
    else:
        is_kept = chance.random() >= (0.27 if person.is_(Trait.FORGETFUL) else 0.04)
        is_late = chance.random() < (0.2 if person.is_(Trait.LATE) else 0.02)
    grace = window.grace_at - window.closes_at
    if not is_kept or length < SHORTEST_EVENING:
        return None
    if is_late and grace > SHORTEST_EVENING:
        return window.closes_at + chance.uniform(0.05, 0.9) * grace
    habit = dice(person.seed, person.number, "habit").uniform(0.2, 0.6)
    return window.opens_at + min(0.95, max(0.02, chance.gauss(habit, 0.12))) * length


def _heard_at(person: Person, saved_at: datetime, window: DiaryWindow) -> datetime:
    """When the phone next has signal: at once, but for a few days now and then."""
    if person.is_(Trait.OFFLINE):
        run, day = divmod((window.diary_on - person.first_diary_on).days, 10)
        chance = dice(person.seed, person.number, run, "offline")
        begins, lasts = chance.randrange(4), chance.randint(2, 4)
        if chance.random() < 0.6 and begins <= day < begins + lasts:
            back_on = window.diary_on + timedelta(days=begins + lasts - day)
            return local_instant(back_on, time(9, 12), window.tz)
    return saved_at + timedelta(seconds=2)


def _correction(
    diarist: Diarist, diary: Save, window: DiaryWindow, chance: Random
) -> Iterator[Save]:
    person, payload = diarist.person, diary.payload
    saved_at = diary.saved_at + timedelta(minutes=chance.uniform(3, 25))
    is_asked = person.published is None and chance.random() < 0.035
    if not is_asked or saved_at >= window.grace_at or not isinstance(payload, DiaryPayload):
        return
    yield Save(
        key=diary.key,
        kind=Kind.DIARY,
        op=Op.CORRECT,
        step=2,
        saved_at=saved_at,
        heard_at=_heard_at(person, saved_at, window),
        elapsed_s=chance.uniform(15, 40),
        tz=window.tz,
        payload=corrected(payload, chance),
        texts={"reason": chance.choice(SLIPS[person.language])},
    )


def _doses(diarist: Diarist, window: DiaryWindow) -> Iterator[Save]:
    """What is logged from the home page during the day: rescue doses, and patches as applied."""
    person, on = diarist.person, window.diary_on
    chance = dice(person.seed, person.number, on, "doses")
    taken = [m for m in diarist.medicines("scheduled") if m.ug_per_h and _is_patch_day(person, on)]
    rescue = diarist.medicines("rescue")
    if rescue and person.is_(Trait.LOGGING):
        taken += [chance.choice(rescue) for _ in range(rescue_count(person, on))]
    for index, medicine in enumerate(taken):
        clock = time(chance.randint(7, 16), chance.randint(0, 59))
        saved_at = local_instant(on, clock, window.tz) + timedelta(seconds=chance.randint(5, 55))
        if zone_at(saved_at, person.spans) != window.tz:
            continue
        units = 1.0 if medicine.ug_per_h else units_of(medicine, chance)
        dose = Save(
            key=f"dose/{on}/{index}",
            kind=Kind.DOSE,
            saved_at=saved_at,
            heard_at=_heard_at(person, saved_at, window),
            elapsed_s=chance.uniform(4, 12),
            tz=window.tz,
            payload=dose_of(medicine, on, _clock(saved_at, window.tz), units, chance),
        )
        yield dose
        if chance.random() < VOIDED:
            yield _voided(dose)


def _voided(dose: Save) -> Save:
    """A dose logged by mistake, taken back a minute later."""
    later = dose.saved_at + timedelta(minutes=1)
    heard_at = max(later, dose.heard_at)
    return replace(dose, op=Op.VOID, step=2, saved_at=later, heard_at=heard_at, payload=None)


def _is_patch_day(person: Person, on: date) -> bool:
    return (on - person.first_diary_on).days % PATCH_LASTS_DAYS == 0


def _clock(at: datetime, tz: str) -> time:
    return at.astimezone(zone_named(tz)).time()


def _report(diarist: Diarist, diary: Save, window: DiaryWindow) -> Iterator[Save]:
    """The checklist after a session, when it is due and the person feels like it."""
    person, on = diarist.person, window.diary_on
    due = _report_due(diarist, on)
    chance = dice(person.seed, person.number, on, "reports")
    if person.published is not None or due is None or chance.random() < 0.2:
        return
    session_no, days_since = due
    saved_at = diary.saved_at + timedelta(seconds=chance.randint(20, 90))
    yield Save(
        key=f"report/{on}",
        kind=Kind.SESSION_REPORT,
        saved_at=saved_at,
        heard_at=_heard_at(person, saved_at, window),
        elapsed_s=chance.uniform(8, 30),
        tz=window.tz,
        payload=report_of(diarist, session_no, days_since),
    )


def _report_due(diarist: Diarist, on: date) -> tuple[int, int] | None:
    """The latest session before a day, and the days since it, when a report is due."""
    report = diarist.study.session_report
    held = [(no, day) for no, day in enumerate(diarist.person.sessions, start=1) if day <= on]
    if not held:
        return None
    session_no, held_on = held[-1]
    days_since = (on - held_on).days
    last = max(report.days_after)
    weekly = days_since > last and (days_since - last) % report.weekly_every_days == 0
    return (session_no, days_since) if days_since <= last or weekly else None
