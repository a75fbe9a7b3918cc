"""Who the simulated people are: their limb, home, habits, medicines, dates and course of pain.

What they do day by day is in `behaviours`. There is no arm here and no dose of the trial: how much
somebody's pain gives way is drawn for the person, so that nothing could be unblinded by mistake.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.domain.diary_day import ZoneSpan, local_instant
from app.services.listed_medicines import ListedMedicine
from app.simulation.chance import dice

BASELINE_DAYS = 7
LAST_STUDY_DAY = 60
PLANNED_DAYS = (1, 7, 14, 30)
LONGEST_AGO_DAYS = 110
NEWEST_IN_DAYS = 3
"""Session 1 of the first and of the last to begin, around the day on which the demo is made."""
PARIS = "Europe/Paris"


class Trait(StrEnum):
    """What sets a person apart from one who fills the diary every evening."""

    FORGETFUL = "forgetful"
    LATE = "late"
    OFFLINE = "offline"
    TRAVELLING = "travelling"
    FLARING = "flaring"
    AVOIDING = "avoiding"
    LOGGING = "logging"
    HELPED = "helped"
    FAST_CLOCK = "fast_clock"
    HOSPITAL = "hospital"
    WITHDRAWING = "withdrawing"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Trip:
    """A stay in another time zone: there from noon of one date to noon of another."""

    from_on: date
    until_on: date
    tz: str


@dataclass(frozen=True, kw_only=True)
class Person:
    """One simulated participant. `sessions` are the dates on which they are truly held.

    `pain` is the level before treatment and `relief` the share of it that gives way in the end.
    `published` holds real scores as printed, by diary day, for a person who is not made up.
    """

    number: int
    seed: str
    language: str
    home: str
    limb: str
    side: str
    hand: str
    scale: str = "vas100"
    inclusion_on: date
    sessions: tuple[date, ...]
    traits: frozenset[Trait] = frozenset()
    trips: tuple[Trip, ...] = ()
    medicines: tuple[ListedMedicine, ...] = ()
    pain: float = 65.0
    relief: float = 0.3
    published: Mapping[date, str] | None = field(default=None, repr=False)

    @property
    def first_diary_on(self) -> date:
        """The first diary day: a week before session 1."""
        return self.sessions[0] - timedelta(days=BASELINE_DAYS)

    @property
    def last_diary_on(self) -> date:
        """The last diary day: D60."""
        return self.inclusion_on + timedelta(days=LAST_STUDY_DAY)

    @property
    def invited_at(self) -> datetime:
        """When the site invites them: the morning before the first diary day."""
        return local_instant(self.first_diary_on - timedelta(days=1), time(10), self.home)

    @property
    def spans(self) -> tuple[ZoneSpan, ...]:
        """The zones they live in, trips included."""
        spans = [ZoneSpan(self.invited_at, self.home)]
        for trip in self.trips:
            spans.append(ZoneSpan(local_instant(trip.from_on, time(12), self.home), trip.tz))
            spans.append(ZoneSpan(local_instant(trip.until_on, time(12), trip.tz), self.home))
        return tuple(spans)

    @property
    def email(self) -> str | None:
        """Where reminders would go; nothing is known of published people, and nothing made up."""
        return None if self.published is not None else f"person-{self.number}@diary.example"

    def is_(self, trait: Trait) -> bool:
        """Whether they have a trait."""
        return trait in self.traits


def _often(code: str, **prescribed: float) -> ListedMedicine:
    return ListedMedicine(code=code, role="scheduled", prescribed=prescribed)


def _at_need(code: str, daily_maximum: float) -> ListedMedicine:
    return ListedMedicine(code=code, role="rescue", daily_maximum=daily_maximum)


KITS: tuple[tuple[ListedMedicine, ...], ...] = (
    (
        _often("pregabaline-75-mg-capsule", morning=1, evening=1),
        _at_need("tramadol-50-mg-capsule", 8),
        _at_need("paracetamol-1000-mg-tablet", 4),
    ),
    (
        _often("laroxyl-25-mg-tablet", evening=1),
        _at_need("dafalgan-codeine-30-mg-500-mg-tablet", 6),
    ),
    (
        _often("gabapentine-300-mg-capsule", morning=1, noon=1, evening=1),
        _at_need("izalgi-25-mg-500-mg-capsule", 4),
    ),
    (
        _often("oxycontin-lp-10-mg-tablet", morning=1, evening=1),
        _at_need("oxynorm-5-mg-capsule", 6),
    ),
    (
        _often("cymbalta-60-mg-capsule", morning=1),
        _often("versatis-700-mg-plaster", night=1),
        _at_need("doliprane-1000-mg-tablet", 4),
    ),
    (_often("durogesic-12-ug-h-patch"), _at_need("actiskenan-5-mg-capsule", 6)),
    (_at_need("topalgic-gouttes-100-mg-ml-drop", 160), _at_need("nurofen-400-mg-tablet", 3)),
    (),
)

ROSTER: tuple[frozenset[Trait], ...] = tuple(
    frozenset(traits)
    for traits in (
        (Trait.LOGGING,),
        (Trait.FORGETFUL,),
        (Trait.OFFLINE, Trait.LOGGING),
        (Trait.TRAVELLING,),
        (Trait.FLARING,),
        (Trait.WITHDRAWING,),
        (Trait.AVOIDING, Trait.LOGGING),
        (Trait.LATE,),
        (),
        (Trait.HOSPITAL,),
        (Trait.HELPED,),
        (Trait.FAST_CLOCK, Trait.LOGGING),
        (Trait.FORGETFUL, Trait.FLARING),
        (Trait.LOST, Trait.FORGETFUL),
        (Trait.TRAVELLING, Trait.LOGGING),
        (Trait.OFFLINE,),
        (),
        (Trait.LATE, Trait.AVOIDING),
    )
)
DESTINATIONS = ("Pacific/Noumea", "America/Montreal", "Indian/Reunion", "Asia/Tokyo")


def cast(seed: str, today_on: date, count: int) -> tuple[Person, ...]:
    """Make up people who began at different times: the last is new, the first long over."""
    newest_on = today_on + timedelta(days=NEWEST_IN_DAYS)
    step = (LONGEST_AGO_DAYS + NEWEST_IN_DAYS) / max(count - 1, 1)
    return tuple(
        _person(seed, number, newest_on - timedelta(days=round(step * (count - 1 - number))))
        for number in range(count)
    )


def recruits(seed: str, session_1_on: date, count: int) -> tuple[Person, ...]:
    """Make up people who all begin on one day."""
    return tuple(_person(seed, number, session_1_on) for number in range(count))


def visitor(seed: str, number: int, home: str, session_1_on: date) -> Person:
    """Make up the person whose phone is handed over: an even life, in a place of their own."""
    return replace(
        _person(seed, number, session_1_on),
        language="fr",
        home=home,
        limb="hand",
        side="right",
        hand="left",
        scale="vas100",
        traits=frozenset(),
        trips=(),
        medicines=KITS[0],
    )


def _person(seed: str, number: int, session_1_on: date) -> Person:
    chance = dice(seed, number, "person")
    inclusion_on = session_1_on - timedelta(days=PLANNED_DAYS[0])
    traits = ROSTER[number % len(ROSTER)]
    limb, side = chance.choice(("hand", "hand", "foot")), chance.choice(("left", "right"))
    return Person(
        number=number,
        seed=seed,
        language="en" if chance.random() < 0.2 else "fr",
        home=PARIS,
        limb=limb,
        side=side,
        hand={"left": "right", "right": "left"}[side] if limb == "hand" else "right",
        scale="nrs11" if number % 8 == 5 else "vas100",
        inclusion_on=inclusion_on,
        sessions=_sessions(seed, number, inclusion_on),
        traits=traits,
        trips=_trips(seed, number, session_1_on) if Trait.TRAVELLING in traits else (),
        medicines=KITS[number % len(KITS)],
        pain=chance.uniform(54, 82),
        relief=max(0.0, chance.gauss(0.32, 0.24)),
    )


def _sessions(seed: str, number: int, inclusion_on: date) -> tuple[date, ...]:
    """The planned days, but for the odd day that real appointments are early or late."""
    chance = dice(seed, number, "sessions")
    off = (0, *(chance.choice((-1, 0, 0, 0, 1, 2)) for _ in PLANNED_DAYS[1:]))
    return tuple(
        inclusion_on + timedelta(days=day + shift)
        for day, shift in zip(PLANNED_DAYS, off, strict=True)
    )


def _trips(seed: str, number: int, session_1_on: date) -> tuple[Trip, ...]:
    chance = dice(seed, number, "trips")
    from_on = session_1_on + timedelta(days=chance.randint(16, 22))
    stay = timedelta(days=chance.randint(5, 9))
    return (Trip(from_on, from_on + stay, chance.choice(DESTINATIONS)),)
