"""The diary's pages: the evening, a flare, a correction; and, without script, their saving.

With script the same pages keep what they save on the phone and post it to `submissions`. The rule
kept: what is refused comes back as it was typed, and sending a form twice saves it once.
"""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import InvalidInput, NotFound, WrongState
from app.rendering import translations
from app.routers.deps import Form, Here, Now, Person, Read, Write
from app.routers.participant.frame import open_frame
from app.routers.participant.paper import Paper, paper_for
from app.routers.participant.posts import Post
from app.services.today import Stage
from app.store import records
from app.store.session import Session
from app.store.tables import Record

router = APIRouter(include_in_schema=False)
ASKED_IN = {Stage.BEFORE, Stage.OPEN, Stage.LATE}


@router.get("/diary")
def diary_page(request: Request, service: Here, session: Read, who: Person, now: Now) -> Response:
    """Show tonight's questions, or go home, where it is said why there are none."""
    return _questions(request, session, paper_for(session, service, who, now), "diary")


@router.get("/flare")
def flare_page(request: Request, service: Here, session: Read, who: Person, now: Now) -> Response:
    """Ask the one question of an evening with too much pain."""
    return _questions(request, session, paper_for(session, service, who, now), "flare")


@router.get("/diary/{record_id}/correction")
def correction_page(
    record_id: str, request: Request, service: Here, session: Read, who: Person, now: Now
) -> Response:
    """Show tonight's entry again, to be changed with a reason while its window lasts."""
    paper = paper_for(session, service, who, now)
    entry = _entry_of_tonight(session, paper, record_id)
    values = paper.correction(session, entry, f"/diary/{record_id}/correction")
    return open_frame(request, service, session, who).page("participant/diary.html", values)


@router.post("/diary")
def save_diary(
    request: Request, service: Here, session: Write, who: Person, form: Form, now: Now
) -> Response:
    """Save tonight's answers as a form without script posts them."""
    with service.database.read() as reading:
        paper = paper_for(reading, service, who, now)
    if paper.is_practice:
        _ = translations(who.lang).gettext
        frame = open_frame(request, service, session, who)
        return frame.message(_("That was for practice"), _("Nothing was kept."))
    mode = "flare" if "flare" in form else "diary"
    return _save(session, paper, Post(request, service, who, form, now), (mode, "/diary"))


@router.post("/diary/{record_id}/correction")
def save_correction(
    record_id: str,
    request: Request,
    service: Here,
    session: Write,
    who: Person,
    form: Form,
    now: Now,
) -> Response:
    """Save a correction of tonight's entry, with its reason."""
    with service.database.read() as reading:
        paper = paper_for(reading, service, who, now)
        _entry_of_tonight(reading, paper, record_id)
    post = Post(request, service, who, {**form, "record_id": [record_id]}, now)
    return _save(session, paper, post, ("correction", f"/diary/{record_id}/correction"))


def _questions(request: Request, session: Session, paper: Paper, mode: str) -> Response:
    if paper.seen.stage not in ASKED_IN:
        return RedirectResponse("/", status_code=303)
    frame = open_frame(request, paper.service, session, paper.who)
    return frame.page("participant/diary.html", paper.fresh(mode, "/diary"))


def _entry_of_tonight(session: Session, paper: Paper, record_id: str) -> Record:
    """Give tonight's entry; NotFound for none of theirs, WrongState for an earlier one."""
    entry = paper.seen.entry
    if entry is not None and entry.record_id == record_id:
        return entry
    record = records.find_record(session, record_id)
    if record is None or record.participant_id != paper.who.person.id:
        raise NotFound("not_found")
    raise WrongState("correction_after_window")


def _save(session: Session, paper: Paper, post: Post, page: tuple[str, str]) -> Response:
    """Save a form by the one way in; `page` is the mode and the address of the form."""
    post.on_refusal(
        "participant/diary.html",
        lambda error, told: paper.again(*page, post, post.again(error, told), error),
    )
    if not post.is_known(session):
        payload, unsettled = paper.read(post.form)
        if unsettled:
            raise InvalidInput("contradiction", field="kept", codes=unsettled)
        post.save(session, kind="diary", payload=payload)
    return RedirectResponse(f"/saved/{post.submission_id}", status_code=303)
