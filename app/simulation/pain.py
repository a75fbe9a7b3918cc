"""The course of one person's pain: a level that gives way after sessions, with good and bad days.

Made up, and shaped like published diaries: days hang together, a bad one seldom comes alone.
"""

from datetime import date, timedelta
from math import exp

from app.simulation.chance import dice
from app.simulation.people import Person, Trait

MEMORY = 0.7
REMEMBERED_DAYS = 8
SPREAD = 5.5
RELIEF_TAKES_DAYS = 4.0
FLARE_ADDS = 24.0


def average(person: Person, diary_on: date) -> float:
    """Give the pain of a day on 0–100, before the hand that marks it."""
    level = person.pain * (1 - person.relief * _progress(person, diary_on)) + _weather(
        person, diary_on
    )
    return min(100.0, max(0.0, level + (FLARE_ADDS if is_flare(person, diary_on) else 0.0)))


def is_flare(person: Person, diary_on: date) -> bool:
    """Whether the day is one of a flare: often for some people, seldom for all."""
    week, weekday = divmod((diary_on - person.first_diary_on).days, 7)
    chance = dice(person.seed, person.number, week, "flare")
    begins, lasts = chance.randrange(6), chance.choice((1, 2, 2))
    happens = chance.random() < (0.4 if person.is_(Trait.FLARING) else 0.03)
    return happens and begins <= weekday < begins + lasts


def _progress(person: Person, diary_on: date) -> float:
    """The share of the relief that has come: a part from each session, over some days."""
    since = [(diary_on - held_on).days for held_on in person.sessions]
    parts = [1 - exp(-(days + 0.5) / RELIEF_TAKES_DAYS) for days in since if days >= 0]
    return sum(parts) / len(person.sessions)


def _weather(person: Person, diary_on: date) -> float:
    """Good and bad days that fade: the last ones still weigh."""
    return sum(
        MEMORY**ago
        * dice(person.seed, person.number, diary_on - timedelta(days=ago), "weather").gauss(
            0, SPREAD
        )
        for ago in range(REMEMBERED_DAYS)
    )
