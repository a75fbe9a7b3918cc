"""Keys of the trial database: machines with a secret, which read some sites for some time.

Only the digest of a secret is stored. A manager makes and ends keys of their own sites alone.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import ALL_SITES, Actor, Grant, Permission, Role, require_anywhere
from app.domain.errors import InvalidInput, NotAllowed, NotFound
from app.services.accounts import require_sites
from app.services.deployment import Deployment
from app.services.tokens import CODE_ALPHABET, new_code, new_token, token_hash
from app.store import accounts, ledger
from app.store.session import Session
from app.store.tables import ApiKey

SCOPES = ("changes:read", "export:read", "metadata:read")
LONGEST_LABEL = 80


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A key to be made: who will use it, the sites that it reads (`*`: all), and until when."""

    label: str
    sites: tuple[str, ...]
    expires_at: datetime
    scopes: tuple[str, ...] = SCOPES
    demo: bool = False


def require_manager(actor: Actor) -> None:
    """Raise NotAllowed unless the actor looks after keys somewhere."""
    require_anywhere(actor, Permission.MANAGE_KEYS)


def create(session: Session, *, actor: Actor, new: NewKey, now: datetime) -> str:
    """Make a key; the whole of it is shown once and never stored."""
    if not new.label.strip():
        raise InvalidInput("field_missing", field="label")
    if not new.sites:
        raise InvalidInput("key_sites", field="sites")
    if not new.scopes or not set(new.scopes) <= set(SCOPES):
        raise InvalidInput("key_scopes", field="scopes")
    require_sites(session, new.sites)
    _require_own(actor, new.sites)
    key_id, secret = new_code(8), new_token()
    session.add(
        ApiKey(
            id=key_id,
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
    return f"diary_{key_id}_{secret}"


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
    if key is None or not is_right or key.revoked_at is not None or key.expires_at <= now:
        return None
    if key.demo and not deployment.demo:
        return None
    return key, reader_of(key)


def reader_of(key: ApiKey) -> Actor:
    """The actor that a key makes: it reads the key's sites."""
    grants = frozenset(Grant(Role.TRIAL_DATABASE, site) for site in key.sites.split())
    return Actor(kind="key", id=key.id, organisation=key.label, grants=grants)


def revoke(session: Session, *, actor: Actor, key_id: str, now: datetime) -> None:
    """End a key at once; NotFound for one that reads other sites than the actor's."""
    require_manager(actor)
    key = accounts.find_key(session, key_id)
    if key is None:
        raise NotFound("not_found")
    try:
        _require_own(actor, key.sites.split())
    except NotAllowed:
        raise NotFound("not_found") from None
    if key.revoked_at is not None:
        return
    key.revoked_at = now
    ledger.queue_act(session, actor=actor, op="key.revoked", now=now, details={"key": key_id})


def _require_own(actor: Actor, sites: tuple[str, ...] | list[str]) -> None:
    """Refuse a key that reads more than its maker looks after."""
    if actor.kind == "system":
        return
    own = actor.sites_with(Permission.MANAGE_KEYS)
    if ALL_SITES not in own and not set(sites) <= own:
        raise NotAllowed("not_allowed", permission=Permission.MANAGE_KEYS.value)
