"""How the service itself does: its backups, its schedule, its clock, and what it does without.

Read by the admin's page, `python -m app status`, the metrics and the admin's digest, so that all
say the same. Nothing here is about a participant.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from app.domain.access import Actor, Permission, require_anywhere
from app.domain.reach import Channel
from app.services import clocks, nightly
from app.services.clocks import Reading
from app.services.deployment import Deployment
from app.services.reminders import HEARTBEAT, heartbeat
from app.store import nightly as stored
from app.store import reminders
from app.store.session import Session
from app.store.tables import NightlyRun

SHOWN = 14
BACKUP_LATE_AFTER = timedelta(hours=30)
"""A night and the time that its work may take, since the last backup that held."""


class Trouble(StrEnum):
    """What somebody should look at."""

    BACKUP_FAILED = "backup_failed"
    BACKUP_LATE = "backup_late"
    HEADS_FAILED = "heads_failed"
    SCHEDULE_LATE = "schedule_late"
    CLOCK_OFF = "clock_off"


class Without(StrEnum):
    """What this deployment does not have, by its settings."""

    BACKUP = "backup"
    EMAIL = "email"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Night:
    """One night's backup: `state` is verified, failed, off, or None while it is under way."""

    on: date
    started_at: datetime
    finished_at: datetime | None
    state: str | None
    told: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operations:
    """How the service does at an instant."""

    nights: tuple[Night, ...]
    verified_at: datetime | None
    beat_at: datetime | None
    clock: Reading
    without: tuple[Without, ...]
    troubles: tuple[Trouble, ...]


def see(session: Session, *, deployment: Deployment, actor: Actor, now: datetime) -> Operations:
    """Show a reader how the service does; raises NotAllowed without the right."""
    require_anywhere(actor, Permission.SEE_OPERATIONS)
    return look(session, deployment=deployment, now=now)


def look(session: Session, *, deployment: Deployment, now: datetime) -> Operations:
    """Read how the service does; six small queries."""
    nights = tuple(_night(row) for row in stored.list_runs(session, nightly.BACKUP, SHOWN))
    verified = [one.finished_at for one in nights if one.state == nightly.VERIFIED]
    verified_at = next((at for at in verified if at is not None), None)
    clock = clocks.read(session, now)
    troubles: list[Trouble] = []
    if deployment.night.backup_folder is not None:
        troubles += _backup_troubles(nights, verified_at, now)
    signed = [_night(row) for row in stored.list_runs(session, nightly.HEADS, 1)]
    if any(one.state == nightly.FAILED for one in signed):
        troubles.append(Trouble.HEADS_FAILED)
    if heartbeat.schedule(session, now) is heartbeat.Schedule.LATE:
        troubles.append(Trouble.SCHEDULE_LATE)
    if clock.is_off:
        troubles.append(Trouble.CLOCK_OFF)
    return Operations(
        nights=nights,
        verified_at=verified_at,
        beat_at=reminders.find_heartbeat(session, HEARTBEAT),
        clock=clock,
        without=_without(deployment),
        troubles=tuple(troubles),
    )


def _backup_troubles(
    nights: tuple[Night, ...], verified_at: datetime | None, now: datetime
) -> list[Trouble]:
    """The last night that ended, and how long ago one held; nothing before the first night."""
    ended = [one for one in nights if one.state is not None]
    if not ended:
        return []
    if ended[0].state == nightly.FAILED:
        return [Trouble.BACKUP_FAILED]
    since = verified_at or ended[-1].started_at
    return [Trouble.BACKUP_LATE] if now - since > BACKUP_LATE_AFTER else []


def _night(row: NightlyRun) -> Night:
    told = json.loads(row.outcome) if row.outcome else {}
    return Night(row.night_on, row.started_at, row.finished_at, told.get("state"), told)


def _without(deployment: Deployment) -> tuple[Without, ...]:
    has = {
        Without.BACKUP: deployment.night.backup_folder is not None,
        Without.EMAIL: Channel.EMAIL in deployment.channels,
        Without.SMS: Channel.SMS in deployment.channels,
    }
    return tuple(one for one, is_there in has.items() if not is_there)
