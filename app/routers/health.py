"""Whether the process lives, whether it can serve, and whether the schedule keeps up."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.domain.errors import Unavailable
from app.routers.deps import Here
from app.services.reminders import heartbeat
from app.store import guards, migrations

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def live() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(service: Here) -> JSONResponse:
    """Say whether all is well: the database answers, is this release's and guarded, and the
    schedule, wherever it runs, is not late.
    """
    checks = {"database": "ok", "schema": "ok", "guards": "ok", "schedule": "ok"}
    try:
        if migrations.current_revision(service.database) != migrations.head_revision():
            checks["schema"] = "another revision"
        service.database.check()
        with service.database.read() as session:
            checks["schedule"] = heartbeat.schedule(session, service.clock()).value
    except guards.MissingGuard:
        checks["guards"] = "missing"
    except Unavailable:
        checks["database"] = "unavailable"
    ok = set(checks.values()) <= {"ok", heartbeat.Schedule.NEVER_RAN}
    return JSONResponse(checks, status_code=200 if ok else 503)
