"""Who may do what: roles, permissions and the actor, as data.

A permission says *who may*; whether it is possible *now* is for the participant's state. Rights are
scoped by site. What lies out of an actor's scope does not exist for that actor (NotFound), what
lies in scope but is not permitted is NotAllowed.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from app.domain.errors import NotAllowed, NotFound


class Role(StrEnum):
    """The people of DOMAIN §6, and the machines."""

    PARTICIPANT = "participant"
    CLINICIAN = "clinician"
    COORDINATOR = "coordinator"
    ASSESSOR = "assessor"
    MONITOR = "monitor"
    INSPECTOR = "inspector"
    DATA_MANAGER = "data_manager"
    ADMIN = "admin"
    TRIAL_DATABASE = "trial_database"
    SYSTEM = "system"


class Permission(StrEnum):
    """The things that can be permitted."""

    SEE_COHORT = "see_cohort"
    SEE_TRENDS = "see_trends"
    SEE_RECORDS = "see_records"
    ENROL = "enrol"
    MANAGE_PARTICIPANT = "manage_participant"
    RECORD_SESSION = "record_session"
    CORRECT = "correct"
    DECIDE_SET_ASIDE = "decide_set_aside"
    ASK_QUERY = "ask_query"
    ANSWER_QUERY = "answer_query"
    SIGN_OFF = "sign_off"
    TAKE_COPY = "take_copy"
    EDIT_FORMULARY = "edit_formulary"
    REDACT = "redact"
    MANAGE_KEYS = "manage_keys"
    WATCH_COPIES = "watch_copies"
    MANAGE_ACCOUNTS = "manage_accounts"
    SEE_RIGHTS = "see_rights"
    SEE_OPERATIONS = "see_operations"
    READ_TRAIL = "read_trail"
    REVIEW_TRAIL = "review_trail"
    PULL = "pull"


_SITE_TEAM = frozenset({Role.CLINICIAN, Role.COORDINATOR})
_READERS = _SITE_TEAM | {Role.MONITOR, Role.INSPECTOR}

PERMISSIONS: dict[Permission, frozenset[Role]] = {
    Permission.SEE_COHORT: _READERS | {Role.ASSESSOR, Role.DATA_MANAGER},
    Permission.SEE_TRENDS: _READERS,
    Permission.SEE_RECORDS: _READERS | {Role.DATA_MANAGER},
    Permission.ENROL: _SITE_TEAM,
    Permission.MANAGE_PARTICIPANT: _SITE_TEAM,
    Permission.RECORD_SESSION: _SITE_TEAM,
    Permission.CORRECT: _SITE_TEAM,
    Permission.DECIDE_SET_ASIDE: _SITE_TEAM,
    Permission.ASK_QUERY: _SITE_TEAM | {Role.MONITOR},
    Permission.ANSWER_QUERY: _SITE_TEAM,
    Permission.SIGN_OFF: frozenset({Role.CLINICIAN}),
    Permission.TAKE_COPY: _SITE_TEAM | {Role.INSPECTOR},
    Permission.EDIT_FORMULARY: _SITE_TEAM,
    Permission.REDACT: _SITE_TEAM,
    Permission.MANAGE_KEYS: frozenset({Role.DATA_MANAGER}),
    Permission.WATCH_COPIES: frozenset({Role.COORDINATOR, Role.DATA_MANAGER}),
    Permission.MANAGE_ACCOUNTS: frozenset({Role.ADMIN}),
    Permission.SEE_RIGHTS: frozenset({Role.ADMIN, Role.MONITOR, Role.INSPECTOR}),
    Permission.SEE_OPERATIONS: frozenset({Role.ADMIN}),
    Permission.READ_TRAIL: _READERS | {Role.DATA_MANAGER},
    Permission.REVIEW_TRAIL: _SITE_TEAM | {Role.MONITOR},
    Permission.PULL: frozenset({Role.TRIAL_DATABASE}),
}

ALL_SITES = "*"
STAFF_ROLES = (
    Role.CLINICIAN,
    Role.COORDINATOR,
    Role.ASSESSOR,
    Role.MONITOR,
    Role.INSPECTOR,
    Role.DATA_MANAGER,
    Role.ADMIN,
)
"""The roles that a named account may have."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One role at one site, or at every site (`*`)."""

    role: Role
    site: str

    def covers(self, site: str) -> bool:
        """Whether the grant reaches that site."""
        return self.site in (ALL_SITES, site)

    def unblinds(self, other: "Grant") -> bool:
        """Whether the two together would show trends to an assessor, who may see none."""
        roles = {self.role, other.role}
        meet = self.covers(other.site) or other.covers(self.site)
        return meet and Role.ASSESSOR in roles and bool(roles & PERMISSIONS[Permission.SEE_TRENDS])


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a participant on a device, a member of staff, an API key, or the system itself.

    `id` is what the ledger shows (study code, staff id, key id); names never enter it.
    """

    kind: str
    id: str
    organisation: str = ""
    grants: frozenset[Grant] = frozenset()
    participant_id: int | None = None
    device_id: str | None = None
    name: str = field(default="", repr=False)

    def role_at(self, permission: Permission, site: str) -> Role | None:
        """The role by which the actor holds the permission at the site, if any."""
        held = sorted(g.role for g in self.grants if g.covers(site))
        return next((role for role in held if role in PERMISSIONS[permission]), None)

    def sites_with(self, permission: Permission) -> frozenset[str]:
        """The sites where the permission is held; `*` stands for all."""
        return frozenset(g.site for g in self.grants if g.role in PERMISSIONS[permission])

    def may_anywhere(self, permission: Permission) -> bool:
        """Whether the permission is held at any site."""
        return bool(self.sites_with(permission))

    def role(self) -> Role:
        """The first role held, for acts that need none in particular."""
        if self.kind == "participant":
            return Role.PARTICIPANT
        if self.kind == "system":
            return Role.SYSTEM
        return min((g.role for g in self.grants), default=Role.SYSTEM)


SYSTEM = Actor(kind="system", id="system", organisation="CRPS Diary")


def require(actor: Actor, permission: Permission, site: str) -> Role:
    """Give the role that permits it; raise NotFound out of scope, NotAllowed within it."""
    role = actor.role_at(permission, site)
    if role is not None:
        return role
    if not any(grant.covers(site) for grant in actor.grants):
        raise NotFound("not_found")
    raise NotAllowed("not_allowed", permission=permission.value)


def require_anywhere(actor: Actor, permission: Permission) -> None:
    """Raise NotAllowed unless the permission is held at some site."""
    if not actor.may_anywhere(permission):
        raise NotAllowed("not_allowed", permission=permission.value)
