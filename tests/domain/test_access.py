"""Rights as data: each permission × each role, in and out of scope."""

import itertools

import pytest

from app.domain.access import ALL_SITES, PERMISSIONS, Actor, Grant, Permission, Role, require
from app.domain.errors import NotAllowed, NotFound

# Each role and what it may do; the same as PERMISSIONS, written the other way round.
RIGHTS = {
    Role.PARTICIPANT: "",
    Role.CLINICIAN: "see_cohort see_trends see_records enrol manage_participant record_session"
    " correct decide_set_aside ask_query answer_query redact edit_formulary read_trail"
    " review_trail take_copy sign_off",
    Role.COORDINATOR: "see_cohort see_trends see_records enrol manage_participant record_session"
    " correct decide_set_aside ask_query answer_query redact edit_formulary read_trail"
    " review_trail take_copy watch_copies",
    Role.ASSESSOR: "see_cohort",
    Role.MONITOR: "see_cohort see_trends see_records ask_query read_trail review_trail see_rights",
    Role.INSPECTOR: "see_cohort see_trends see_records read_trail take_copy see_rights",
    Role.DATA_MANAGER: "see_cohort see_records manage_keys read_trail watch_copies",
    Role.ADMIN: "manage_accounts see_rights see_operations",
    Role.TRIAL_DATABASE: "pull",
    Role.SYSTEM: "",
}


def staff(role: Role, site: str) -> Actor:
    """A member of staff with one grant."""
    return Actor(kind="staff", id="x", grants=frozenset({Grant(role, site)}))


def test_every_permission_and_role_is_listed() -> None:
    assert set(PERMISSIONS) == set(Permission)
    assert set(RIGHTS) == set(Role)


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(Role, Permission)))
@pytest.mark.trust(17)
def test_every_role_and_permission(role: Role, permission: Permission) -> None:
    for site in ("lyon", ALL_SITES):
        actor = staff(role, site)
        if permission.value in RIGHTS[role].split():
            assert require(actor, permission, "lyon") is role
        else:
            with pytest.raises(NotAllowed):
                require(actor, permission, "lyon")


@pytest.mark.parametrize("permission", Permission)
def test_out_of_scope_does_not_exist(permission: Permission) -> None:
    with pytest.raises(NotFound):
        require(staff(Role.CLINICIAN, "paris"), permission, "lyon")
