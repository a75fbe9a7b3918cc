"""Staff get in with both factors only, keys with their secret only; the demo's only in the demo."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pyotp
import pytest

from app.__main__ import StaffRole
from app.domain.access import STAFF_ROLES, SYSTEM, Permission, Role
from app.domain.errors import InvalidInput, NotAllowed, NotSignedIn
from app.services import accounts, keys, sites
from tests.desk import acts
from tests.people import NOW, PASSWORD, Stage, Who

LOGIN = "site.clinician"
SOON = NOW + timedelta(minutes=1)


def code_at(stage: Stage, at: object) -> str:
    """The six digits of the clinician's authenticator."""
    return pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(at)  # type: ignore[arg-type]


def sign_in(stage: Stage, login: str, password: str, code: str) -> str:
    """Sign in a minute after the scene began."""
    with stage.database.write() as session:
        return accounts.sign_in(
            session,
            deployment=stage.deployment,
            login=login,
            password=password,
            code=code,
            now=SOON,
        )


@pytest.mark.trust(21)
def test_both_factors_open_the_desk(stage: Stage) -> None:
    token = sign_in(stage, LOGIN, PASSWORD, code_at(stage, SOON))
    with stage.database.read() as session:
        found = accounts.find_signed_in(session, stage.deployment, token, SOON)
    assert found is not None
    assert found[2].role_at(Permission.ENROL, "lyon") is Role.CLINICIAN


def test_every_refusal_is_the_same(stage: Stage) -> None:
    code = code_at(stage, SOON)
    wrong = [
        (LOGIN, PASSWORD, "000000"),
        (LOGIN, PASSWORD, ""),
        (LOGIN, PASSWORD, "１２３４５６"),
        (LOGIN, PASSWORD, code_at(stage, SOON - timedelta(minutes=5))),
        (LOGIN, "another password", code),
        ("nobody.known", PASSWORD, code),
    ]
    for login, password, given in wrong:
        with pytest.raises(NotSignedIn) as refused:
            sign_in(stage, login, password, given)
        assert refused.value.code == "sign_in_refused"


def test_a_code_opens_once(stage: Stage) -> None:
    code = code_at(stage, SOON)
    sign_in(stage, LOGIN, PASSWORD, code)
    with pytest.raises(NotSignedIn):
        sign_in(stage, LOGIN, PASSWORD, code)


def prove(stage: Stage, password: str, code: str) -> None:
    """Let the clinician show both factors, a minute after the scene began."""
    with stage.database.write() as session:
        accounts.prove(
            session,
            deployment=stage.deployment,
            staff_id=stage.actor(Who.CLINICIAN).id,
            password=password,
            code=code,
            now=SOON,
        )


@pytest.mark.trust(23)
def test_whoever_signs_shows_both_factors_and_leaves_nothing_else(stage: Stage) -> None:
    code, before = code_at(stage, SOON), len(acts(stage, ""))
    for password, given in ((PASSWORD, "000000"), ("another password", code)):
        with pytest.raises(NotSignedIn) as refused:
            prove(stage, password, given)
        assert (refused.value.code, refused.value.field) == ("confirmation_refused", "password")
        assert refused.value.source is not None
    prove(stage, PASSWORD, code)
    with pytest.raises(NotSignedIn):
        prove(stage, PASSWORD, code)
    assert len(acts(stage, "")) == before


@pytest.mark.trust(22)
def test_a_short_password_makes_no_account(stage: Stage) -> None:
    new = accounts.NewStaff(login="x", name="X", organisation="CHU", role=Role.ADMIN)
    with pytest.raises(InvalidInput), stage.database.write() as session:
        accounts.add_staff(
            session,
            deployment=stage.deployment,
            actor=SYSTEM,
            new=new,
            password="eleven char",
            now=NOW,
        )


@pytest.mark.parametrize(
    ("role", "site", "code"),
    [(Role.PARTICIPANT, "*", "not_a_choice"), (Role.ADMIN, "lyon", "admin_everywhere")],
)
def test_an_account_has_a_role_of_staff_and_admins_work_everywhere(
    stage: Stage, role: Role, site: str, code: str
) -> None:
    new = accounts.NewStaff(login="x", name="X", organisation="CHU", role=role, site=site)
    with pytest.raises(InvalidInput) as refused, stage.database.write() as session:
        accounts.add_staff(
            session,
            deployment=stage.deployment,
            actor=SYSTEM,
            new=new,
            password=PASSWORD,
            now=NOW,
        )
    assert refused.value.code == code
    assert get_args(StaffRole) == STAFF_ROLES


def test_demo_credentials_open_nothing_outside_the_demo(stage: Stage) -> None:
    new = accounts.NewStaff(
        login="demo", name="Demo", organisation="CHU", role=Role.CLINICIAN, demo=True
    )
    with stage.database.write() as session:
        secret = accounts.add_staff(
            session,
            deployment=stage.deployment,
            actor=SYSTEM,
            new=new,
            password=PASSWORD,
            now=NOW,
        )
        key = keys.create(
            session,
            actor=SYSTEM,
            new=keys.NewKey(
                label="demo",
                sites=("*",),
                expires_at=NOW + timedelta(days=1),
                demo=True,
            ),
            now=NOW,
        )
    with pytest.raises(NotSignedIn):
        sign_in(stage, "demo", PASSWORD, pyotp.TOTP(secret).at(SOON))
    in_demo = replace(stage.deployment, demo=True)
    with stage.database.read() as session:
        assert keys.find_actor(session, stage.deployment, key, NOW) is None
        assert keys.find_actor(session, in_demo, key, NOW) is not None


def test_a_key_holds_until_it_is_revoked_or_expires(stage: Stage) -> None:
    key = stage.cast.key
    with stage.database.read() as session:
        found = keys.find_actor(session, stage.deployment, key, NOW)
        assert found is not None
        assert found[1].sites_with(Permission.PULL) == {"lyon"}
        late = NOW + timedelta(days=366)
        assert keys.find_actor(session, stage.deployment, key, late) is None
        for wrong in ("", "diary", key[:-1], key + "x", key.replace("diary_", "other_")):
            assert keys.find_actor(session, stage.deployment, wrong, NOW) is None
    with stage.database.write() as session:
        keys.revoke(session, actor=stage.actor(Who.DATA_MANAGER), key_id=key.split("_")[1], now=NOW)
    with stage.database.read() as session:
        assert keys.find_actor(session, stage.deployment, key, NOW) is None


def test_only_the_data_manager_makes_keys(stage: Stage) -> None:
    for who in (Who.CLINICIAN, Who.MONITOR, Who.INSPECTOR, Who.ADMIN):
        with pytest.raises(NotAllowed), stage.database.write() as session:
            keys.create(
                session,
                actor=stage.actor(who),
                new=keys.NewKey(
                    label="x",
                    sites=("*",),
                    expires_at=SOON,
                ),
                now=NOW,
            )


@pytest.mark.parametrize("site", ["lyno", "", "LYON", "lyon "])
def test_a_mistyped_site_gives_rights_to_nobody(stage: Stage, site: str) -> None:
    new = accounts.NewStaff(
        login="new", name="New", organisation="CHU", role=Role.CLINICIAN, site=site
    )
    with pytest.raises(InvalidInput) as refused, stage.database.write() as session:
        accounts.add_staff(
            session,
            deployment=stage.deployment,
            actor=SYSTEM,
            new=new,
            password=PASSWORD,
            now=NOW,
        )
    assert refused.value.code == "unknown_site"
    with pytest.raises(InvalidInput), stage.database.write() as session:
        keys.create(
            session,
            actor=SYSTEM,
            new=keys.NewKey(
                label="x",
                sites=("lyon", site),
                expires_at=SOON,
            ),
            now=NOW,
        )


@pytest.mark.parametrize(("site", "code"), [("lyon", "site_taken"), ("Lyon", "site_name")])
def test_a_site_is_added_once_under_a_plain_name(stage: Stage, site: str, code: str) -> None:
    new = sites.NewSite(site, "CHU", "CHU", "04 72 00 00 00", "9–17")
    with pytest.raises(InvalidInput) as refused, stage.database.write() as session:
        sites.add_site(session, actor=SYSTEM, new=new, now=NOW)
    assert refused.value.code == code
