"""Accounts by invitation, their rights and their end, as admins and the invited see them."""

import html
import re
from datetime import timedelta

import pyotp
import pytest

from app.domain.access import ALL_SITES, Actor, Permission, Role
from app.domain.errors import NotSignedIn, WrongState
from app.services import accounts, grants
from app.store.accounts import find_staff
from tests.desk import acts
from tests.people import NOW, PASSWORD, Stage, Who

INVITED = {
    "login": "camille.durand@chu.example",
    "name": "Camille Durand",
    "organisation": "CHU",
    "role": "coordinator",
    "site": "lyon",
    "language": "en",
}
NEW_PASSWORD = "a long enough password"


def link_in(page: str) -> str:
    """The path of the link that a page shows."""
    found = re.search(r'id="link">http://localhost:8000(/desk/join/[\w-]+)<', page)
    assert found is not None, page
    return found[1]


def join(stage: Stage, path: str, **typed: str) -> tuple[int, str, str]:
    """Fill the page of a link in; give the status, the page and the secret that was shown."""
    visitor = stage.client(Who.NOBODY)
    shown = re.search(r'id="secret">([A-Z2-7 ]+)<', visitor.get(path).text)
    assert shown is not None
    secret = shown[1].replace(" ", "")
    code = pyotp.TOTP(secret).at(stage.clock.now)
    form = {"password": NEW_PASSWORD, "password_again": NEW_PASSWORD, "code": code, **typed}
    answer = visitor.post(path, data=form)
    return answer.status_code, answer.text, secret


def rights(stage: Stage) -> Actor:
    """The monitor with the rights that hold at the clock's present."""
    with stage.database.write() as session:
        held = find_staff(session, "monitor")
        assert held is not None
        return accounts.actor_of_staff(session, held, stage.clock.now)


def test_a_link_makes_nothing_until_it_is_filled_in_rightly(stage: Stage) -> None:
    admin = stage.client(Who.ADMIN)
    refused = admin.post("/desk/accounts", data={**INVITED, "role": "inspector"})
    assert refused.status_code == 422
    assert 'id="until_on-error"' in refused.text
    assert 'value="Camille Durand"' in refused.text
    first = link_in(admin.post("/desk/accounts", data=INVITED).text)
    second = link_in(admin.post("/desk/accounts", data=INVITED).text)
    assert stage.client(Who.NOBODY).get(first).status_code == 404
    assert admin.get("/desk/accounts").text.count('value="Camille Durand"') == 1

    for typed, field in (
        ({"password": "eleven char"}, "password"),
        ({"password_again": "something else entirely"}, "password_again"),
        ({"code": "000000"}, "code"),
    ):
        status, page, _ = join(stage, second, **typed)
        assert status == 422
        assert f'id="{field}-error"' in page
    with stage.database.read() as session:
        assert len(grants.list_accounts(session, actor=stage.actor(Who.ADMIN), page=1)[0]) == 8


def test_a_person_makes_their_own_account(stage: Stage) -> None:
    path = link_in(stage.client(Who.ADMIN).post("/desk/accounts", data=INVITED).text)
    status, page, secret = join(stage, path)
    assert status == 200
    codes = re.findall(r"<li>([0-9A-Z]{5}-[0-9A-Z]{5})</li>", page)
    assert len(set(codes)) == 10
    assert stage.client(Who.NOBODY).get(path).status_code == 404
    stage.clock.advance(minutes=1)
    with stage.database.write() as session:
        token = accounts.sign_in(
            session,
            deployment=stage.deployment,
            login=INVITED["login"],
            password=NEW_PASSWORD,
            code=pyotp.TOTP(secret).at(stage.clock.now),
            now=stage.clock.now,
        )
        found = accounts.find_signed_in(session, stage.deployment, token, stage.clock.now)
    assert found is not None
    assert found[2].role_at(Permission.ENROL, "lyon") is Role.COORDINATOR
    told = str(acts(stage, "staff."))
    assert "Camille" not in told
    assert {"staff.invited", "staff.joined"} <= {act["op"] for act in acts(stage, "staff.")}


def test_a_lost_authenticator_ends_when_the_new_one_is_set(stage: Stage) -> None:
    clinician = stage.actor(Who.CLINICIAN).id
    path = link_in(stage.client(Who.ADMIN).post(f"/desk/accounts/{clinician}/link").text)
    assert stage.client(Who.CLINICIAN).get("/desk").status_code == 200
    assert "Set up anew" in stage.client(Who.NOBODY).get(path).text
    assert join(stage, path)[0] == 200
    assert stage.client(Who.CLINICIAN).get("/desk").status_code == 303
    stage.clock.advance(minutes=1)
    code = pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(stage.clock.now)
    with pytest.raises(NotSignedIn), stage.database.write() as session:
        accounts.sign_in(
            session,
            deployment=stage.deployment,
            login="site.clinician",
            password=PASSWORD,
            code=code,
            now=stage.clock.now,
        )


def test_roles_are_given_and_ended_and_their_history_stays(stage: Stage) -> None:
    admin, monitor = stage.client(Who.ADMIN), stage.actor(Who.MONITOR).id
    page = f"/desk/accounts/{monitor}"
    given = {"role": "inspector", "site": "lille", "until_on": "2026-01-21"}
    assert admin.post(f"{page}/grants", data=given).status_code == 303
    twice = admin.post(f"{page}/grants", data=given)
    assert twice.status_code == 409
    assert 'id="role-error"' in twice.text
    unblinded = {"role": "assessor", "site": ALL_SITES}
    assert admin.post(f"{page}/grants", data=unblinded).status_code == 409
    assert stage.actor(Who.MONITOR).sites_with(Permission.TAKE_COPY) == {"lille"}
    with stage.database.read() as session:
        held = grants.read_account(session, actor=stage.actor(Who.ADMIN), staff_id=monitor).grants
    assert admin.post(f"{page}/grants/{held[0].id}/end").status_code == 303
    later = admin.post(f"{page}/grants/{held[0].id}/end")  # somebody was sooner
    assert later.status_code == 409
    assert "over already" in later.text
    stage.clock.now = NOW.replace(day=21, hour=22, minute=59)  # 23:59 in Paris
    assert rights(stage).may_anywhere(Permission.TAKE_COPY)
    stage.clock.advance(minutes=1)
    assert not rights(stage).may_anywhere(Permission.TAKE_COPY)


def test_whoever_is_kept_out_is_out_at_once_and_comes_back_without_roles(stage: Stage) -> None:
    admin, clinician = stage.client(Who.ADMIN), stage.actor(Who.CLINICIAN).id
    page = f"/desk/accounts/{clinician}"
    assert admin.post(f"{page}/disable").status_code == 303
    assert stage.client(Who.CLINICIAN).get("/desk").status_code == 303
    assert admin.post(f"{page}/disable").status_code == 409
    assert admin.post(f"{page}/link").status_code == 409
    assert admin.post(f"{page}/enable").status_code == 303
    shown = html.unescape(admin.get(page).text)
    assert "Give a role" in shown
    assert shown.count('<th scope="row">clinician</th>') == 1
    with stage.database.read() as session:
        held = grants.read_account(session, actor=stage.actor(Who.ADMIN), staff_id=clinician)
    assert held.live(NOW) == []


def test_nobody_ends_their_own_rights_and_one_admin_remains(stage: Stage) -> None:
    admin = stage.actor(Who.ADMIN)
    for act in ("disable", "enable", "grants"):
        answer = stage.client(Who.ADMIN).post(
            f"/desk/accounts/{admin.id}/{act}", data={"role": "clinician", "site": "lyon"}
        )
        assert answer.status_code == 409
    with stage.database.write() as session:
        for_a_week = grants.NewGrant(role=Role.ADMIN, site=ALL_SITES, until_on=NOW.date())
        grants.add_grant(
            session,
            deployment=stage.deployment,
            actor=admin,
            staff_id=stage.actor(Who.DATA_MANAGER).id,
            new=for_a_week,
            now=NOW,
        )
    with pytest.raises(WrongState) as refused, stage.database.write() as session:
        grants.disable(
            session, actor=stage.actor(Who.DATA_MANAGER), staff_id=admin.id, now=NOW + timedelta(1)
        )
    assert refused.value.code == "last_admin"
