"""How simulated people live: repeatable lives, real windows, every behaviour, answers that fit."""

import uuid
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.domain.diary_day import place
from app.domain.fit import Profile, misfits
from app.domain.participant import Move
from app.domain.records import (
    AnswerStatus,
    DiaryPayload,
    DosePayload,
    Kind,
    Op,
    Submission,
    read_payload,
)
from app.domain.study import Study, load_study
from app.services.listed_medicines import snapshot_of
from app.simulation.answers import Diarist, scaled
from app.simulation.behaviours import life, pauses
from app.simulation.events import Amend, Change, Event, Hold, Pause, Resume, Travel
from app.simulation.people import KITS, ROSTER, Person, Trait, cast

TODAY = date(2026, 11, 22)
FOLDER = Path(__file__).parents[2] / "app" / "studies" / "meso_sdrc"
STUDY: Study = load_study(FOLDER)
PEOPLE = cast("seed", TODAY, 24)


def diarist(person: Person, study: Study = STUDY) -> Diarist:
    shelf = []
    for listed in person.medicines:
        box = study.formulary.find(listed.code)
        assert box is not None, listed.code
        medicine_id = str(uuid.uuid5(uuid.NAMESPACE_OID, listed.code))
        shelf.append(snapshot_of(medicine_id, box, listed))
    return Diarist(person, study, tuple(shelf))


LIVES = {person.number: life(diarist(person)) for person in PEOPLE}


def with_trait(trait: Trait) -> list[Person]:
    return [person for person in PEOPLE if person.is_(trait)]


def submissions(events: list[Event], kind: Kind | None = None) -> list[Submission]:
    found = [event.act for event in events if isinstance(event.act, Submission)]
    return [one for one in found if kind is None or one.kind is kind]


def diaries(events: list[Event]) -> list[DiaryPayload]:
    read = [read_payload(s.kind, s.payload) for s in submissions(events, Kind.DIARY)]
    return [payload for payload in read if isinstance(payload, DiaryPayload)]


@pytest.mark.parametrize("number", [0, 4, 13])
def test_the_same_seed_gives_the_same_life_and_another_seed_another(number: int) -> None:
    assert life(diarist(PEOPLE[number])) == LIVES[number]
    other = life(diarist(replace(PEOPLE[number], seed="other")))
    assert other != LIVES[number]
    assert life(diarist(cast("seed", TODAY, 24)[number])) == LIVES[number]


def test_people_began_at_different_times_some_are_over_and_some_have_not_begun_treatment() -> None:
    began = [person.sessions[0] for person in PEOPLE]
    assert began == sorted(began)
    assert sum(person.last_diary_on < TODAY for person in PEOPLE) >= 8
    assert sum(person.sessions[0] <= TODAY <= person.last_diary_on for person in PEOPLE) >= 8
    assert began[-1] > TODAY
    assert {person.scale for person in PEOPLE} == {"vas100", "nrs11"}
    assert {person.limb for person in PEOPLE} == {"hand", "foot"}


def test_every_trait_and_kit_is_there() -> None:
    assert set().union(*(person.traits for person in PEOPLE)) == set(Trait)
    assert len(ROSTER) <= len(PEOPLE)
    assert all(any(person.medicines == kit for person in PEOPLE) for kit in KITS)


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: str(person.number))
def test_events_come_in_order_and_answers_fit_the_form(person: Person) -> None:
    events = LIVES[person.number]
    assert [e.at for e in events] == sorted(e.at for e in events)
    ids = frozenset(medicine.medicine_id for medicine in diarist(person).list_)
    profile = Profile(
        limb="hand" if person.limb == "hand" else "foot",
        scale=person.scale,
        medicine_ids=ids,
        sessions=frozenset(range(1, 5)),
        may_be_simulated=True,
    )
    for submission in submissions(events):
        if submission.payload is not None:
            payload = read_payload(submission.kind, submission.payload)
            assert misfits(payload, STUDY, profile) == ()
            assert payload.simulated


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: str(person.number))
def test_each_diary_is_saved_in_the_window_of_a_day_of_its_own(person: Person) -> None:
    days: Counter[date] = Counter()
    for submission in submissions(LIVES[person.number], Kind.DIARY):
        ahead = timedelta(minutes=7 if person.is_(Trait.FAST_CLOCK) else 0)
        saved_at = submission.saved_at - ahead
        opened_at = saved_at - timedelta(seconds=submission.elapsed_s)
        placed = place(saved_at, opened_at, person.spans, STUDY.window)
        assert placed is not None
        assert person.first_diary_on <= placed.diary_on <= person.last_diary_on
        if submission.op is Op.CREATE:
            days[placed.diary_on] += 1
    doubled = [on for on, times in days.items() if times > 1]
    assert doubled == ([person.sessions[1]] if person.is_(Trait.HELPED) else [])


@pytest.mark.parametrize("night", [date(2025, 10, 25), date(2025, 10, 26), date(2026, 3, 28)])
def test_late_saves_on_the_nights_of_summer_time_find_their_day(night: date) -> None:
    owl = replace(
        PEOPLE[7],
        sessions=(night, *(night + timedelta(days=day) for day in (7, 14, 30))),
        inclusion_on=night - timedelta(days=1),
    )
    lives = [life(diarist(replace(owl, seed=f"owl {n}"))) for n in range(40)]
    placed = [
        found
        for events in lives
        for s in submissions(events, Kind.DIARY)
        if (found := place(s.saved_at, None, owl.spans, STUDY.window)) and found.diary_on == night
    ]
    assert {found.lateness for found in placed} == {"on_time", "late"}


def test_every_status_of_an_answer_occurs() -> None:
    statuses: set[AnswerStatus] = set()
    for events in LIVES.values():
        for diary in diaries(events):
            parts = [*diary.scores.values(), *diary.triggers.values()]
            statuses |= {part.status for part in parts}
            statuses |= {diary.allodynia.status, diary.zones.status, diary.medicines.status}
    assert statuses == set(AnswerStatus)
    everything = [diary for events in LIVES.values() for diary in diaries(events)]
    assert {diary.allodynia.value for diary in everything} == {"yes", "no", "avoided", None}
    assert any(diary.hospital for diary in everything)
    assert any(diary.kept == ("worst_below_average",) for diary in everything)
    assert any(diary.medicines.none for diary in everything)


def test_flares_are_saved_with_the_average_alone() -> None:
    flares = [d for events in LIVES.values() for d in diaries(events) if d.flare]
    assert flares
    for flare in flares:
        assert flare.scores["pain_average"].status is AnswerStatus.ANSWERED
        rest = [flare.scores["pain_worst"].status, flare.allodynia.status, flare.medicines.status]
        assert set(rest) == {AnswerStatus.SKIPPED_FLARE}


def test_the_forgetful_miss_more_days_than_the_others() -> None:
    def share(people: list[Person]) -> float:
        kept = sum(
            s.op is Op.CREATE for p in people for s in submissions(LIVES[p.number], Kind.DIARY)
        )
        return kept / sum((p.last_diary_on - p.first_diary_on).days + 1 for p in people)

    steady = [p for p in PEOPLE if not p.traits & {Trait.FORGETFUL, Trait.WITHDRAWING, Trait.LOST}]
    forgetful = [p for p in with_trait(Trait.FORGETFUL) if not p.is_(Trait.LOST)]
    assert share(forgetful) < 0.85 < share(steady)


@pytest.mark.parametrize("person", with_trait(Trait.OFFLINE), ids=lambda p: str(p.number))
def test_what_was_saved_offline_comes_later_together_and_counted_down(person: Person) -> None:
    runs = defaultdict(list)
    for event in LIVES[person.number]:
        if isinstance(event.act, Submission):
            late = event.at - event.act.saved_at
            if late > timedelta(hours=1):
                runs[event.at.date()].append(event.act)
    assert any(len({s.saved_at.date() for s in run}) > 1 for run in runs.values())
    for run in runs.values():
        assert [s.waiting for s in run] == list(range(len(run), 0, -1))
        assert all(s.attempt > 1 for s in run)


@pytest.mark.parametrize("person", with_trait(Trait.TRAVELLING), ids=lambda p: str(p.number))
def test_travellers_leave_and_come_home(person: Person) -> None:
    zones = [event.act.tz for event in LIVES[person.number] if isinstance(event.act, Travel)]
    assert len(zones) == 2
    assert zones[0] != zones[1] == person.home
    away = {s.tz for s in submissions(LIVES[person.number], Kind.DIARY)}
    assert away == {person.home, zones[0]}


def test_people_correct_and_take_back_with_a_reason_and_the_site_amends() -> None:
    acts = [event.act for events in LIVES.values() for event in events]
    corrections = [a for a in acts if isinstance(a, Submission) and a.op is Op.CORRECT]
    voids = [a for a in acts if isinstance(a, Submission) and a.op is Op.VOID]
    assert corrections
    assert all(c.texts["reason"] and c.base_version == 1 for c in corrections)
    assert voids
    assert all(v.kind is Kind.DOSE and v.payload is None for v in voids)
    assert any(isinstance(act, Amend) for act in acts)


def test_patches_are_applied_every_third_day() -> None:
    wearer = next(p for p in PEOPLE if any("durogesic" in m.code for m in p.medicines))
    doses = [
        read_payload(s.kind, s.payload)
        for s in submissions(LIVES[wearer.number], Kind.DOSE)
        if s.payload is not None
    ]
    applied = [d.taken_on for d in doses if isinstance(d, DosePayload) and d.patch == "applied"]
    assert len(applied) >= 10
    assert {(on - wearer.first_diary_on).days % 3 for on in applied} == {0}


@pytest.mark.parametrize(
    ("trait", "by"), [(Trait.WITHDRAWING, Move.WITHDRAW), (Trait.LOST, Move.LOSE)]
)
def test_nothing_is_heard_after_the_end(trait: Trait, by: Move) -> None:
    for person in with_trait(trait):
        last = LIVES[person.number][-1].act
        assert isinstance(last, Change)
        assert last.by is by
        assert LIVES[person.number][-1].at.date() < person.last_diary_on


def test_the_site_dates_sessions_pauses_and_ends() -> None:
    person = with_trait(Trait.HOSPITAL)[0]
    acts = [event.act for event in LIVES[person.number]]
    held = [(act.session_no, act.held_on) for act in acts if isinstance(act, Hold)]
    assert held == list(enumerate(person.sessions, start=1))
    assert [type(act) for act in acts if isinstance(act, Pause | Resume)] == [Pause, Resume]
    assert Change(Move.COMPLETE, "Fin du suivi.") in acts
    [(paused_on, due_again_on, _)] = pauses(person)
    kept_on = {
        place(s.saved_at, None, person.spans, STUDY.window)
        for s in submissions(LIVES[person.number], Kind.DIARY)
    }
    assert not any(p and paused_on <= p.diary_on < due_again_on for p in kept_on)


@pytest.mark.parametrize(
    ("printed", "position"),
    [
        ("6.75", 68),
        ("5.02", 50),
        ("6.859999999999999", 69),
        ("0.11", 1),
        ("0.05", 1),
        ("0.04", 0),
        ("10", 100),
        ("2.45", 25),
    ],
)
def test_a_printed_score_is_placed_halves_up(printed: str, position: int) -> None:
    assert scaled(printed) == position
