"""What handlers ask for: sessions, the present, the deployment and who is acting.

What needs no waiting is `async`, which spares a change of thread; what reads the database is not.
Sessions end with the handler (`scope="function"`), so that the commit comes before the answer. The
actor is found in a read of its own: a write session holds nothing until the verb uses it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.domain.access import Actor
from app.domain.errors import InvalidInput, NotSignedIn
from app.metrics import Meters
from app.rendering import LANGUAGES, best_language
from app.routers.waiting import WaitingRoom
from app.services import accounts, devices, keys, push_keys, throttles
from app.services.deployment import Deployment
from app.services.pace import Pace
from app.services.trail import record_refusal
from app.store.session import Database, ReadSession, WriteSession
from app.store.tables import ApiKey, Device, Participant, Staff

DEVICE_COOKIE = "device"
PERSON_COOKIE = "open"
STAFF_COOKIE = "desk"
AWAKE_COOKIE = "awake"
"""Tells the page's script that the diary is open, for as long as it is; it opens nothing itself."""
AT_THE_DESK, AT_A_PHONE = 60, 240
"""Attempts a minute from one address, behind which there may be a whole hospital or network."""
MOST_FIELDS = 500
YEAR_S, DAY_S = 365 * 24 * 3600, 24 * 3600
NOBODY = Actor(kind="nobody", id="nobody")

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present; the only place where the service reads the clock of the wall."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Service:
    """What `create_app` hands to the handlers."""

    deployment: Deployment
    database: Database
    clock: Clock
    secure_cookies: bool
    pace: Pace
    redcap_facade: bool = False
    """Whether `/redcap/api/` is there."""
    report_token: str = field(default="", repr=False)
    """What the SMS gateway shows with its reports; empty: none are taken."""
    waiting_room: WaitingRoom = field(default_factory=WaitingRoom)
    meters: Meters = field(default_factory=Meters)

    @cached_property
    def push_key(self) -> str:
        """The public key that browsers ask for; it stays the same, so it is looked up once."""
        return push_keys.get_keys(self.database, self.deployment.vault).application_server_key


@dataclass(frozen=True)
class SignedIn:
    """The participant who is signed in on a device."""

    actor: Actor
    person: Participant
    device: Device

    @property
    def lang(self) -> str:
        """The language to speak."""
        return self.person.language


@dataclass(frozen=True)
class AtDesk:
    """The member of staff who is signed in."""

    actor: Actor
    staff: Staff
    confirmed_at: datetime | None = None
    """When both factors were last shown in this sign-in."""

    @property
    def lang(self) -> str:
        """The language to speak."""
        return self.staff.language


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(_service)]


async def _now(service: Here) -> datetime:
    return service.clock()


Now = Annotated[datetime, Depends(_now)]


async def _deployment(service: Here) -> Deployment:
    return service.deployment


Deployed = Annotated[Deployment, Depends(_deployment)]


def _read(service: Here) -> Iterator[ReadSession]:
    with service.database.read() as session:
        yield session


def _write(service: Here) -> Iterator[WriteSession]:
    with service.database.write() as session:
        yield session


Read = Annotated[ReadSession, Depends(_read, scope="function")]
Write = Annotated[WriteSession, Depends(_write, scope="function")]


async def _body(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]


async def _form(request: Request) -> dict[str, list[str]]:
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    told = {key: [str(value) for value in form.getlist(key)] for key in form}
    if any("\0" in value for values in told.values() for value in values):
        raise InvalidInput("bad_request")  # nobody types it, and PostgreSQL keeps none
    return told


Form = Annotated[dict[str, list[str]], Depends(_form)]


def first(form: dict[str, list[str]], name: str) -> str:
    """The first value of a form's field, trimmed; empty when it was not sent."""
    return (form.get(name) or [""])[0].strip()


async def _visitor_lang(request: Request) -> str:
    chosen = request.cookies.get("lang")
    if chosen in LANGUAGES:
        return chosen
    return best_language(request.headers.get("accept-language", ""))


Lang = Annotated[str, Depends(_visitor_lang)]


def _find_person(request: Request, service: Here, now: Now) -> SignedIn | None:
    token = request.cookies.get(PERSON_COOKIE)
    if not token:
        return None
    with service.database.read() as session:
        found = devices.find_signed_in(session, token, now)
    if found is None:
        return None
    sign_in, device, person = found
    if not devices.is_in_hand(device, request.cookies.get(DEVICE_COOKIE, "")):
        _trail_stolen(request, service, device, now)
        return None
    if devices.is_due_for_touch(sign_in, now):
        with service.database.write() as session:
            devices.keep_signed_in(session, sign_in, now)
    request.state.actor = devices.actor_for(person, device)
    request.state.lang = person.language
    return SignedIn(request.state.actor, person, device)


def _trail_stolen(request: Request, service: Service, device: Device, now: datetime) -> None:
    """Trail that a sign-in was shown by a browser that is not the phone it was made on."""
    refusal = NotSignedIn("sign_in_elsewhere", source=f"sign-in/{device.id}")
    act = f"{request.method} {request.scope['route'].path}"
    with service.database.write() as session:
        record_refusal(session, actor=NOBODY, error=refusal, act=act, now=now)


MaybePerson = Annotated[SignedIn | None, Depends(_find_person)]


async def _person(found: MaybePerson) -> SignedIn:
    if found is None:
        raise NotSignedIn("sign_in_needed")
    return found


Person = Annotated[SignedIn, Depends(_person)]


def submitter(request: Request, session: WriteSession, now: datetime) -> devices.Submitter:
    """Who submits: the enrolled device, signed in or not. Asked in the transaction that saves.

    Called by the handler and no dependency: what holds SQLite's gate must not wait for a thread.
    """
    credential = request.cookies.get(DEVICE_COOKIE)
    token = request.cookies.get(PERSON_COOKIE, "")
    found = devices.find_submitter(session, credential, token, now) if credential else None
    if found is None:
        raise NotSignedIn("sign_in_needed")
    request.state.actor, request.state.lang = found.actor, found.language
    return found


def _find_staff(request: Request, service: Here, now: Now) -> AtDesk | None:
    token = request.cookies.get(STAFF_COOKIE)
    if not token:
        return None
    with service.database.read() as session:
        found = accounts.find_signed_in(session, service.deployment, token, now)
    if found is None:
        return None
    sign_in, staff, actor = found
    if devices.is_due_for_touch(sign_in, now):
        with service.database.write() as session:
            devices.keep_signed_in(session, sign_in, now)
    request.state.actor = actor
    request.state.lang = staff.language
    return AtDesk(actor, staff, sign_in.confirmed_at)


MaybeStaff = Annotated[AtDesk | None, Depends(_find_staff)]


async def _staff(found: MaybeStaff) -> AtDesk:
    if found is None:
        raise NotSignedIn("sign_in_needed")
    return found


Desk = Annotated[AtDesk, Depends(_staff)]


async def _confirmed(desk: Desk, now: Now) -> AtDesk:
    """Who showed both factors a short while ago: accounts, exports and copies ask for it."""
    if not accounts.is_confirmed(desk.confirmed_at, now):
        raise NotSignedIn("confirmation_needed")
    return desk


ConfirmedDesk = Annotated[AtDesk, Depends(_confirmed)]


@dataclass(frozen=True)
class KeyHolder:
    """The client that holds an API key."""

    actor: Actor
    key: ApiKey


def _key(request: Request, service: Here, now: Now) -> KeyHolder:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not bearer:
        raise NotSignedIn("key_needed")
    with service.database.read() as session:
        found = keys.find_actor(session, service.deployment, bearer.strip(), now)
    if found is None:
        source = f"key/{address_of(request)}"
        with service.database.write() as session:
            throttles.require_patience(session, source, now)
        raise NotSignedIn("key_refused", source=source)
    request.state.actor = found[1]
    return KeyHolder(found[1], found[0])


Key = Annotated[KeyHolder, Depends(_key)]


def actor_of(request: Request) -> Actor:
    """Who is acting in this request, as far as it is known."""
    actor: Any = getattr(request.state, "actor", None)
    return actor if isinstance(actor, Actor) else NOBODY


def address_of(request: Request) -> str:
    """Where a request comes from, as throttles know it: an IPv6 host owns a whole network."""
    host = request.client.host if request.client else "unknown"
    try:
        found = ip_address(host)
    except ValueError:
        return host
    return host if found.version == 4 else str(ip_network((found, 64), strict=False))


def paced(door: str, per_minute: int) -> Any:
    """Let a door that anyone may knock at be tried so often a minute from one address.

    A dependency of the route, in a transaction of its own: a refusal counts too, and what costs
    work (a hash, a write) comes after it.
    """

    def keep_pace(request: Request, service: Here, now: Now) -> None:
        with service.database.write() as session:
            throttles.keep_pace(session, f"{door}/{address_of(request)}", per_minute, now)

    return Depends(keep_pace)


def set_cookie(
    response: Response,
    service: Service,
    name: str,
    value: str,
    max_age_s: int,
    *,
    is_for_script: bool = False,
) -> None:
    """Set a cookie that other sites cannot send, and scripts cannot read unless it is for them."""
    response.set_cookie(
        name,
        value,
        max_age=max_age_s,
        httponly=not is_for_script,
        secure=service.secure_cookies,
        samesite="lax",
        path="/",
    )


def set_awake(response: Response, service: Service) -> None:
    """Tell the script that the diary is open, until it has been idle for too long."""
    idle_s = int(devices.SIGNED_IN_FOR.total_seconds())
    set_cookie(response, service, AWAKE_COOKIE, "1", idle_s, is_for_script=True)


def open_desk(response: Response, service: Service, token: str) -> None:
    """Set the cookie of a member of staff who has just signed in."""
    set_cookie(response, service, STAFF_COOKIE, token, DAY_S // 2)


def open_diary(response: Response, service: Service, sign_in: str, credential: str | None) -> None:
    """Set the cookies of a participant who has just signed in, on a new device if there is one."""
    if credential is not None:
        set_cookie(response, service, DEVICE_COOKIE, credential, YEAR_S)
    set_cookie(response, service, PERSON_COOKIE, sign_in, DAY_S)
    set_awake(response, service)
