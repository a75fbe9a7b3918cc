"""Keys of the trial database: machines with a secret, which read some sites for some time.

Only the digest of a secret is stored. A manager makes and ends keys of their own sites alone.
"""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.access import ALL_SITES, Actor, Grant, Permission, Role, require_anywhere
from app.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from app.services.accounts import require_sites
from app.services.deployment import Deployment
from app.services.tokens import CODE_ALPHABET, new_code, new_token, token_hash
from app.store import accounts, ledger, pull_places
from app.store.session import Session
from app.store.tables import ApiKey

SCOPES = ("changes:read", "export:read", "metadata:read")
DOOR, REDCAP = "door", "redcap"
"""Kinds of keys: bearer keys of the door, tokens of the REDCap façade. Neither opens the other."""
REDCAP_SCOPES = ("export:read", "metadata:read")
LONGEST_LABEL = 80
USUAL_OVERLAP_DAYS, MOST_OVERLAP_DAYS = 14, 90
"""For how long a key holds beside its successor."""
ENDS_SOON = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key to be made: who will use it, the sites that it reads (`*`: all), and until when."""

    label: str
    sites: tuple[str, ...]
    expires_at: datetime
    scopes: tuple[str, ...] = SCOPES
    demo: bool = False
    kind: str = DOOR


@dataclass(frozen=True, slots=True)
class Successor:
    """A key made to take another's place: shown once; the other holds until `until`."""

    key: str
    label: str
    until: datetime


def require_manager(actor: Actor) -> None:
    """Raise NotAllowed unless the actor looks after keys somewhere."""
    require_anywhere(actor, Permission.MANAGE_KEYS)


def create(session: Session, *, actor: Actor, new: NewKey, now: datetime) -> str:
    """Make a key; the whole of it is shown once and never stored."""
    return _make(session, actor, new, now)[1]


def _make(session: Session, actor: Actor, new: NewKey, now: datetime) -> tuple[str, str]:
    """Make a key; give its id, and the whole of it."""
    if not new.label.strip():
        raise InvalidInput("field_missing", field="label")
    if not new.sites:
        raise InvalidInput("key_sites", field="sites")
    if not new.scopes or not set(new.scopes) <= set(SCOPES):
        raise InvalidInput("key_scopes", field="scopes")
    require_sites(session, new.sites)
    _require_own(actor, new.sites)
    key_id, secret = new_code(8), _new_secret(new.kind)
    session.add(
        ApiKey(
            id=key_id,
            kind=new.kind,
            label=new.label[:LONGEST_LABEL],
            secret_hash=token_hash(secret),
            scopes=" ".join(new.scopes),
            sites=" ".join(new.sites),
            created_at=now,
            expires_at=new.expires_at,
            demo=new.demo,
        )
    )
    details = {"key": key_id, "sites": list(new.sites), "scopes": list(new.scopes)}
    ledger.queue_act(session, actor=actor, op="key.created", now=now, details=details)
    return key_id, secret if new.kind == REDCAP else f"diary_{key_id}_{secret}"


def create_redcap_token(session: Session, *, actor: Actor, new: NewKey, now: datetime) -> str:
    """Make a token of the REDCap façade: 32 hexadecimal digits, shown once and never stored."""
    return create(
        session, actor=actor, new=replace(new, kind=REDCAP, scopes=REDCAP_SCOPES), now=now
    )


def _new_secret(kind: str) -> str:
    return secrets.token_hex(16).upper() if kind == REDCAP else new_token()


def rotate(
    session: Session, *, actor: Actor, key_id: str, overlap_days: int, now: datetime
) -> Successor:
    """Make the key that takes another's place; the other ends by itself after the overlap.

    The successor has its label, sites, scopes and span. WrongState for a key that holds no more.
    """
    if not 0 <= overlap_days <= MOST_OVERLAP_DAYS:
        raise InvalidInput("key_overlap", field="overlap_days", most=MOST_OVERLAP_DAYS)
    key = _own_key(session, actor, key_id)
    if not holds(key, now):
        raise WrongState("key_over")
    new = NewKey(
        label=key.label,
        sites=tuple(key.sites.split()),
        expires_at=now + (key.expires_at - key.created_at),
        scopes=tuple(key.scopes.split()),
        demo=key.demo,
        kind=key.kind,
    )
    key.expires_at = min(key.expires_at, now + timedelta(days=overlap_days))
    successor_id, shown = _make(session, actor, new, now)
    details = {
        "key": key.id,
        "successor": successor_id,
        "until": key.expires_at.isoformat(timespec="seconds"),
    }
    ledger.queue_act(session, actor=actor, op="key.rotated", now=now, details=details)
    return Successor(shown, key.label, key.expires_at)


def list_keys(session: Session, *, actor: Actor) -> list[ApiKey]:
    """List the keys that the actor looks after, the newest first."""
    return [key for key in pull_places.list_keys(session) if _is_own(actor, key.sites.split())]


def holds(key: ApiKey, now: datetime) -> bool:
    """Whether a key opens anything."""
    return key.revoked_at is None and now < key.expires_at


def state_of(key: ApiKey, now: datetime) -> str:
    """What a key came to: `live`, `ends_soon`, `expired` or `ended`."""
    if key.revoked_at is not None:
        return "ended"
    if not holds(key, now):
        return "expired"
    return "ends_soon" if key.expires_at - now <= ENDS_SOON else "live"


def find_actor(
    session: Session, deployment: Deployment, bearer: str, now: datetime
) -> tuple[ApiKey, Actor] | None:
    """Find the key that a bearer token is, and the actor it makes; None when it does not hold."""
    parts = bearer.split("_", 2)
    if len(parts) != 3 or parts[0] != "diary" or not set(parts[1]) <= set(CODE_ALPHABET):
        return None
    key = accounts.find_key(session, parts[1])
    digest = key.secret_hash if key is not None else token_hash("")
    is_right = hmac.compare_digest(digest, token_hash(parts[2]))
    if key is None or not is_right or key.kind != DOOR:
        return None
    return _opened(key, deployment, now)


def find_redcap_actor(
    session: Session, deployment: Deployment, token: str, now: datetime
) -> tuple[ApiKey, Actor] | None:
    """Find the key that a token of the REDCap façade is, by its digest; None if it is none."""
    key = accounts.find_key_by_digest(session, token_hash(token))
    return None if key is None or key.kind != REDCAP else _opened(key, deployment, now)


def _opened(key: ApiKey, deployment: Deployment, now: datetime) -> tuple[ApiKey, Actor] | None:
    """What a key opens as long as it holds, and in the demo alone if it is the demo's."""
    if not holds(key, now) or (key.demo and not deployment.demo):
        return None
    return key, reader_of(key)


def reader_of(key: ApiKey) -> Actor:
    """The actor that a key makes: it reads the key's sites."""
    grants = frozenset(Grant(Role.TRIAL_DATABASE, site) for site in key.sites.split())
    return Actor(kind="key", id=key.id, organisation=key.label, grants=grants)


def revoke(session: Session, *, actor: Actor, key_id: str, now: datetime) -> None:
    """End a key at once; NotFound for one that reads other sites than the actor's."""
    key = _own_key(session, actor, key_id)
    if key.revoked_at is not None:
        return
    key.revoked_at = now
    ledger.queue_act(session, actor=actor, op="key.revoked", now=now, details={"key": key_id})


def _own_key(session: Session, actor: Actor, key_id: str) -> ApiKey:
    """A key that the actor looks after; NotFound for one of other sites."""
    if actor.kind != "system":
        require_manager(actor)
    key = accounts.find_key(session, key_id)
    if key is None or not _is_own(actor, key.sites.split()):
        raise NotFound("not_found")
    return key


def _require_own(actor: Actor, sites: tuple[str, ...] | list[str]) -> None:
    """Refuse a key that reads more than its maker looks after."""
    if not _is_own(actor, sites):
        raise NotAllowed("not_allowed", permission=Permission.MANAGE_KEYS.value)


def _is_own(actor: Actor, sites: tuple[str, ...] | list[str]) -> bool:
    """Whether the actor looks after every one of some sites."""
    own = actor.sites_with(Permission.MANAGE_KEYS)
    return actor.kind == "system" or ALL_SITES in own or set(sites) <= own
