"""The accounts of the demo's desk: each signs in as any account does, and is the demo's alone.

The simulation acts through a coordinator of its own, so that nobody's code is in its way.
"""

import secrets
from datetime import datetime

from app.domain.access import ALL_SITES, SYSTEM, Role
from app.services import accounts
from app.services.accounts import NewStaff
from app.services.deployment import Deployment
from app.services.sites import NewSite
from app.simulation.memory import Account
from app.store.session import Session

COLLEAGUES = {
    "coordinator": (Role.COORDINATOR, "coordination@demo", "Coordination du centre"),
    "assessor": (Role.ASSESSOR, "assessor@demo", "Évaluation"),
    "monitor": (Role.MONITOR, "monitor@demo", "Monitorage"),
    "data_manager": (Role.DATA_MANAGER, "data@demo", "Gestion des données"),
    "admin": (Role.ADMIN, "admin@demo", "Administration"),
}
"""Accounts beside the clinician's, for whoever runs the demo: role, login and name of each."""


def hire(
    session: Session,
    *,
    deployment: Deployment,
    site: NewSite,
    known: dict[str, Account],
    now: datetime,
) -> None:
    """Add the colleagues that are not known yet, to the database and to those known."""
    for what, (role, login, name) in COLLEAGUES.items():
        if what not in known:
            known[what] = add_account(
                session,
                deployment=deployment,
                site=site,
                new=(role, login, name),
                now=now,
            )


def add_account(
    session: Session,
    *,
    deployment: Deployment,
    site: NewSite,
    new: tuple[Role, str, str],
    now: datetime,
) -> Account:
    """Add an account of the demo: role, login, name; an admin's reaches every site."""
    role, login, name = new
    password = secrets.token_urlsafe(12)
    person = NewStaff(
        login=login,
        name=f"{name} (démonstration)",
        organisation=site.organisation,
        role=role,
        site=ALL_SITES if role is Role.ADMIN else site.id,
        demo=True,
    )
    secret = accounts.add_staff(
        session, deployment=deployment, actor=SYSTEM, new=person, password=password, now=now
    )
    return Account(login=login, password=password, totp_secret=secret)
