"""Accounts, grants and invitations in words, by the study's clock."""

from datetime import datetime
from typing import Any

from app.domain.access import ALL_SITES, STAFF_ROLES
from app.domain.diary_day import zone_named
from app.routers.clinician.words import ROLES, Words
from app.services import grants
from app.services.deployment import Deployment
from app.services.grants import Account
from app.services.rights import Held
from app.store import participants
from app.store.session import Session
from app.store.tables import StaffGrant, StaffInvitation


def _(message: str) -> str:
    return message


_EVERYWHERE = {ALL_SITES: _("all sites")}


class StaffWords:
    """Says accounts and rights in one language."""

    def __init__(self, session: Session, deployment: Deployment, lang: str, now: datetime) -> None:
        self.words = Words(deployment.study, lang)
        self.deployment, self.now = deployment, now
        self.zone = zone_named(deployment.study.tz)
        self.sites = {site.id: site.name for site in participants.list_sites(session)}

    def choices(self) -> dict[str, Any]:
        """What the form of a grant offers."""
        roles = [(role.value, self.words.say(ROLES, role)) for role in STAFF_ROLES]
        sites = [*self.sites.items(), (ALL_SITES, self.site(ALL_SITES))]
        return {"roles": [("", "–"), *roles], "sites": [("", "–"), *sites]}

    def account(self, account: Account) -> dict[str, Any]:
        """An account, with the grants that hold."""
        held, since = account.staff, [grant.from_at for grant in account.grants]
        return {
            "id": held.id,
            "name": held.name,
            "login": held.login,
            "organisation": held.organisation,
            "is_disabled": held.disabled_at is not None,
            "live": [self.grant(grant) for grant in account.live(self.now)],
            "since": self.local(min(since, default=None)),
            "seen": self.local(account.last_sign_in_at),
        }

    def held(self, one: Held) -> dict[str, Any]:
        """A grant, with who gave and ended it."""
        return {
            **self.grant(one.grant),
            "given_by": one.invited_by or one.given_by,
            "ended_by": one.ended_by,
            "was_closed": one.was_closed,
        }

    def grant(self, grant: StaffGrant) -> dict[str, Any]:
        """A grant: what, where, from when, until when."""
        until_at = grant.until_at
        return {
            "id": grant.id,
            "role": self.words.say(ROLES, grant.role),
            "site": self.site(grant.site_id),
            "from": self.local(grant.from_at),
            "until": self.local(until_at),
            "last_on": until_at and grants.last_day(self.deployment, until_at),
            "is_live": grants.holds(grant, self.now),
        }

    def invitation(self, row: StaffInvitation) -> dict[str, Any]:
        """An invitation that waits; `again` is what the form to invite would hold."""
        last_on = row.until_at and grants.last_day(self.deployment, row.until_at)
        again = {
            "login": row.login,
            "name": row.name,
            "organisation": row.organisation,
            "role": row.role,
            "site": row.site_id,
            "language": row.language,
            "until_on": last_on.isoformat() if last_on else "",
        }
        return {
            "name": row.name,
            "login": row.login,
            "role": self.words.say(ROLES, row.role) if row.role else "",
            "site": self.site(row.site_id) if row.role else "",
            "last_on": last_on,
            "until": self.local(row.expires_at),
            "again": list(again.items()) if row.role else [],
        }

    def site(self, site_id: str) -> str:
        """A site's name."""
        return self.words.say(_EVERYWHERE, site_id) if site_id == ALL_SITES else self.sites[site_id]

    def local(self, at: datetime | None) -> datetime | None:
        """An instant by the study's clock."""
        return at and at.astimezone(self.zone)
