"""Writing routes of accounts and of one's own account, for `test_writes`."""

import re
from collections.abc import Callable, Iterable

import pyotp
from httpx2 import Response

from app.services import invitations
from app.store.staff import list_grants
from tests import authenticator
from tests.people import NOW, PASSWORD, Stage, Who

Steps = Iterable[Response]


def confirm(stage: Stage) -> Steps:
    """Show both factors again."""
    stage.clock.advance(minutes=1)
    code = pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(stage.clock.now)
    form = {"password": PASSWORD, "code": code}
    yield stage.client(Who.CLINICIAN).post("/desk/confirm", data=form)


def look_after(stage: Stage) -> Steps:
    """Give somebody a role and end it, send them a link, keep them out and let them in again."""
    admin, staff_id = stage.client(Who.ADMIN), stage.actor(Who.FAR_CLINICIAN).id
    page = f"/desk/accounts/{staff_id}"
    yield admin.post(f"{page}/grants", data={"role": "monitor", "site": "lyon"})
    with stage.database.read() as session:
        held = list_grants(session, [staff_id])
    yield admin.post(f"{page}/grants/{held[-1].id}/end")
    yield admin.post(f"{page}/link")
    yield admin.post(f"{page}/disable")
    yield admin.post(f"{page}/enable")


def keep_account(stage: Stage) -> Steps:
    """Change what is one's own."""
    own = stage.client(Who.CLINICIAN)
    new = {"present": PASSWORD, "password": "a new long password"}
    yield own.post("/desk/account/password", data={**new, "password_again": new["password"]})
    yield own.post("/desk/account/language", data={"language": "fr"})
    yield own.post("/desk/account/email", data={"email": "dr@chu.example"})
    yield own.post("/desk/account/codes")
    yield own.post("/desk/account/sign-ins/end")
    yield from end_elsewhere(stage, new["password"])


def end_elsewhere(stage: Stage, password: str) -> Steps:
    """Sign in in another browser, and end that sign-in from this one."""
    own = stage.client(Who.CLINICIAN)
    stage.clock.advance(minutes=1)
    code = pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(stage.clock.now)
    login = {"login": Who.CLINICIAN.value.replace(" ", "."), "password": password, "code": code}
    yield stage.client(Who.NOBODY).post("/desk/sign-in", data=login)
    address = re.findall(
        r'action="(/desk/account/sign-ins/\w+/end)"', own.get("/desk/account").text
    )
    yield own.post(*address)


def use_desk_passkey(stage: Stage) -> Steps:
    """Set a passkey up, sign in and confirm with it, and take it away."""
    own, door = stage.client(Who.CLINICIAN), stage.client(Who.NOBODY)
    key, made = authenticator.make(own.post("/desk/account/passkeys/options").json())
    yield own.post("/desk/account/passkeys", data={"answer": made})
    shown = authenticator.show(key, door.post("/desk/sign-in/passkey/options").json())
    yield door.post("/desk/sign-in/passkey", data={"answer": shown})
    shown = authenticator.show(key, own.post("/desk/confirm/passkey/options").json())
    yield own.post("/desk/confirm/passkey", data={"answer": shown})
    yield own.post("/desk/account/passkeys/removal", data={"passkey": key.written_id})


def join_desk(stage: Stage) -> Steps:
    """Invite somebody, who makes their account."""
    admin = stage.client(Who.ADMIN)
    person = {"login": "new", "name": "New", "organisation": "CHU", "language": "fr"}
    shown = admin.post("/desk/accounts", data={**person, "role": "monitor", "site": "lyon"})
    yield shown
    token = shown.text.partition("/desk/join/")[2].partition("<")[0]
    with stage.database.read() as session:
        joining = invitations.find_joining(
            session, deployment=stage.deployment, token=token, now=NOW
        )
    form = {
        "password": PASSWORD,
        "password_again": PASSWORD,
        "code": pyotp.TOTP(joining.secret).at(NOW),
    }
    yield stage.client(Who.NOBODY).post(f"/desk/join/{token}", data=form)


WRITES: dict[str, Callable[[Stage], Steps]] = {
    "POST /desk/confirm": confirm,
    "POST /desk/account/password": keep_account,
    "POST /desk/account/language": keep_account,
    "POST /desk/account/email": keep_account,
    "POST /desk/account/codes": keep_account,
    "POST /desk/account/sign-ins/end": keep_account,
    "POST /desk/account/sign-ins/{sign_in_id}/end": keep_account,
    "POST /desk/account/passkeys": use_desk_passkey,
    "POST /desk/account/passkeys/removal": use_desk_passkey,
    "POST /desk/sign-in/passkey": use_desk_passkey,
    "POST /desk/confirm/passkey": use_desk_passkey,
    "POST /desk/accounts": join_desk,
    "POST /desk/join/{invitation}": join_desk,
    "POST /desk/accounts/{staff_id}/grants": look_after,
    "POST /desk/accounts/{staff_id}/grants/{grant_id}/end": look_after,
    "POST /desk/accounts/{staff_id}/link": look_after,
    "POST /desk/accounts/{staff_id}/disable": look_after,
    "POST /desk/accounts/{staff_id}/enable": look_after,
}
