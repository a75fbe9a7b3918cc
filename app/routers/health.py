"""Whether the process lives and whether it can serve."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.domain.errors import Unavailable
from app.routers.deps import Here
from app.store import guards, migrations

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def live() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@router.get("/readyz")
def ready(service: Here) -> JSONResponse:
    """Say whether requests can be served: the database answers, is this release's and guarded."""
    checks = {"database": "ok", "schema": "ok", "guards": "ok"}
    try:
        if migrations.current_revision(service.database) != migrations.head_revision():
            checks["schema"] = "another revision"
        service.database.check()
    except guards.MissingGuard:
        checks["guards"] = "missing"
    except Unavailable:
        checks["database"] = "unavailable"
    ok = set(checks.values()) == {"ok"}
    return JSONResponse(checks, status_code=200 if ok else 503)
