"""Every writing route leaves a change: what succeeded can be read in the ledger, by whom and when.

A writing route that is not here fails the suite. Some acts leave none: signing out, which ends a
sign-in and leaves one only when it ends push messages, what a gateway says of a text, which stands
in the reminder's own events, asking for the challenge of a passkey, which is no act yet, choosing
how a phone shows its pages, which only that phone knows, and what a puller says of its own copy.
What a phone tells of a message or of a page that it shows is evidence about an evening, and stands
there.
"""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pyotp
import pytest
from httpx2 import Response

from app.main import ROUTERS
from app.routers import forms
from app.services import devices
from tests import authenticator, factories, scenes, trial
from tests.people import NOW, PASSWORD, PIN, Stage, Who
from tests.web import desk_writes, staff_writes
from tests.web.desk_writes import DIARY, desk, last_seq

Steps = Iterable[Response]
"""What is asked one after the other; every step succeeds and leaves a change."""

UNAUDITED = {
    "POST /desk/sign-out",
    "POST /sign-out",
    "POST /gateway/reports",
    "PUT /api/v1/cursors/{name}",
    "POST /passkeys/new/options",
    "POST /passkeys/options",
    "POST /desk/account/passkeys/options",
    "POST /desk/confirm/passkey/options",
    "POST /desk/sign-in/passkey/options",
    "POST /settings/look",
    "POST /receipts",
    "POST /evening/opened",
}


def own(stage: Stage, path: str, **form: Any) -> Response:
    """Post a form as the own participant, with fresh ids unless they are given."""
    return stage.client(Who.OWN).post(path, data=forms.ids() | form)


def sign_in(stage: Stage) -> Steps:
    """Sign in at the desk; the code of NOW was used up when the scene was set."""
    stage.clock.advance(minutes=1)
    form = {
        "login": Who.CLINICIAN.value.replace(" ", "."),
        "password": PASSWORD,
        "code": pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(stage.clock.now),
    }
    yield stage.client(Who.NOBODY).post("/desk/sign-in", data=form)


def correct(stage: Stage) -> Steps:
    """Save tonight's diary, then correct it."""
    ids = forms.ids()
    yield own(stage, "/diary", **ids, **DIARY)
    changed = {**DIARY, **forms.ids(), "record_id": ids["record_id"], "pain_average": "60"}
    path = f"/diary/{ids['record_id']}/correction"
    yield own(stage, path, **changed, base_version="1", reason="tapped wrong")


def log_dose(stage: Stage, **ids: str) -> Response:
    """Log a dose of the rescue medicine."""
    return own(stage, "/doses", medicine=stage.cast.rescue_ids[Who.OWN], units="1", **ids)


def undo_dose(stage: Stage) -> Steps:
    """Log a dose, then take it back."""
    ids = forms.ids()
    yield log_dose(stage, **ids)
    yield own(stage, f"/doses/{ids['record_id']}/void")


def report(stage: Stage) -> Steps:
    """Date a session of today, then report after it."""
    yield desk(stage, "sessions", session_no="1", held_on=NOW.date().isoformat())
    yield own(stage, "/session-report", redness="mild")


def read_message(stage: Stage) -> Steps:
    """Put a message away."""
    message_id = scenes.lettered(stage, Who.OWN)["message_id"]
    yield own(stage, f"/messages/{message_id}/read")


def disown(stage: Stage) -> Steps:
    """Say that an entry of a locked phone was not one's own."""
    locked_id = scenes.saved_locked(stage, Who.OWN)["locked_id"]
    yield own(stage, f"/confirmations/{locked_id}", version="1", own="no")


def submit(stage: Stage) -> Steps:
    """Send tonight's diary as the phone's script does."""
    study = stage.deployment.study
    sent = factories.submission(study, factories.diary(study), saved_at=NOW)
    yield stage.client(Who.OWN).post("/submissions", json=sent)


def open_by_passkey(stage: Stage) -> Steps:
    """Make a passkey, open another browser with it, and take it away."""
    phone, other = stage.client(Who.OWN), stage.client(Who.NOBODY)
    key, made = authenticator.make(phone.post("/passkeys/new/options").json())
    yield phone.post("/passkeys", data={"answer": made})
    shown = authenticator.show(key, other.post("/passkeys/options").json())
    yield other.post("/passkeys/opening", data={"answer": shown})
    yield phone.post("/passkeys/removal", data={"passkey": key.written_id})


def pair(stage: Stage) -> Steps:
    """Get a one-time code, type it in another browser, and take the diary off that one."""
    phone = stage.client(Who.OWN)
    shown = phone.post("/pairing")
    yield shown
    code = shown.text.partition("data-code>")[2].partition("<")[0]
    yield stage.client(Who.NOBODY).post("/pair", data={"code": code})
    with stage.database.read() as session:
        device = devices.list_own(session, actor=stage.actor(Who.OWN))[-1]
    yield phone.post(f"/devices/{device.id}/removal")


def notify(stage: Stage) -> Steps:
    """Turn notifications on, and off again."""
    yield own(stage, "/push/subscription", **factories.subscription())
    yield own(stage, "/push/subscription/end")


WRITES: dict[str, Callable[[Stage], Steps]] = {
    **staff_writes.WRITES,
    **desk_writes.WRITES,
    "POST /desk/sign-in": sign_in,
    "POST /passkeys": open_by_passkey,
    "POST /passkeys/opening": open_by_passkey,
    "POST /passkeys/removal": open_by_passkey,
    "POST /pairing": pair,
    "POST /pair": pair,
    "POST /devices/{device_id}/removal": pair,
    "POST /join/{token}": lambda stage: [
        stage.client(Who.NOBODY).post(stage.cast.link, data={"pin": PIN, "pin_again": PIN})
    ],
    "POST /unlock": lambda stage: [own(stage, "/unlock", pin=PIN)],
    "POST /language": lambda stage: [own(stage, "/language", lang="en")],
    "POST /diary": lambda stage: [own(stage, "/diary", **DIARY)],
    "POST /diary/{record_id}/correction": correct,
    "POST /doses": lambda stage: [log_dose(stage)],
    "POST /doses/{record_id}/void": undo_dose,
    "POST /session-report": report,
    "POST /settings/zone": lambda stage: [own(stage, "/settings/zone", tz="Indian/Reunion")],
    "POST /settings/reminder": lambda stage: [
        own(stage, "/settings/reminder", reminder_at="20:30")
    ],
    "POST /settings/hand": lambda stage: [own(stage, "/settings/hand", hand="left")],
    "POST /settings/test-message": lambda stage: [own(stage, "/settings/test-message")],
    "POST /push/subscription": notify,
    "POST /push/subscription/end": notify,
    "POST /evening/snooze": lambda stage: [own(stage, "/evening/snooze", minutes="30")],
    "POST /evening/declined": lambda stage: [own(stage, "/evening/declined")],
    "POST /requests": lambda stage: [
        own(stage, "/requests", kind="leaving", request_id=str(uuid.uuid4()))
    ],
    "POST /messages/{message_id}/read": read_message,
    "POST /confirmations/{locked_id}": disown,
    "POST /submissions": submit,
    "POST /redcap/api/": lambda stage: [
        stage.client(Who.NOBODY).post(
            "/redcap/api/", data={"token": trial.new_token(stage), "content": "record"}
        )
    ],
}


def test_every_writing_route_is_here() -> None:
    writing = {
        f"{method} {getattr(route, 'path', '')}"
        for router in ROUTERS
        for route in router.routes
        for method in getattr(route, "methods", set()) - {"GET", "HEAD"}
    }
    assert writing == set(WRITES) | UNAUDITED


@pytest.mark.parametrize("route", WRITES)
@pytest.mark.trust(1, 3)
def test_it_leaves_a_change(stage: Stage, route: str) -> None:
    before = last_seq(stage)
    for answer in WRITES[route](stage):
        assert answer.status_code < 400, answer.text
        before, earlier = last_seq(stage), before
        assert before > earlier, answer.request.url


@pytest.mark.parametrize("path", ["/desk/sign-in", "/unlock"])
def test_a_refused_door_leaves_a_change_too(stage: Stage, path: str) -> None:
    before = last_seq(stage)
    answer = stage.client(Who.OWN).post(path, data={"pin": "000000", "login": "nobody"})
    assert answer.status_code == 401
    assert last_seq(stage) > before
