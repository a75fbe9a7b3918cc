"""What the benches measure on: participants with phones, and a year of one participant's diary."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp

from app.domain.access import SYSTEM, Actor, Grant, Role
from app.domain.records import read_submission
from app.domain.study import Study
from app.routers.deps import DEVICE_COOKIE, PERSON_COOKIE, STAFF_COOKIE
from app.services import accounts, devices, diary, participants, sessions, sites
from app.services.deployment import Deployment
from app.store.session import Database
from tests import factories
from tests.engines import migrate
from tests.people import PASSWORD, PIN, settings_for

NOW = datetime(2026, 12, 1, 21, 0, tzinfo=UTC)
"""The clock of the served application: the window of the last day is over."""
DAYS = 365
ENROLLED_AT = NOW - timedelta(days=DAYS + 1)
TEAM = Actor("staff", "team", grants=frozenset({Grant(Role.CLINICIAN, "lyon")}))


@dataclass(frozen=True)
class Phone:
    """An enrolled phone that is signed in, and whose it is."""

    study_code: str
    actor: Actor
    cookies: dict[str, str]

    def evening(self, study: Study, day: int) -> dict[str, Any]:
        """The submission of one evening, counted from the first."""
        saved_at = ENROLLED_AT.replace(hour=19) + timedelta(days=day + 1)
        return factories.submission(study, factories.diary(study), saved_at=saved_at)


def deployment_of(url: str) -> Deployment:
    """The deployment that both the bench and the served application run."""
    return Deployment.of(settings_for(url))


def enrol_phones(url: str, count: int) -> list[Phone]:
    """Fill an empty database with a site and `count` participants who have signed in."""
    migrate(url)
    database, deployment = Database(url), deployment_of(url)
    with database.write() as session:
        new = sites.NewSite("lyon", "CHU", "CHU", "04 72 00 00 00", "9–17")
        sites.add_site(session, actor=SYSTEM, new=new, now=ENROLLED_AT)
    phones = [_enrol(database, deployment) for _ in range(count)]
    database.close()
    return phones


def live(url: str, phone: Phone, days: int) -> None:
    """Save the diaries of the last days of the year, and date the four sessions."""
    database, deployment = Database(url), deployment_of(url)
    for day in range(DAYS - days, DAYS):
        sent = read_submission(phone.evening(deployment.study, day))
        with database.write() as session:
            diary.submit(
                session,
                deployment=deployment,
                actor=phone.actor,
                submission=sent,
                now=sent.sent_at,
            )
    for number, day in enumerate((10, 17, 24, 40), start=1):
        with database.write() as session:
            sessions.record_session(
                session,
                actor=TEAM,
                study_code=phone.study_code,
                session_no=number,
                held_on=(ENROLLED_AT + timedelta(days=day)).date(),
                now=NOW,
            )
    database.close()


def sign_in_clinician(url: str) -> dict[str, str]:
    """Give the cookies of a clinician who is signed in at NOW."""
    database, deployment = Database(url), deployment_of(url)
    new = accounts.NewStaff(
        login="clinician", name="Dr", organisation="CHU", role=Role.CLINICIAN, site="lyon"
    )
    with database.write() as session:
        secret = accounts.add_staff(
            session,
            deployment=deployment,
            actor=SYSTEM,
            new=new,
            password=PASSWORD,
            now=ENROLLED_AT,
        )
    with database.write() as session:
        token = accounts.sign_in(
            session,
            deployment=deployment,
            login=new.login,
            password=PASSWORD,
            code=pyotp.TOTP(secret).at(NOW),
            now=NOW,
        )
    database.close()
    return {STAFF_COOKIE: token}


def _enrol(database: Database, deployment: Deployment) -> Phone:
    first_on = ENROLLED_AT.date()
    enrolment = factories.enrolment(
        "lyon", first_diary_on=first_on, last_diary_on=first_on + timedelta(days=2 * DAYS)
    )
    with database.write() as session:
        person = participants.invite(
            session, deployment=deployment, actor=TEAM, enrolment=enrolment, now=ENROLLED_AT
        )
        link = participants.issue_link(
            session,
            deployment=deployment,
            actor=TEAM,
            study_code=person.study_code,
            now=ENROLLED_AT,
        )
    with database.write() as session:
        enrolled = devices.join(
            session,
            token=link.rpartition("/")[2],
            pin=PIN,
            label="phone",
            sent_at=ENROLLED_AT,
            now=ENROLLED_AT,
        )
        found = devices.find_enrolled(session, enrolled.credential)
        assert found is not None
        actor = devices.actor_for(found[1], found[0])
        opened = devices.unlock(session, credential=enrolled.credential, pin=PIN, now=NOW)
    cookies = {DEVICE_COOKIE: enrolled.credential, PERSON_COOKIE: opened}
    return Phone(person.study_code, actor, cookies)
