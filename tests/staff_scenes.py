"""Scenes of the accounts: somebody invited, a role with an end, somebody kept out."""

import json
from datetime import timedelta

from app.domain.access import Role
from app.services import accounts, grants, invitations
from app.store import nightly
from app.store.accounts import find_staff
from app.store.session import WriteSession
from tests.people import PASSWORD, Stage, Who
from tests.scenes import Codes, spoken_by

FORMER = "former@chu.example"
_VERIFIED = {
    "state": "verified",
    "file": "diary-20260119T013000Z.backup",
    "changes": 1204,
    "sha256": "5c1f" * 16,
}
_FAILED = {"state": "failed", "code": "scratch_refused", "file": "diary-20260120T013000Z.backup"}


def staffed(stage: Stage, who: Who) -> Codes:
    """A coordinator is invited, an inspector has a role with an end, and somebody was kept out."""
    admin, now = stage.actor(Who.ADMIN), stage.clock.now
    inspection = grants.NewGrant(
        role=Role.INSPECTOR, site="lille", until_on=now.date() + timedelta(days=7)
    )
    with stage.database.write() as session:
        link = _invite(session, stage, "fr" if who is spoken_by("fr") else "en")
        grants.add_grant(
            session,
            deployment=stage.deployment,
            actor=admin,
            staff_id=stage.actor(Who.MONITOR).id,
            new=inspection,
            now=now,
        )
        _keep_out(session, stage)
        far = stage.actor(Who.FAR_CLINICIAN).id
        held = grants.read_account(session, actor=admin, staff_id=far).grants[0]
    return {
        "invitation": link.rpartition("/")[2],
        "staff_id": stage.actor(Who.MONITOR).id,
        "grant_id": str(held.id),
    }


def operated(stage: Stage, _: Who) -> Codes:
    """A backup was verified last night; tonight's could not be tried out."""
    with stage.database.write() as session:
        for days, outcome in ((1, _VERIFIED), (0, _FAILED)):
            at = stage.clock.now - timedelta(days=days, hours=15)
            nightly.claim(session, "backup", at.date(), "a scheduler", at)
            done = at + timedelta(minutes=4)
            nightly.note_outcome(session, "backup", at.date(), json.dumps(outcome), done)
    return {}


def _invite(session: WriteSession, stage: Stage, language: str) -> str:
    new = invitations.Invited(
        login="camille.durand@chu.example",
        name="Camille Durand",
        organisation="CHU",
        language=language,
        grant=grants.NewGrant(role=Role.COORDINATOR, site="lyon", until_on=None),
    )
    return invitations.invite(
        session,
        deployment=stage.deployment,
        actor=stage.actor(Who.ADMIN),
        new=new,
        now=stage.clock.now,
    )


def _keep_out(session: WriteSession, stage: Stage) -> None:
    admin, now = stage.actor(Who.ADMIN), stage.clock.now
    accounts.add_staff(
        session,
        deployment=stage.deployment,
        actor=admin,
        new=accounts.NewStaff(
            login=FORMER, name="Alex Martin", organisation="CHU", role=Role.MONITOR
        ),
        password=PASSWORD,
        now=now - timedelta(days=30),
    )
    left = find_staff(session, FORMER)
    assert left is not None
    grants.disable(session, actor=admin, staff_id=left.id, now=now)
