"""Real daily pain scores, read from a file and given to people whose dates are made up.

The file has `participant, country, period, day, pain_0_10`; an empty score is a missing day, and
stays one. Only the scores are real: dates, allodynia and doses are simulated, and labelled so. The
rule kept: a score is the text that was printed, until it is placed on the scale.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from app.simulation.chance import dice
from app.simulation.people import KITS, PLANNED_DAYS, Person, Trait

COLUMNS = ["participant", "country", "period", "day", "pain_0_10"]
FOLLOW_UP_FROM_DAY = 54
ENDED_AT_LEAST_DAYS_AGO = 64
SPREAD_OVER_DAYS = 90
HOMES = {"USA": ("en", "America/New_York"), "AUS": ("en", "Australia/Sydney")}
ELSEWHERE = ("fr", "Europe/Paris")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: whose it is, on which day of which period, and the printed score."""

    participant: int
    country: str
    period: str
    day: int
    score: str


def read_people(path: Path, seed: str, today_on: date) -> tuple[Person, ...]:
    """Give the people of a file, their follow-up over by today; ValueError names the bad line."""
    rows = _read(path)
    by_person: dict[int, list[Row]] = {}
    for row in rows:
        by_person.setdefault(row.participant, []).append(row)
    return tuple(_person(seed, number, own, today_on) for number, own in by_person.items())


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            raise ValueError(f"{path.name}: the columns must be {', '.join(COLUMNS)}")
        return [_row(f"{path.name} line {reader.line_num}", line) for line in reader]


def _row(where: str, line: Mapping[str, str]) -> Row:
    try:
        row = Row(
            participant=int(line["participant"]),
            country=line["country"],
            period=line["period"],
            day=int(line["day"]),
            score=line["pain_0_10"].strip(),
        )
        in_range = row.score == "" or 0 <= Decimal(row.score) <= 10
    except (ValueError, TypeError, AttributeError, InvalidOperation):
        raise ValueError(f"{where}: not a participant, day and score") from None
    if row.period not in ("baseline", "follow_up") or not 1 <= row.day <= 7 or not in_range:
        raise ValueError(f"{where}: period, day or score is out of range")
    return row


def _person(seed: str, number: int, rows: list[Row], today_on: date) -> Person:
    chance = dice(seed, number, "published")
    ended = ENDED_AT_LEAST_DAYS_AGO + chance.randrange(SPREAD_OVER_DAYS)
    inclusion_on = today_on - timedelta(days=ended)
    sessions = tuple(inclusion_on + timedelta(days=day) for day in PLANNED_DAYS)
    language, home = HOMES.get(rows[0].country, ELSEWHERE)
    scores = {_date_of(row, inclusion_on, sessions[0]): row.score for row in rows if row.score}
    if len(scores) != sum(1 for row in rows if row.score):
        raise ValueError(f"participant {number} has a day twice")
    return Person(
        number=number,
        seed=seed,
        language=language,
        home=home,
        limb=chance.choice(("hand", "foot")),
        side=chance.choice(("left", "right")),
        hand="centre",
        inclusion_on=inclusion_on,
        sessions=sessions,
        traits=frozenset({Trait.LOGGING}) if number % 3 == 0 else frozenset(),
        medicines=KITS[number % len(KITS)],
        published=scores,
    )


def _date_of(row: Row, inclusion_on: date, session_1_on: date) -> date:
    """Baseline days end the day before session 1; follow-up days are study days 54 to 60."""
    if row.period == "baseline":
        return session_1_on - timedelta(days=8 - row.day)
    return inclusion_on + timedelta(days=FOLLOW_UP_FROM_DAY - 1 + row.day)
