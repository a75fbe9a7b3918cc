"""What a simulated person answers: a diary, a dose, a report, as the typed payloads of the domain.

When they answer is in `behaviours`. Every status of an answer occurs: answered, declined, avoided,
not exposed, not asked, skipped in a flare, unanswered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from app.domain.records import (
    PARTS,
    Allodynia,
    AnswerStatus,
    DiaryPayload,
    DosePayload,
    Medicines,
    Part,
    Reason,
    RescueAnswer,
    ScheduledAnswer,
    Score,
    SessionReportPayload,
    Severity,
    Snapshot,
    Zones,
)
from app.domain.study import Study
from app.simulation import pain
from app.simulation.chance import dice
from app.simulation.people import Person, Trait

ALL_SIMULATED = ("person", "dates", "scores", "allodynia", "doses")
AROUND_SCORES_SIMULATED = ("dates", "allodynia", "doses")
REASONS: tuple[Reason, ...] = ("pain_at_rest", "touch_evoked_pain", "sleep", "before_session")
LINE_PX, VIEWPORT = 296.0, (360, 740)


@dataclass(frozen=True)
class Diarist:
    """A person with what their form shows: the study's questions and their list of medicines."""

    person: Person
    study: Study
    list_: tuple[Snapshot, ...]

    def medicines(self, role: str) -> list[Snapshot]:
        """The medicines of the list with that role."""
        return [medicine for medicine in self.list_ if medicine.role == role]


def scaled(source: str) -> int:
    """Turn a printed score of 0–10 into a position on vas100, halves up, exactly as written."""
    return int((Decimal(source) * 10).quantize(Decimal(1), ROUND_HALF_UP))


def diary_of(diarist: Diarist, diary_on: date, logged: int) -> DiaryPayload:
    """Answer one evening's diary; `logged` doses stand in it already."""
    person = diarist.person
    if person.published is None and pain.is_flare(person, diary_on):
        return _flare_of(diarist, diary_on)
    chance = dice(person.seed, person.number, diary_on, "diary")
    scores = _scores(diarist, diary_on, chance)
    kept = _contradicts(scores["pain_average"], scores["pain_worst"])
    evoked = _level(person, diary_on)
    gate = _gate(person, evoked, chance)
    asked = gate.value == "yes"
    return DiaryPayload(
        scores=scores,
        allodynia=gate,
        triggers={
            trigger.code: _trigger(person, evoked, chance) if asked else _without(person, _NOT)
            for trigger in diarist.study.asked_triggers
        },
        zones=_zones(diarist, evoked, chance) if asked else _no_zones(diarist, _NOT),
        medicines=_medicines(diarist, evoked, chance, logged),
        hospital=person.is_(Trait.HOSPITAL) and diary_on == hospital_on(person),
        kept=("worst_below_average",) if kept else (),
        simulated=ALL_SIMULATED if person.published is None else AROUND_SCORES_SIMULATED,
    )


def hospital_on(person: Person) -> date:
    """The day on which a person with that trait says that they are in hospital."""
    return date.fromordinal(person.sessions[1].toordinal() + 9)


def corrected(payload: DiaryPayload, chance: Random) -> DiaryPayload:
    """The same diary with the average pain moved, as after a slip of the finger."""
    old = payload.scores["pain_average"]
    top = 100 if old.scale == "vas100" else 10
    step = chance.choice((-12, -8, 9, 14)) if top == 100 else chance.choice((-1, 1))
    value = min(top, max(0, (old.value or 0) + step))
    new = old.model_copy(update={"status": AnswerStatus.ANSWERED, "value": value})
    kept = _contradicts(new, payload.scores.get("pain_worst", new))
    return payload.model_copy(
        update={
            "scores": {**payload.scores, "pain_average": new},
            "kept": ("worst_below_average",) if kept else (),
        }
    )


def dose_of(
    medicine: Snapshot, taken_on: date, taken_at: time, units: float, chance: Random
) -> DosePayload:
    """One dose as it is logged from the home page."""
    is_patch = medicine.ug_per_h is not None
    return DosePayload(
        medicine=medicine,
        units=units,
        taken_on=taken_on,
        taken_at=taken_at.replace(second=0, microsecond=0),
        reason=None if is_patch else chance.choice(REASONS),
        patch="applied" if is_patch else None,
        simulated=True,
    )


def units_of(medicine: Snapshot, chance: Random) -> float:
    """How much of a medicine is taken at once: drops by the score, all else by one or two."""
    return float(
        chance.choice((10, 20, 20, 30)) if medicine.unit == "drop" else chance.choice((1, 1, 2))
    )


def rescue_count(person: Person, diary_on: date) -> int:
    """How many rescue doses a day takes, more when it hurts more."""
    chance = dice(person.seed, person.number, diary_on, "rescue")
    level = pain.average(person, diary_on)
    return sum(chance.random() < (level - 25) / 90 for _ in range(3))


def report_of(diarist: Diarist, session_no: int, days_since: int) -> SessionReportPayload:
    """What was noticed after a session; little, and less each day."""
    person, study = diarist.person, diarist.study.session_report
    chance = dice(person.seed, person.number, session_no, days_since, "report")
    is_weekly = days_since not in study.days_after
    usual = {"injection_pain": 0.6, "redness": 0.4, "bruise": 0.3, "dizziness": 0.08}
    rare = {"confusion": 0.02, "wound_or_pus": 0.01, "new_lump": 0.02}
    symptoms = study.weekly_items if is_weekly else study.items
    items: dict[str, Severity] = {}
    for symptom in symptoms:
        odds = {**usual, **rare}.get(symptom.code, 0.01) / (1 + max(0, days_since) / 2)
        if symptom.group != "emergency" and chance.random() < odds:
            items[symptom.code] = chance.choice(("mild", "mild", "mild", "moderate"))
    return SessionReportPayload(session_no=session_no, items=items, simulated=True)


_NOT = AnswerStatus.NOT_ASKED
_SKIPPED = AnswerStatus.SKIPPED_FLARE


def _flare_of(diarist: Diarist, diary_on: date) -> DiaryPayload:
    """ "Too much pain today": the average alone, all else skipped."""
    person = diarist.person
    skipped = _without(person, _SKIPPED)
    return DiaryPayload(
        flare=True,
        scores={
            "pain_average": _answer(person, pain.average(person, diary_on)),
            "pain_worst": skipped,
        },
        allodynia=Allodynia(status=_SKIPPED),
        triggers={trigger.code: skipped for trigger in diarist.study.asked_triggers},
        zones=_no_zones(diarist, _SKIPPED),
        medicines=Medicines(status=_SKIPPED),
        simulated=ALL_SIMULATED,
    )


def _scores(diarist: Diarist, diary_on: date, chance: Random) -> dict[str, Score]:
    person = diarist.person
    if person.published is not None:
        source = person.published[diary_on]
        value = scaled(source)
        average = _drawn(person, value, source)
        return {"pain_average": average, "pain_worst": _without(person, _NOT)}
    level = pain.average(person, diary_on)
    is_declined = chance.random() < 0.012
    worst = level + abs(chance.gauss(11, 6)) - (16 if chance.random() < 0.015 else 0)
    return {
        "pain_average": _without(person, AnswerStatus.DECLINED)
        if is_declined
        else _answer(person, level),
        "pain_worst": _answer(person, worst),
    }


def _level(person: Person, diary_on: date) -> float:
    """The day's pain on 0–100: the printed score where there is one."""
    if person.published is not None:
        return scaled(person.published[diary_on])
    return pain.average(person, diary_on)


def _contradicts(average: Score, worst: Score) -> bool:
    return average.value is not None and worst.value is not None and worst.value < average.value


def _answer(person: Person, level: float) -> Score:
    """Mark a level of 0–100 on the person's own scale."""
    top = 100 if person.scale == "vas100" else 10
    return _drawn(person, min(top, max(0, round(level * top / 100))), None)


def _drawn(person: Person, value: int, source: str | None) -> Score:
    drawn = person.scale == "vas100" and source is None
    return Score(
        status=AnswerStatus.ANSWERED,
        value=value,
        scale="vas100" if person.scale == "vas100" else "nrs11",
        line_px=LINE_PX if drawn else None,
        viewport=VIEWPORT if drawn else None,
        source_value=source,
    )


def _without(person: Person, status: AnswerStatus) -> Score:
    return Score(status=status, scale="vas100" if person.scale == "vas100" else "nrs11")


def _gate(person: Person, level: float, chance: Random) -> Allodynia:
    throw = chance.random()
    if throw < 0.01:
        return Allodynia(status=AnswerStatus.DECLINED)
    if throw < (0.25 if person.is_(Trait.AVOIDING) else 0.03):
        return Allodynia(status=AnswerStatus.ANSWERED, value="avoided")
    hurts = chance.random() < min(0.95, max(0.08, (level - 8) / 55))
    return Allodynia(status=AnswerStatus.ANSWERED, value="yes" if hurts else "no")


def _trigger(person: Person, level: float, chance: Random) -> Score:
    throw = chance.random()
    avoids = 0.3 if person.is_(Trait.AVOIDING) else 0.08
    if throw < 0.01:
        return _without(person, AnswerStatus.UNANSWERED)
    if throw < 0.01 + avoids:
        return _without(person, AnswerStatus.AVOIDED)
    if throw < 0.12 + avoids:
        return _without(person, AnswerStatus.NOT_EXPOSED)
    return _answer(person, level + chance.gauss(-4, 12))


def _zones(diarist: Diarist, level: float, chance: Random) -> Zones:
    """The person's own places, fewer of them on better days."""
    person, zones = diarist.person, diarist.study.zone_set
    places = [zone.code for zone in zones.of("hand" if person.limb == "hand" else "foot")][:9]
    dice(person.seed, person.number, "places").shuffle(places)
    count = max(1, round(level / 100 * len(places)) + chance.choice((-1, 0, 0, 1)))
    codes = tuple(sorted(places[:count]))
    return Zones(status=AnswerStatus.ANSWERED, set=zones.version, codes=codes)


def _no_zones(diarist: Diarist, status: AnswerStatus) -> Zones:
    return Zones(status=status, set=diarist.study.zone_set.version)


def _medicines(diarist: Diarist, level: float, chance: Random, logged: int) -> Medicines:
    if chance.random() < 0.015:
        return Medicines(status=AnswerStatus.UNANSWERED)
    scheduled = tuple(_scheduled(m, chance) for m in diarist.medicines("scheduled"))
    rescue: Sequence[Snapshot] = diarist.medicines("rescue")
    recalled = () if logged or not rescue else _rescue(rescue, level, chance)
    nothing = not logged and not recalled and all(s.taking == "not_taken" for s in scheduled)
    return Medicines(
        status=AnswerStatus.ANSWERED,
        none=nothing,
        scheduled=() if nothing else scheduled,
        rescue=recalled,
    )


def _scheduled(medicine: Snapshot, chance: Random) -> ScheduledAnswer:
    throw = chance.random()
    if throw < 0.04:
        return ScheduledAnswer(medicine=medicine, taking="not_taken")
    parts = list(medicine.prescribed)
    if throw < 0.10 and parts:
        kept: dict[Part, float] = {part: medicine.prescribed[part] for part in parts[:-1]}
        taken = kept or {parts[0]: medicine.prescribed[parts[0]] * 2}
        return ScheduledAnswer(medicine=medicine, taking="differently", units=taken)
    return ScheduledAnswer(medicine=medicine, taking="as_prescribed")


def _rescue(
    medicines: Sequence[Snapshot], level: float, chance: Random
) -> tuple[RescueAnswer, ...]:
    taken = []
    for medicine in medicines:
        parts = [part for part in PARTS if chance.random() < (level - 35) / 260]
        if parts:
            units = {part: units_of(medicine, chance) for part in parts}
            reason = chance.choice(REASONS)
            taken.append(RescueAnswer(medicine=medicine, units=units, reason=reason))
    return tuple(taken)
