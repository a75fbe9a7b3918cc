"""Participants of a server that runs by the real clock: enrolled three days ago, diary due now."""

from datetime import datetime, timedelta

from app.domain.access import Actor, Grant, Role
from app.routers.deps import DEVICE_COOKIE, PERSON_COOKIE
from app.services import devices, participants
from app.services.deployment import Deployment
from app.store.session import Database
from tests import factories
from tests.people import PIN

TEAM = Actor(kind="staff", id="storm", grants=frozenset({Grant(Role.CLINICIAN, "*")}))


def enrol(database: Database, deployment: Deployment, tz: str, now: datetime) -> dict[str, str]:
    """Enrol one participant; give the cookies of the phone and, as `code`, the study code."""
    today = now.date()
    enrolment = factories.enrolment(
        "lyon",
        tz=tz,
        first_diary_on=today - timedelta(days=2),
        last_diary_on=today + timedelta(days=20),
    )
    earlier = now - timedelta(days=3)
    with database.write() as session:
        person = participants.invite(
            session, deployment=deployment, actor=TEAM, enrolment=enrolment, now=earlier
        )
        link = participants.issue_link(
            session, deployment=deployment, actor=TEAM, study_code=person.study_code, now=now
        )
        code = person.study_code
    with database.write() as session:
        enrolled = devices.join(
            session,
            token=link.rpartition("/")[2],
            pin=PIN,
            label="phone",
            sent_at=earlier,
            now=earlier,
        )
    with database.write() as session:
        opened = devices.unlock(session, credential=enrolled.credential, pin=PIN, now=now)
    return {DEVICE_COOKIE: enrolled.credential, PERSON_COOKIE: opened, "code": code}
