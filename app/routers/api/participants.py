"""`GET /api/v1/participants`, `/sessions` and `/figures`: who is in the study, and how it goes."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from app.exports.figures import figures_of
from app.routers.api.keys import ExportKey, api_router
from app.routers.api.queries import NoQuery, Site, record_reading
from app.routers.api.shapes import FiguresPage, ParticipantsPage, SessionsPage
from app.routers.deps import Here, KeyHolder, Now, Service
from app.services.roster import Roster, read_roster
from app.services.trends import trend_of
from app.store.participants import list_sessions_of
from app.store.session import ReadSession
from app.store.tables import Participant

router: APIRouter = api_router()


class RosterQuery(NoQuery):
    """Which participants, and from which one on."""

    site: Site = None
    after: str | None = Field(
        None, pattern=r"^[A-Z]{1,6}-[A-Z0-9]{3,12}$", description="`next_cursor` of the page before"
    )
    limit: int = Field(25, ge=1, le=100, description="At most so many participants")

    def read(self, session: ReadSession, holder: KeyHolder) -> Roster:
        """The page that is asked for."""
        return read_roster(
            session,
            actor=holder.actor,
            site=self.site,
            after=self.after or "",
            limit=self.limit,
        )


Asked = Annotated[RosterQuery, Query()]


@router.get("/participants")
def list_participants(service: Here, holder: ExportKey, query: Asked) -> ParticipantsPage:
    """Give participants by study code, with their state and dates."""
    with service.database.read() as session:
        roster = query.read(session, holder)
    shown = [_shown(person) for person in roster.people]
    page = _page(service, holder, query, roster, "participants.read")
    return ParticipantsPage.model_validate({"participants": shown, **page})


@router.get("/sessions")
def list_sessions(service: Here, holder: ExportKey, query: Asked) -> SessionsPage:
    """Give the mesotherapy sessions held, of participants by study code."""
    with service.database.read() as session:
        roster = query.read(session, holder)
        held = list_sessions_of(session, [person.id for person in roster.people])
    shown = [
        {
            **_whose(person),
            "session_no": row.session_no,
            "held_on": row.held_on,
            "area_cm2": row.area_cm2,
        }
        for person in roster.people
        for row in held
        if row.participant_id == person.id
    ]
    page = _page(service, holder, query, roster, "sessions.read")
    return SessionsPage.model_validate({"sessions": shown, **page})


@router.get("/figures")
def list_figures(service: Here, holder: ExportKey, query: Asked, now: Now) -> FiguresPage:
    """Give what is computed of participants: means, change, adherence, causes, MME.

    They are those of the site's pages, from the same code. No imputation: null where a figure
    cannot be said.
    """
    with service.database.read() as session:
        roster = query.read(session, holder)
        shown = [
            {
                **_whose(person),
                "scale": person.scale,
                **figures_of(trend_of(session, service.deployment, person, now)),
            }
            for person in roster.people
        ]
    page = _page(service, holder, query, roster, "figures.read")
    return FiguresPage.model_validate({"figures": shown, **page})


def _page(
    service: Service, holder: KeyHolder, query: RosterQuery, roster: Roster, op: str
) -> dict[str, Any]:
    """The rest of a page, once its reading is on record."""
    if roster.people:
        record_reading(service, holder, op, {**query.said(), "count": len(roster.people)})
    return {"next_cursor": roster.next_code, "has_more": roster.next_code is not None}


def _whose(person: Participant) -> dict[str, Any]:
    return {"study_code": person.study_code, "site": person.site_id}


def _shown(person: Participant) -> dict[str, Any]:
    """A participant without anything that leads to a person."""
    return {
        **_whose(person),
        "state": person.state,
        "scale": person.scale,
        "limb": person.limb,
        "side": person.side,
        "tz": person.tz,
        "consent_on": person.consent_on,
        "inclusion_on": person.inclusion_on,
        "first_diary_on": person.first_diary_on,
        "last_diary_on": person.last_diary_on,
        "enrolled_at": person.enrolled_at,
        "withdrawn_at": person.withdrawn_at,
    }
