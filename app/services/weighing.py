"""Weighing a submission: which diary day it belongs to, or why the site must look at it.

Every rule that can set a submission aside stands here, in the order in which it is asked. Nothing
is written here.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.diary_day import (
    Contact,
    Lateness,
    Settled,
    Spans,
    local_date,
    medicine_day,
    place,
    settle_clock,
    window_on,
    zone_at,
)
from app.domain.errors import NotFound
from app.domain.fit import Profile, misfits, named_medicines
from app.domain.participant import COLLECTING
from app.domain.records import (
    AnyPayload,
    DosePayload,
    Kind,
    Op,
    SessionReportPayload,
    Submission,
)
from app.services.deployment import Deployment
from app.store import participants, records
from app.store.session import Session
from app.store.tables import Device, Participant, Record


class Aside(Exception):
    """The submission is to be set aside; `code` says why, in a word that the desk translates."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Arrival:
    """A submission as it arrives: parsed, with whose it is, what it changes and its true time."""

    submission: Submission
    payload: AnyPayload | None
    person: Participant
    device: Device | None
    record: Record | None
    settled: Settled
    now: datetime

    @property
    def opened_at(self) -> datetime:
        """When the form was opened, by the settled clock."""
        return self.settled.saved_at - timedelta(seconds=self.submission.elapsed_s)

    @property
    def observed_at(self) -> datetime:
        """When the answers were given, by the settled clock."""
        shift = timedelta(seconds=self.settled.shift_s)
        return min(self.submission.observed_at + shift, self.settled.saved_at)


@dataclass(frozen=True, slots=True)
class Weighed:
    """Where a version belongs: its diary day, the zone of that day, lateness and flags to keep."""

    diary_on: date
    tz: str
    lateness: Lateness
    flags: tuple[str, ...] = ()


def settle(
    submission: Submission, person: Participant, device: Device | None, now: datetime
) -> Settled:
    """Settle the device's clock with the contacts before and after the save."""
    previous = None
    if device and device.contact_at is not None and device.contact_skew_s is not None:
        skew = timedelta(seconds=device.contact_skew_s)
        previous = Contact(received_at=device.contact_at, sent_at=device.contact_at - skew)
    return settle_clock(
        submission.saved_at,
        Contact(received_at=now, sent_at=submission.sent_at),
        previous=previous,
        enrolled_at=person.enrolled_at or person.created_at,
        last_emptied_at=device.emptied_at if device else None,
    )


def weigh(session: Session, deployment: Deployment, arrival: Arrival) -> Weighed:
    """Place an arrival on its diary day, or raise Aside."""
    if arrival.settled.set_aside:
        raise Aside(arrival.settled.set_aside)
    if arrival.person.state not in COLLECTING:
        raise Aside("not_in_study")
    _ask_base(arrival)
    _ask_fit(session, deployment, arrival)
    spans = participants.list_zones(session, arrival.person.id)
    weighed = _place(deployment, arrival, spans)
    if not arrival.person.first_diary_on <= weighed.diary_on <= arrival.person.last_diary_on:
        raise Aside("outside_study")
    is_new_diary = arrival.submission.kind is Kind.DIARY and arrival.record is None
    if is_new_diary and records.find_diary(session, arrival.person.id, weighed.diary_on):
        raise Aside("second_diary")
    return weighed


def _ask_base(arrival: Arrival) -> None:
    submission, record = arrival.submission, arrival.record
    if submission.op is not Op.CREATE and record is None:
        raise Aside("base_set_aside")
    if submission.op is Op.CREATE and record is not None:
        raise Aside("second_create")
    if record is not None and (record.void or submission.base_version != record.version):
        raise Aside("stale_base")
    if record is not None and record.kind != submission.kind:
        raise Aside("other_kind")
    if submission.op is Op.VOID and submission.kind is not Kind.DOSE:
        raise Aside("void_by_participant")


def _ask_fit(session: Session, deployment: Deployment, arrival: Arrival) -> None:
    if arrival.payload is None:
        return
    found = misfits_of(session, deployment, arrival.person, arrival.payload)
    if found:
        raise Aside(found[0])


def misfits_of(
    session: Session, deployment: Deployment, person: Participant, payload: AnyPayload
) -> tuple[str, ...]:
    """Give the codes of what does not fit the participant as they are now."""
    medicines, sessions = [], []
    if named_medicines(payload):
        medicines = participants.list_medicines(session, person.id)
    if isinstance(payload, SessionReportPayload):
        sessions = participants.list_sessions(session, person.id)
    profile = Profile(
        limb="hand" if person.limb == "hand" else "foot",
        scale=person.scale,
        medicine_ids=frozenset(medicine.id for medicine in medicines),
        sessions=frozenset(held.session_no for held in sessions),
        may_be_simulated=deployment.demo,
    )
    return misfits(payload, deployment.study, profile)


def _place(deployment: Deployment, arrival: Arrival, spans: Spans) -> Weighed:
    rules, saved_at, record = deployment.study.window, arrival.settled.saved_at, arrival.record
    match arrival.submission.kind:
        case Kind.DIARY if record is not None:
            return _place_correction(deployment, arrival, record.diary_on, spans)
        case Kind.DIARY:
            placed = place(saved_at, arrival.opened_at, spans, rules)
            if placed is None:
                raise Aside("outside_window")
            return Weighed(placed.diary_on, placed.tz, placed.lateness)
        case Kind.DOSE:
            taken_on = _taken_on(arrival)
            day = medicine_day(taken_on, saved_at, spans, rules)
            if day is None:
                raise Aside("too_late_for_medicine")
            return Weighed(
                taken_on, day.tz, Lateness.ON_TIME, ("recalled",) if day.recalled else ()
            )
        case Kind.SESSION_REPORT:
            return Weighed(local_date(saved_at, spans), zone_at(saved_at, spans), Lateness.ON_TIME)


def _place_correction(
    deployment: Deployment, arrival: Arrival, diary_on: date, spans: Spans
) -> Weighed:
    window = window_on(diary_on, spans, deployment.study.window)
    saved_at = arrival.settled.saved_at
    if window is None or not window.opens_at <= saved_at < window.save_until_at:
        raise Aside("correction_after_window")
    late = saved_at >= window.closes_at
    return Weighed(window.diary_on, window.tz, Lateness.LATE if late else Lateness.ON_TIME)


def _taken_on(arrival: Arrival) -> date:
    if isinstance(arrival.payload, DosePayload):
        return arrival.payload.taken_on
    if arrival.record is None:
        raise NotFound("not_found")
    return arrival.record.diary_on
