"""Who had access on a day: the review of rights, on the screen and on paper."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.routers.clinician.desk import desk_page
from app.routers.clinician.staff_words import StaffWords
from app.routers.deps import Desk, Here, Now, Read
from app.services import rights
from app.services.rights import Asked, Held

router = APIRouter(include_in_schema=False)
On = Annotated[str, Query(alias="on", max_length=10)]
AtSite = Annotated[str, Query(alias="site", max_length=32)]
Page = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/desk/access")
def show_access(
    request: Request,
    service: Here,
    session: Read,
    desk: Desk,
    now: Now,
    on: On = "",
    site: AtSite = "",
    page: Page = 1,
) -> Response:
    """Show who had access on a day, at the reader's sites or one of them."""
    deployment = service.deployment
    found = rights.read_rights(
        session,
        deployment=deployment,
        actor=desk.actor,
        asked=Asked(_day(on), site, page),
        now=now,
    )
    said = StaffWords(session, deployment, desk.lang, now)
    values = {
        "on": found.on,
        "rows": [_row(one, said) for one in found.held],
        "sites": [(one.id, one.name) for one in found.sites],
        "site": site,
        "at_site": said.site(site) if site else "",
        "number": page,
        "has_more": found.has_more,
        "printed": said.local(now),
    }
    return desk_page(request, desk, deployment, "clinician/access.html", values)


def _day(typed: str) -> date | None:
    """The day of an address; today for what is none."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def _row(one: Held, said: StaffWords) -> dict[str, Any]:
    return {
        "name": one.staff.name,
        "login": one.staff.login,
        "organisation": one.staff.organisation,
        **said.held(one),
    }
