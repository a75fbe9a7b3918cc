"""What can happen in a simulated life, and when the service hears of it.

A phone's saves are `Submission`s as phones send them; the rest is done by the person or the site
through other verbs. `World` performs them in the order of their instants.
"""

from dataclasses import dataclass
from datetime import date, datetime

from app.domain.participant import Move
from app.domain.records import DiaryPayload, Submission


@dataclass(frozen=True, slots=True)
class Enrol:
    """The site invites the person, and the phone is enrolled."""


@dataclass(frozen=True, slots=True)
class Travel:
    """The person's phone finds itself in another time zone."""

    tz: str


@dataclass(frozen=True, slots=True)
class Hold:
    """The site dates a mesotherapy session."""

    session_no: int
    held_on: date


@dataclass(frozen=True, slots=True)
class Pause:
    """The site pauses the diary from a date on."""

    from_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """The site ends the pause; `from_on` is due again."""

    from_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """The site moves the participant to another state."""

    by: Move
    reason: str


@dataclass(frozen=True, slots=True)
class Amend:
    """The site corrects a diary after a call; `version` is the one that it saw."""

    record_id: str
    version: int
    payload: DiaryPayload
    reason: str
    source: str


Act = Enrol | Travel | Hold | Pause | Resume | Change | Amend | Submission


@dataclass(frozen=True, slots=True)
class Event:
    """One act of one person, or about them, at the instant when the service hears of it."""

    at: datetime
    number: int
    act: Act
