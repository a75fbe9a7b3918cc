"""Certified copies of a participant and of a site: what one holds, and the ZIP."""

import os
import tempfile
from datetime import datetime
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from app.routers.clinician.copy_files import CopyMaker
from app.routers.clinician.desk import desk_page
from app.routers.clinician.person import person_page
from app.routers.deps import AtDesk, ConfirmedDesk, Deployed, Here, Now, Read, Service
from app.services import copies
from app.services.copies import Scope, Size
from app.services.deployment import Deployment

router = APIRouter(include_in_schema=False)


@router.get("/desk/participants/{study_code}/copy")
def show_participant_copy(
    request: Request, study_code: str, deployment: Deployed, session: Read, desk: ConfirmedDesk
) -> Response:
    """Say what a certified copy of a participant holds."""
    scope = copies.scope_of_participant(session, actor=desk.actor, study_code=study_code)
    return _show(request, desk, deployment, scope, copies.size_of(session, scope))


@router.post("/desk/participants/{study_code}/copy")
def take_participant_copy(
    study_code: str, service: Here, desk: ConfirmedDesk, now: Now
) -> Response:
    """Make a certified copy of a participant."""
    with service.database.read() as session:
        scope = copies.scope_of_participant(session, actor=desk.actor, study_code=study_code)
    return _take(service, desk, scope, now)


@router.get("/desk/sites/{site_id}/copy")
def show_site_copy(
    request: Request, site_id: str, deployment: Deployed, session: Read, desk: ConfirmedDesk
) -> Response:
    """Say what a certified copy of a site holds."""
    scope = copies.scope_of_site(session, actor=desk.actor, site_id=site_id)
    return _show(request, desk, deployment, scope, copies.size_of(session, scope))


@router.post("/desk/sites/{site_id}/copy")
def take_site_copy(site_id: str, service: Here, desk: ConfirmedDesk, now: Now) -> Response:
    """Make a certified copy of a site."""
    with service.database.read() as session:
        scope = copies.scope_of_site(session, actor=desk.actor, site_id=site_id)
    return _take(service, desk, scope, now)


def _show(
    request: Request, desk: AtDesk, deployment: Deployment, scope: Scope, size: Size
) -> Response:
    values = {"site": scope.site, "size": size, "action": request.url.path}
    if scope.person is None:
        return desk_page(request, desk, deployment, "clinician/copy_site.html", values)
    template = "clinician/copy_participant.html"
    return person_page(request, desk, deployment, scope.person, template, values)


def _take(service: Service, desk: AtDesk, scope: Scope, now: datetime) -> Response:
    """Make the ZIP in a file of its own, put it on record, and hand it over."""
    handle, name = tempfile.mkstemp(suffix=".zip", prefix="copy-")
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file, service.database.read() as session:
            maker = CopyMaker(
                session=session, deployment=service.deployment, desk=desk, scope=scope, now=now
            )
            manifest = maker.make(file)
        with service.database.write() as writing:
            copies.record_copy(
                writing,
                actor=desk.actor,
                scope=scope,
                copy_id=maker.copy_id,
                manifest=manifest,
                now=now,
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(
        path,
        media_type="application/zip",
        filename=f"copy-{now:%Y%m%d-%H%M}-{maker.copy_id[:8]}.zip",
        background=BackgroundTask(path.unlink, missing_ok=True),
    )
