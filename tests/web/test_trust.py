"""What no single page shows: that contact data leave by no way, that no setting mutes the trail.

What a reviewer tries across the whole service; the other requirements are shown where they are met.
"""

import io
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pyotp
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import text

from app import metrics
from app.domain.access import SYSTEM
from app.exports.copy_check import check_copy
from app.main import create_app
from app.observability import set_up_logging
from app.routers.deps import DEVICE_COOKIE
from app.services import contacts, redactions, verification
from app.settings import Settings
from app.store import participants
from tests import factories
from tests.desk import acts
from tests.people import NOW, PASSWORD, PIN, STAFF, Stage, Who, settings_for
from tests.services.test_redactions import everything
from tests.staff_scenes import staffed
from tests.web.test_access_matrix import MADE, MATRIX, ask

EMAIL, PHONE = "zephyrine.quellec@hospital.example", "+33 6 98 76 54 32"
UNPACKED = "unpacked:"
LEAKS = re.compile(r"zephyrine|quellec|98765432", re.IGNORECASE)


def contact_of(stage: Stage, **contact: str) -> None:
    """Give the own participant these addresses, as the site does."""
    path = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/contact"
    answer = stage.client(Who.CLINICIAN).post(path, data=contact)
    assert answer.status_code == 303, answer.text


def opened(answer: Response) -> str:
    """All that an answer says: its headers, its text, the files of a ZIP."""
    told = str(answer.headers)
    if answer.content.startswith(b"PK"):
        with ZipFile(io.BytesIO(answer.content)) as archive:
            files = [archive.read(name).decode(errors="replace") for name in archive.namelist()]
            return f"{told} {UNPACKED} {' '.join(files)}"
    return told + answer.text


def outputs(stage: Stage, made: dict[str, str]) -> dict[str, str]:
    """What every route answers to nobody and to the first whom it lets in: pages, feed, exports."""
    staff = [who for who in Who if who not in (Who.OWN, Who.OTHER)]
    found = {}
    for route, row in MATRIX.items():
        if not (route.startswith("GET") or route.endswith("/copy")):
            continue
        letters = dict(zip(Who, row.split(), strict=True))
        method, path, with_it = ask(stage, route, made)
        for who in (*[who for who in staff if letters[who] == "y"][:1], Who.NOBODY):
            answer = stage.client(who).request(method, path, **with_it)
            assert answer.status_code < 500, route
            found[f"{who}: {route}"] = opened(answer)
    return found


def everything_made(stage: Stage) -> dict[str, str]:
    """Whatever a path can name, all of it on one evening."""
    made = {"alert_id": MADE["alert_id"](stage)}  # it calls whom no way reaches
    made |= staffed(stage, Who.OWN)
    return made | {name: make(stage) for name, make in MADE.items() if name not in made}


@pytest.mark.trust(12)
def test_every_page_export_and_copy_holds_when_all_words_were_removed(
    stage: Stage, tmp_path: Path
) -> None:
    made = everything_made(stage)
    with stage.database.read() as session:
        places = session.execute(text("SELECT change_id, field FROM change_texts")).all()
    assert len(places) > 5
    for place in places:
        with stage.database.write() as session:
            redactions.redact(
                session,
                deployment=stage.deployment,
                actor=SYSTEM,
                place=(place.change_id, place.field),
                reason="a trial",
                now=stage.clock.now,
            )
    outputs(stage, made)
    copy = tmp_path / "copy.zip"
    copy.write_bytes(stage.client(Who.CLINICIAN).post("/desk/sites/lyon/copy").content)
    assert check_copy(copy).shown > len(places)
    with stage.database.read() as session:
        assert verification.verify(session).fault is None


@pytest.mark.trust(24)
def test_no_output_holds_an_address(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    set_up_logging("json")
    made = everything_made(stage)
    contact_of(stage, email=EMAIL, phone=PHONE)
    assert LEAKS.search(f"{EMAIL} {re.sub(r'[^0-9]', '', PHONE)}"), "the search can find them"
    found = outputs(stage, made)
    assert sum(UNPACKED in told for told in found.values()) == 2, "both copies were read"
    with metrics.serving(stage.service, "127.0.0.1", 0) as port:
        found["metrics"] = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    nowhere = stage.client(Who.CLINICIAN).get("/desk/participants/MS-AAAAA/contact")
    found["error page"] = nowhere.text
    found["database"] = everything(stage)
    logged = capfd.readouterr()
    found["logs"] = logged.out + logged.err
    squeezed = {name: re.sub(r"(?<=\d)[\s.-]+(?=\d)", "", told) for name, told in found.items()}
    assert [name for name, told in squeezed.items() if LEAKS.search(told)] == []


@pytest.mark.trust(26)
def test_a_withdrawal_ends_the_collection_keeps_the_data_and_erases_the_contact(
    stage: Stage,
) -> None:
    contact_of(stage, email=EMAIL, phone=PHONE)
    code, study = stage.cast.study_codes[Who.OWN], stage.deployment.study
    kept = stage.client(Who.KEY).get("/api/v1/entries", params={"study_code": code}).json()
    form = {"move": "withdraw", "reason": "moved away", "understood": "on"}
    path = f"/desk/participants/{code}/state"
    assert stage.client(Who.CLINICIAN).post(path, data=form).status_code == 303
    sent = factories.submission(study, factories.diary(study), saved_at=stage.clock.now)
    stage.client(Who.OWN).post("/submissions", json=sent)
    after = stage.client(Who.KEY).get("/api/v1/entries", params={"study_code": code}).json()
    assert after["entries"] == kept["entries"] != []
    with stage.database.read() as session:
        person = participants.get_by_code(session, code, ("*",))
        kept_contact = participants.find_contact(session, person.id)
        assert contacts.open_addresses(stage.deployment, kept_contact) == contacts.Addresses()


def settings_turned() -> list[dict[str, Any]]:
    """Every setting that can be turned, turned the other way."""
    found: list[dict[str, Any]] = []
    for name, field in Settings.model_fields.items():
        if field.annotation is bool:
            found.append({name: not field.default})
        elif isinstance(field.default, int):
            found.append({name: field.default + 1})
    return found


@pytest.mark.trust(3)
def test_no_setting_switches_the_trail_off(stage: Stage) -> None:
    usual = settings_for(stage.database.url.render_as_string(hide_password=False))
    path = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/contact"
    assert len(settings_turned()) > 5
    for number, turned in enumerate(settings_turned()):
        app = create_app(usual.model_copy(update=turned), clock=stage.clock)
        before = len(acts(stage, "participant.contact_changed"))
        with TestClient(app, cookies=stage.cast.cookies[Who.CLINICIAN]) as client:
            told = client.post(path, data={"email": f"julie{number}@hospital.example"})
        assert told.status_code == 200, turned
        assert len(acts(stage, "participant.contact_changed")) == before + 1, turned


@pytest.mark.trust(21)
@pytest.mark.parametrize("who", STAFF)
def test_no_account_opens_with_one_factor(stage: Stage, who: Who) -> None:
    code = pyotp.TOTP(stage.cast.totp_secrets[who]).at(NOW.timestamp() + 60)
    stage.clock.advance(minutes=1)
    whole = {"login": who.value.replace(" ", "."), "password": PASSWORD, "code": code}
    for missing in ("password", "code"):
        for form in ({**whole, missing: ""}, {**whole, missing: "000000 and more"}):
            client = stage.client(Who.NOBODY)
            client.post("/desk/sign-in", data=form)
            assert client.get("/desk").headers["location"].startswith("/desk/sign-in")


@pytest.mark.trust(21)
def test_no_diary_opens_with_one_factor(stage: Stage) -> None:
    device = {DEVICE_COOKIE: stage.cast.cookies[Who.OWN][DEVICE_COOKIE]}
    with TestClient(stage.app, cookies=device, follow_redirects=False) as phone:
        assert phone.get("/").headers["location"].startswith("/unlock")
    stranger = stage.client(Who.NOBODY)
    stranger.post("/unlock", data={"pin": PIN})
    assert stranger.get("/").status_code in (303, 401)


@pytest.mark.trust(22)
def test_passwords_and_pins_are_kept_as_argon2id(stage: Stage) -> None:
    with stage.database.read() as session:
        for column, table in (("password_hash", "staff"), ("pin_hash", "devices")):
            hashes = session.execute(text(f"SELECT {column} FROM {table}")).scalars().all()
            assert hashes
            assert all(one.startswith("$argon2id$") for one in hashes)
