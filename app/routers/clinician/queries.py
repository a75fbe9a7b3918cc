"""Queries: the list, asking about a data point of a day, and moving a query on."""

import uuid
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.routers.clinician import history
from app.routers.clinician.desk import desk_page, typed
from app.routers.clinician.query_words import QUERY_STATES
from app.routers.clinician.words import Words
from app.routers.deps import AtDesk, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import participants, queries
from app.services.queries import PAGE, Move, QueryState, Question
from app.store.participants import get_participant
from app.store.queries import QueryRow, find_query

router = APIRouter(include_in_schema=False)
HOME = "/desk/queries"
Number = Annotated[int, Query(ge=1, le=1000)]
Text = Annotated[str, Query(max_length=16)]


@router.get(HOME)
def show_list(
    request: Request,
    service: Here,
    session: Read,
    desk: Desk,
    state: Text = "open",
    participant: Text = "",
    page: Number = 1,
) -> Response:
    """Show the queries of a state, or of every state (`all`), the longest standing first."""
    wanted = state if state in tuple(QueryState) else ""
    rows, counts = queries.list_queries(
        session, actor=desk.actor, state=wanted, study_code=participant, page=page
    )
    words = Words(service.deployment.study, desk.lang)
    shown = rows[:PAGE]
    asked = queries.first_words(session, rows=shown)
    states = [(one.value, words.say(QUERY_STATES, one), counts.get(one, 0)) for one in QueryState]
    values = {
        "rows": [_row(row, asked.get(row.query.id), words) for row in shown],
        "filters": [
            (_address(one, participant), said, count, one == wanted) for one, said, count in states
        ],
        "everything": (_address("all", participant), sum(counts.values()), not wanted),
        "participant": participant,
        "without": _address(wanted or "all", ""),
        "before": _address(wanted or "all", participant, page - 1) if page > 1 else None,
        "after": _address(wanted or "all", participant, page + 1) if len(rows) > PAGE else None,
    }
    return desk_page(request, desk, service.deployment, "clinician/queries.html", values)


@router.post("/desk/participants/{study_code}/days/{diary_on}/queries")
def ask(
    request: Request,
    study_code: str,
    diary_on: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Ask about a data point of a diary day."""
    on = history.day_of(diary_on)
    record_id = first(form, "record_id") or None
    _keep(request, service, desk, (study_code, diary_on), form, f"ask-{record_id or 'day'}")
    participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.ASK_QUERY
    )
    query = queries.ask(
        session,
        actor=desk.actor,
        study_code=study_code,
        question=Question(
            id=_id(first(form, "question_id")),
            diary_on=on,
            record_id=record_id,
            field=first(form, "field") or queries.WHOLE,
            words=first(form, "words"),
        ),
        now=now,
    )
    to = f"/desk/participants/{study_code}/days/{on}#query-{query.id}"
    return RedirectResponse(to, status_code=303)


@router.post("/desk/queries/{query_id}")
def move_on(
    request: Request,
    query_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Answer, close or reopen a query."""
    with service.database.read() as reading:
        found = find_query(reading, query_id)
        if found is None:
            raise NotFound("not_found")
        code = get_participant(reading, found.participant_id).study_code
        on = found.diary_on.isoformat()
    _keep(request, service, desk, (code, on), form, f"move-{query_id}")
    move = first(form, "move")
    queries.move_on(
        session,
        actor=desk.actor,
        query_id=query_id,
        move=Move(move) if move in tuple(Move) else None,
        words=first(form, "words"),
        now=now,
    )
    to = f"/desk/participants/{code}/days/{on}#query-{query_id}"
    return RedirectResponse(to, status_code=303)


def _keep(
    request: Request,
    service: Service,
    desk: AtDesk,
    about: tuple[str, str],
    form: dict[str, list[str]],
    field: str,
) -> None:
    """Let a refused form come back on the page of the day, as it was typed."""

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        refused: dict[str, Any] = {"errors": {field: told}, "values": typed(form)}
        day = (about[0], history.day_of(about[1]))
        with service.database.read() as session:
            return history.show(request, desk, service.deployment, session, day, refused)

    on_refusal(request, render)


def _row(row: QueryRow, asked: str | None, words: Words) -> dict[str, Any]:
    query = row.query
    group, _, code = query.field.partition("/")
    return {
        "to": f"/desk/participants/{row.study_code}/days/{query.diary_on}#query-{query.id}",
        "study_code": row.study_code,
        "diary_on": query.diary_on,
        "about": words.point(group, code),
        "asked": asked,
        "state": words.say(QUERY_STATES, query.state),
        "is_open": query.state == QueryState.OPEN,
        "asked_at": query.asked_at.astimezone(zone_named(row.tz)),
    }


def _address(state: str, participant: str, page: int = 1) -> str:
    """The address of a list, so that it can be kept and sent."""
    asked = {"state": state} | ({"participant": participant} if participant else {})
    return f"{HOME}?{urlencode(asked | ({'page': page} if page > 1 else {}))}"


def _id(written: str) -> str:
    """The id that the form was given when it was shown."""
    try:
        return str(uuid.UUID(written))
    except ValueError:
        raise InvalidInput("bad_request", field="words") from None
