"""The people who use the diary, by name, and a study in which they have something to do.

Two sites, an account of every role, two participants with an enrolled phone and a diary of last
evening, a key of the trial database: made once per engine with the services a deployment uses.
`Stage.client` gives any of them as an HTTP client that is signed in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pyotp
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.domain.access import SYSTEM, Actor, Role
from app.domain.records import read_submission
from app.main import create_app
from app.routers.deps import DEVICE_COOKIE, PERSON_COOKIE, STAFF_COOKIE, Service
from app.services import accounts, devices, diary, keys, participants, sites
from app.services.deployment import Deployment
from app.settings import Settings
from app.store.participants import list_medicines
from app.store.session import Database
from tests import factories
from tests.engines import migrate
from tests.servers import free_address, serving

NOW = datetime(2026, 1, 20, 18, 30, tzinfo=UTC)
"""When every scene begins: Tuesday 19:30 in Lyon, the window of the day is open."""

LAST_EVENING = NOW - timedelta(days=1)
ENROLLED_AT = NOW - timedelta(days=10)
PASSWORD, PIN = "correct horse battery", "482913"
REPORT_TOKEN = "what the gateway shows: 5d1b8e0a7c42"


class Who(StrEnum):
    """Everyone who may knock."""

    OWN = "own participant"
    OTHER = "other participant"
    CLINICIAN = "site clinician"
    COORDINATOR = "coordinator"
    ASSESSOR = "assessor"
    FAR_CLINICIAN = "other-site clinician"
    MONITOR = "monitor"
    INSPECTOR = "inspector"
    DATA_MANAGER = "data manager"
    ADMIN = "admin"
    KEY = "API key"
    NOBODY = "nobody"


STAFF = {
    Who.CLINICIAN: (Role.CLINICIAN, "lyon"),
    Who.COORDINATOR: (Role.COORDINATOR, "lyon"),
    Who.ASSESSOR: (Role.ASSESSOR, "lyon"),
    Who.FAR_CLINICIAN: (Role.CLINICIAN, "lille"),
    Who.MONITOR: (Role.MONITOR, "lyon"),
    Who.INSPECTOR: (Role.INSPECTOR, "*"),
    Who.DATA_MANAGER: (Role.DATA_MANAGER, "*"),
    Who.ADMIN: (Role.ADMIN, "*"),
}


class Clock:
    """The clock that an application under test is given; it stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The present."""
        return self.now

    def advance(self, **by: float) -> None:
        """Move the present forward by a timedelta's arguments."""
        self.now += timedelta(**by)


@dataclass
class Cast:
    """What is known of the people once they are there: only what they could know themselves."""

    cookies: dict[Who, dict[str, str]] = field(default_factory=dict)
    study_codes: dict[Who, str] = field(default_factory=dict)
    record_ids: dict[Who, str] = field(default_factory=dict)
    submission_ids: dict[Who, str] = field(default_factory=dict)
    rescue_ids: dict[Who, str] = field(default_factory=dict)
    """The rescue medicine on each participant's list."""
    totp_secrets: dict[Who, str] = field(default_factory=dict)
    key: str = ""
    link: str = ""
    """An enrolment link of a third participant, not used yet."""


@dataclass(frozen=True)
class Stage:
    """A served application, its clock and its people."""

    app: FastAPI
    clock: Clock
    cast: Cast

    @property
    def service(self) -> Service:
        """What the handlers are given."""
        service: Service = self.app.state.service
        return service

    @property
    def database(self) -> Database:
        """The database behind it."""
        return self.service.database

    @property
    def deployment(self) -> Deployment:
        """The study and its vault."""
        return self.service.deployment

    def client(self, who: Who, *, language: str = "en") -> TestClient:
        """An HTTP client that is signed in as `who` and follows no redirect by itself."""
        headers = {"accept-language": language}
        if who is Who.KEY:
            headers["authorization"] = f"Bearer {self.cast.key}"
        return TestClient(
            self.app,
            base_url=self.deployment.base_url,
            cookies=self.cast.cookies.get(who),
            headers=headers,
            follow_redirects=False,
        )

    def actor(self, who: Who) -> Actor:
        """The actor that the service would see."""
        with self.database.read() as session:
            cookies = self.cast.cookies[who]
            if who in STAFF:
                staff = accounts.find_signed_in(
                    session, self.deployment, cookies[STAFF_COOKIE], self.clock.now
                )
                assert staff is not None
                return staff[2]
            phone = devices.find_enrolled(session, cookies[DEVICE_COOKIE])
            assert phone is not None
            return devices.actor_for(phone[1], phone[0])


def settings_for(database_url: str, base_url: str = "http://localhost:8000") -> Settings:
    """The settings of an application under test."""
    return Settings(
        database_url=database_url,
        base_url=base_url,
        secret_key="a key of the tests: 9f2c7e1b4d8a6053",
        embedded_schedule=False,
        smtp_host="mail.invalid",
        sms_url="https://sms.invalid/messages",
        sms_report_token=REPORT_TOKEN,
        redcap_facade=True,
    )


@contextmanager
def on_stage(database_url: str, cast: Cast) -> Iterator[Stage]:
    """Start an application on a database that `settle` filled."""
    clock = Clock()
    app = create_app(settings_for(database_url), clock=clock)
    with TestClient(app):
        yield Stage(app, clock, cast)


@contextmanager
def on_live_stage(database_url: str, cast: Cast, host: str = "127.0.0.1") -> Iterator[Stage]:
    """The same on a real server: `stage.deployment.base_url` is where a browser finds it."""
    clock, bound = Clock(), free_address()
    address = f"http://{host}:{bound.getsockname()[1]}"
    app = create_app(settings_for(database_url, address), clock=clock)
    with serving(app, bound):
        yield Stage(app, clock, cast)


def settle(url: str) -> Cast:
    """Fill an empty database with the study of this module and sign everybody in at NOW."""
    migrate(url)
    deployment = Deployment.of(settings_for(url))
    database = Database(url)
    cast = Cast()
    with database.write() as session:
        for site in ("lyon", "lille"):
            new = sites.NewSite(site, f"CHU {site}", f"CHU {site}", "04 72 00 00 00", "9–17")
            sites.add_site(session, actor=SYSTEM, new=new, now=ENROLLED_AT)
        cast.key = keys.create(
            session,
            actor=SYSTEM,
            new=keys.NewKey(
                label="trial database",
                sites=("lyon",),
                expires_at=NOW + timedelta(days=365),
            ),
            now=ENROLLED_AT,
        )
    for who in STAFF:
        _employ(database, deployment, cast, who)
    for who in (Who.OWN, Who.OTHER):
        _enrol(database, deployment, cast, who)
    cast.link = _invite(database, deployment, cast)[1]
    database.close()
    return cast


def _employ(database: Database, deployment: Deployment, cast: Cast, who: Who) -> None:
    role, site = STAFF[who]
    login = who.value.replace(" ", ".")
    new = accounts.NewStaff(
        login=login, name=f"Dr {who.value}", organisation="CHU", role=role, site=site, language="en"
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
    cast.totp_secrets[who] = secret
    with database.write() as session:
        token = accounts.sign_in(
            session,
            deployment=deployment,
            login=login,
            password=PASSWORD,
            code=pyotp.TOTP(secret).at(NOW),
            now=NOW,
        )
    cast.cookies[who] = {STAFF_COOKIE: token}


def _invite(database: Database, deployment: Deployment, cast: Cast) -> tuple[str, str]:
    """Invite one participant of Lyon; give the study code and the enrolment link."""
    with database.write() as session:
        staff = accounts.find_signed_in(
            session, deployment, cast.cookies[Who.CLINICIAN][STAFF_COOKIE], NOW
        )
        assert staff is not None
        person = participants.invite(
            session,
            deployment=deployment,
            actor=staff[2],
            enrolment=factories.enrolment("lyon"),
            now=ENROLLED_AT,
        )
        link = participants.issue_link(
            session,
            deployment=deployment,
            actor=staff[2],
            study_code=person.study_code,
            now=NOW,
        )
        return person.study_code, link


def _enrol(database: Database, deployment: Deployment, cast: Cast, who: Who) -> None:
    cast.study_codes[who], link = _invite(database, deployment, cast)
    token = link.rpartition("/")[2]
    with database.write() as session:
        phone = devices.join(
            session, token=token, pin=PIN, label="phone", sent_at=ENROLLED_AT, now=ENROLLED_AT
        )
    sent = factories.submission(
        deployment.study, factories.diary(deployment.study), saved_at=LAST_EVENING
    )
    cast.record_ids[who] = sent["record_id"]
    cast.submission_ids[who] = sent["submission_id"]
    with database.write() as session:
        found = devices.find_enrolled(session, phone.credential)
        assert found is not None
        diary.submit(
            session,
            deployment=deployment,
            actor=devices.actor_for(found[1], found[0]),
            submission=read_submission(sent),
            now=LAST_EVENING,
        )
        cast.rescue_ids[who] = list_medicines(session, found[1].id)[-1].id
        token = devices.unlock(session, credential=phone.credential, pin=PIN, now=NOW)
    cast.cookies[who] = {DEVICE_COOKIE: phone.credential, PERSON_COOKIE: token}
