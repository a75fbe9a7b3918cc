"""Where participants are written to: addresses checked, sealed, masked, compared and purged.

The verbs that change them are in `participants` and `courses`. The rule kept: an address leaves the
process only as a message; the site sees of it what its owner recognises and nobody else.
"""

import re
from dataclasses import dataclass, field

from app.domain.access import Actor, Permission
from app.domain.errors import InvalidInput, WrongState
from app.domain.participant import OVER
from app.services.deployment import Deployment
from app.store import participants
from app.store.session import Session
from app.store.tables import Contact

EMAIL, PHONE = "contact e-mail", "contact phone"
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""A number that a text message finds from anywhere (E.164)."""
_KEPT, _DIGITS_SHOWN = 3, 2


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """What somebody is reached by, as it was typed; None for none."""

    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)


def check(new: Addresses) -> None:
    """Raise InvalidInput, naming the field, for what no message would find."""
    if new.email is not None and ("@" not in new.email or " " in new.email):
        raise InvalidInput("not_an_address", field="email")
    if new.phone is not None and not _NUMBER.fullmatch(_dialled(new.phone)):
        raise InvalidInput("not_a_number_abroad", field="phone")


def seal(deployment: Deployment, participant_id: int, new: Addresses) -> Contact:
    """Make the sealed contact of a participant."""
    return Contact(
        participant_id=participant_id,
        email_sealed=seal_email(deployment, new.email),
        phone_sealed=seal_phone(deployment, new.phone),
    )


def seal_email(deployment: Deployment, email: str | None) -> bytes | None:
    """Seal an e-mail address."""
    return deployment.vault.seal(email, EMAIL) if email else None


def seal_phone(deployment: Deployment, phone: str | None) -> bytes | None:
    """Seal a telephone number as it is dialled."""
    return deployment.vault.seal(_dialled(phone), PHONE) if phone else None


def open_addresses(deployment: Deployment, contact: Contact | None) -> Addresses:
    """Open a sealed contact; what cannot be read is none."""
    if contact is None:
        return Addresses()
    return Addresses(
        email=_open(deployment, contact.email_sealed, EMAIL),
        phone=_open(deployment, contact.phone_sealed, PHONE),
    )


def purge(session: Session, participant_id: int) -> None:
    """Erase how a participant is reached."""
    contact = participants.find_contact(session, participant_id)
    if contact is not None:
        contact.email_sealed = contact.phone_sealed = None


def require_undoubled(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    new: Addresses,
    trial_record_id: str | None,
    besides: int = 0,
) -> None:
    """Raise WrongState when another participant has the same address or trial record.

    Sealed values differ each time, so they are opened and compared. Only participants whom the
    actor may see are named. `besides` is the participant that the addresses are for.
    """
    others = participants.list_contacts_but(session, OVER)
    found = [
        (code, site)
        for contact, code, site in others
        if contact.participant_id != besides and _is_same(deployment, contact, new)
    ]
    if trial_record_id is not None:
        same = participants.list_with_record(session, trial_record_id)
        found += [(row.study_code, row.site_id) for row in same if row.id != besides]
    if not found:
        return
    seen = [code for code, site in found if actor.role_at(Permission.SEE_COHORT, site) is not None]
    if not seen:
        raise WrongState("doubled_elsewhere", field="doubled")
    raise WrongState("doubled", field="doubled", codes=", ".join(sorted(set(seen))))


def _is_same(deployment: Deployment, contact: Contact, new: Addresses) -> bool:
    if new.email and contact.email_sealed:
        known = _open(deployment, contact.email_sealed, EMAIL)
        if known is not None and known.casefold() == new.email.casefold():
            return True
    if new.phone and contact.phone_sealed:
        return _open(deployment, contact.phone_sealed, PHONE) == _dialled(new.phone)
    return False


def mask_email(address: str | None) -> str | None:
    """An e-mail address as its owner recognises it and nobody else: m…@exa…."""
    if address is None:
        return None
    name, _, host = address.rpartition("@")
    return f"{name[:1]}…@{host[: min(_KEPT, len(host) // 2)]}…"


def mask_phone(number: str | None) -> str | None:
    """The last two digits of a telephone number."""
    return f"…{number.strip()[-_DIGITS_SHOWN:]}" if number else None


def _dialled(phone: str) -> str:
    """A telephone number without what makes it easier to read."""
    return re.sub(r"[\s.()-]", "", phone)


def _open(deployment: Deployment, sealed: bytes | None, purpose: str) -> str | None:
    try:
        return deployment.vault.open(sealed, purpose) if sealed else None
    except ValueError:
        return None
