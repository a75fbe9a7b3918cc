"""The accounts of the demo's desk: each signs in as any account does, and is the demo's alone.

The simulation acts through a coordinator of its own, so that nobody's code is in its way.
"""

import secrets
from datetime import datetime

import pyotp

from app.domain.access import ALL_SITES, SYSTEM, Actor, Role
from app.services import accounts
from app.services.accounts import NewStaff
from app.services.deployment import Deployment
from app.services.sites import NewSite
from app.simulation.memory import Account
from app.store.session import Database, Session

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


def sign_in(database: Database, deployment: Deployment, account: Account, now: datetime) -> Actor:
    """Sign an account in at an instant, with both of its factors."""
    with database.write() as session:
        token = accounts.sign_in(
            session,
            deployment=deployment,
            login=account.login,
            password=account.password,
            code=pyotp.TOTP(account.totp_secret).at(now),
            now=now,
        )
    with database.read() as session:
        found = accounts.find_signed_in(session, deployment, token, now)
    if found is None:
        raise ValueError("the demo's coordinator cannot enter: make demo-reset starts over")
    return found[2]
