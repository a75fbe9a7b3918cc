"""How the service itself does, for its administrator: backups, schedule, clock, what is off."""

from datetime import datetime, tzinfo
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.diary_day import zone_named
from app.domain.errors import DomainError
from app.rendering import translations
from app.routers.clinician.desk import desk_page
from app.routers.deps import Desk, Here, Now, Read
from app.routers.sentences import SENTENCES, sentence
from app.services import operations
from app.services.operations import Night, Trouble, Without
from app.store import migrations

router = APIRouter(include_in_schema=False)


def _(message: str) -> str:
    return message


TROUBLES = {
    Trouble.BACKUP_FAILED: _("The last nightly backup failed: there is no verified copy of it."),
    Trouble.BACKUP_LATE: _("No nightly backup was verified for more than a day."),
    Trouble.HEADS_FAILED: _("The ledger’s heads could not be signed last night. See the log."),
    Trouble.SCHEDULE_LATE: _("The schedule is late: reminders may not go out. Look at its log."),
    Trouble.CLOCK_OFF: _("The clock of this machine is off. Check that it is kept by NTP."),
}
WITHOUT = {
    Without.BACKUP: _("No nightly backups: DIARY_BACKUP_FOLDER is not set."),
    Without.EMAIL: _("No e-mail: DIARY_SMTP_HOST is not set."),
    Without.SMS: _("No text messages: DIARY_SMS_URL is not set."),
}


@router.get("/desk/operations")
def show_operations(
    request: Request, service: Here, session: Read, desk: Desk, now: Now
) -> Response:
    """Show the last backups, the schedule's heartbeat, the clock, and what is off."""
    deployment = service.deployment
    seen = operations.see(session, deployment=deployment, actor=desk.actor, now=now)
    zone, say = zone_named(deployment.study.tz), translations(desk.lang).gettext
    revision = migrations.current_revision(service.database)
    values = {
        "troubles": [say(TROUBLES[one]) for one in seen.troubles],
        "is_well": not seen.troubles and Without.BACKUP not in seen.without,
        "without": [say(WITHOUT[one]) for one in seen.without],
        "nights": [_row(one, zone, desk.lang) for one in seen.nights],
        "beat_at": _local(seen.beat_at, zone),
        "offset_s": seen.clock.offset_s,
        "behind_s": seen.clock.behind_ledger_s,
        "revision": revision,
        "is_current": revision == migrations.head_revision(),
        "printed": now.astimezone(zone),
    }
    return desk_page(request, desk, deployment, "clinician/operations.html", values)


def _row(night: Night, zone: tzinfo, lang: str) -> dict[str, Any]:
    """One night's backup; what went wrong in a sentence, where there is one."""
    code = str(night.told.get("code", ""))
    file = night.told.get("file") or ""
    fault = DomainError(code, tool="pg_dump, pg_restore", file=file, told="", fault="")
    return {
        "on": night.on,
        "state": night.state,
        "finished_at": _local(night.finished_at, zone),
        "why": sentence(fault, lang) if code in SENTENCES else code,
        "changes": night.told.get("changes"),
        "file": night.told.get("file"),
        "sha256": night.told.get("sha256"),
    }


def _local(at: datetime | None, zone: tzinfo) -> datetime | None:
    return at.astimezone(zone) if at else None
