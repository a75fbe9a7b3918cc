"""Writing routes of the desk, for `test_writes`."""

import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from httpx2 import Response

from app.store.feed import find_last_seq
from app.store.participants import list_medicines
from tests import desk_scenes, scenes
from tests.people import LAST_EVENING, NOW, Stage, Who

Steps = Iterable[Response]
DIARY = {
    "pain_average": "57",
    "pain_average.status": "answered",
    "pain_worst": "71",
    "pain_worst.status": "answered",
    "allodynia": "no",
    "none": "on",
}


ENROLMENT = {
    "site": "lyon",
    "language": "fr",
    "tz": "Europe/Paris",
    "limb": "hand",
    "side": "left",
    "scale": "vas100",
    "consent_on": "2026-01-20",
    "first_diary_on": "2026-01-20",
    "last_diary_on": "2026-03-31",
}


def desk(stage: Stage, below: str, **form: Any) -> Response:
    """Post a form of the own participant's page as the clinician of the site."""
    path = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/{below}"
    return stage.client(Who.CLINICIAN).post(path, data=form)


def new_key(stage: Stage) -> Steps:
    """Make a key, then the next one, then end the first."""
    manager = stage.client(Who.DATA_MANAGER)
    new = {"label": "warehouse", "days": "30", "sites": ["lyon"], "scopes": ["changes:read"]}
    made = manager.post("/desk/keys", data=new)
    yield made
    key_id = made.text.split("diary_", 1)[1].split("_", 1)[0]
    yield manager.post(f"/desk/keys/{key_id}/rotation")
    yield manager.post(f"/desk/keys/{key_id}/end")


def sign_off(stage: Stage) -> Steps:
    """Sign the days that are over, with a code that was not used yet."""
    yield desk_scenes.sign(stage, Who.OWN)


def at_queue(stage: Stage, which: str, act: str, **form: Any) -> Steps:
    """Act on a message of the queue as the clinician of the site."""
    made = scenes.messaged(stage, Who.OWN)
    path = f"/desk/reminders/{made[which]}/{act}"
    yield stage.client(Who.CLINICIAN).post(path, data=form)


def care(stage: Stage) -> Steps:
    """Take an alert on, note on it, and close it."""
    alert = f"alerts/{desk_scenes.alerted(stage, Who.OWN)['alert_id']}"
    yield desk(stage, f"{alert}/owner")
    yield desk(stage, f"{alert}/notes", words="no answer")
    yield desk(stage, f"{alert}/closing", words="called, all is well")


def pause(stage: Stage) -> Steps:
    """Pause the diary, and resume it."""
    today = stage.clock.now.date().isoformat()
    yield desk(stage, "pause", pause_from_on=today, pause_reason="operation")
    yield desk(stage, "resume", resume_from_on=today, resume_reason="put off")


def prescribe(stage: Stage) -> Steps:
    """Put a medicine on the list, prescribe another otherwise, and end a third row."""
    tomorrow = (stage.clock.now + timedelta(days=1)).date().isoformat()
    box = "Doliprane 500 mg, tablet"
    yield desk(stage, "medicines", medicine=box, role="rescue", from_on=tomorrow)
    listed = f"medicines/{stage.cast.rescue_ids[Who.OWN]}"
    yield desk(stage, f"{listed}/prescription", role="rescue", daily_maximum="3", from_on=tomorrow)
    with stage.database.read() as session:
        rows = list_medicines(session, stage.actor(Who.OWN).participant_id or 0)
    yield desk(stage, f"medicines/{rows[0].id}/end", until_on=tomorrow)


def edit_formulary(stage: Stage) -> Steps:
    """Add a box to the formulary, and take it out again."""
    box = {"name": "Baume", "ingredient": "menthol", "strength": "5 %"}
    clinician = stage.client(Who.CLINICIAN)
    yield clinician.post("/desk/formulary", data={**box, "unit": "application", "route": "skin"})
    yield clinician.post("/desk/formulary/baume-5-application/removal")


def change_record(stage: Stage) -> Steps:
    """Correct last evening's diary as the site does, then take it back."""
    record = f"records/{stage.cast.record_ids[Who.OWN]}"
    why = {"reason": "misread", "source": "call"}
    answers = {**DIARY, "pain_average": "60"}
    answers.pop("pain_average.status")
    answers.pop("pain_worst.status")
    yield desk(stage, f"{record}/correction", base_version="1", **answers, **why)
    yield desk(stage, f"{record}/void", base_version="2", **why)


def write(stage: Stage) -> Steps:
    """Answer a request, and write to the participant."""
    request_id = scenes.lettered(stage, Who.OWN)["request_id"]
    yield desk(stage, f"letters/{request_id}", decision="answered", words="we call tomorrow")
    yield desk(stage, "letters", message="the visit is at 9")


def query(stage: Stage) -> Steps:
    """Ask about last evening, answer and close."""
    day = f"days/{LAST_EVENING.date()}/queries"
    query_id = str(uuid.uuid4())
    yield desk(stage, day, question_id=query_id, words="is this right?")
    for move in ("answered", "closed"):
        form = {"move": move, "words": "yes"}
        yield stage.client(Who.CLINICIAN).post(f"/desk/queries/{query_id}", data=form)


def enter(stage: Stage) -> Steps:
    """Enter tonight's diary for the participant, after a call."""
    answers = {name: said for name, said in DIARY.items() if not name.endswith(".status")}
    on = NOW.date().isoformat()
    told = {"observed_on": on, "observed_at": "19:00", "mode": "call"}
    why = {"reason": "no signal at home", "source": "call at 19:00"}
    yield desk(stage, "entries", day=on, record_id=str(uuid.uuid4()), **answers, **told, **why)


def decide(stage: Stage) -> Steps:
    """Decline what was set aside."""
    path = f"/desk/set-aside/{scenes.set_aside(stage, Who.OWN)['set_aside_id']}"
    yield stage.client(Who.CLINICIAN).post(path, data={"reason": "the first one is right"})


def measure_first(stage: Stage) -> Steps:
    """Say on a visit day that the clinic's measures are done."""
    scenes.session_today(stage, Who.OWN)
    yield desk(stage, "clinic-measures", done="yes")


def last_seq(stage: Stage) -> int:
    """Where the ledger ends."""
    with stage.database.read() as session:
        return find_last_seq(session)


WRITES: dict[str, Callable[[Stage], Steps]] = {
    "POST /desk/participants": lambda stage: [
        stage.client(Who.CLINICIAN).post("/desk/participants", data=ENROLMENT)
    ],
    "POST /desk/participants/{study_code}/handout": lambda stage: [desk(stage, "handout")],
    "POST /desk/participants/{study_code}/sessions": lambda stage: [
        desk(stage, "sessions", session_no="1", held_on="2026-01-15")
    ],
    "POST /desk/participants/{study_code}/state": lambda stage: [
        desk(stage, "state", move="lose", reason="does not answer")
    ],
    "POST /desk/participants/{study_code}/visits": lambda stage: [
        desk(stage, "visits", visit_on="2026-01-15", visit_note="a bruise was looked at")
    ],
    "POST /desk/participants/{study_code}/medicines": prescribe,
    "POST /desk/participants/{study_code}/medicines/{medicine_id}/prescription": prescribe,
    "POST /desk/participants/{study_code}/medicines/{medicine_id}/end": prescribe,
    "POST /desk/participants/{study_code}/enrolment": lambda stage: [
        desk(
            stage,
            "enrolment",
            **{name: ENROLMENT[name] for name in ("limb", "scale", "last_diary_on")},
            side="right",
            first_diary_on="2026-01-10",
            consent_version="2.1",
            correction_reason="mistyped",
        )
    ],
    "POST /desk/participants/{study_code}/zone": lambda stage: [
        desk(stage, "zone", tz="Indian/Reunion")
    ],
    "POST /desk/participants/{study_code}/preferences": lambda stage: [
        desk(stage, "preferences", language="en", hand="left")
    ],
    "POST /desk/participants/{study_code}/contact": lambda stage: [
        desk(stage, "contact", email="other@example.org")
    ],
    "POST /desk/formulary": edit_formulary,
    "POST /desk/formulary/{box_code}/removal": edit_formulary,
    "POST /desk/participants/{study_code}/lost-phone": lambda stage: [
        desk(stage, "lost-phone", lost_reason="left on the bus")
    ],
    "POST /desk/participants/{study_code}/alerts/{alert_id}/owner": care,
    "POST /desk/participants/{study_code}/alerts/{alert_id}/notes": care,
    "POST /desk/participants/{study_code}/clinic-measures": measure_first,
    "POST /desk/participants/{study_code}/alerts/{alert_id}/closing": care,
    "POST /desk/participants/{study_code}/sign-off": sign_off,
    "POST /desk/participants/{study_code}/pause": pause,
    "POST /desk/keys": new_key,
    "POST /desk/keys/{key_id}/end": new_key,
    "POST /desk/keys/{key_id}/rotation": new_key,
    "POST /desk/participants/{study_code}/resume": pause,
    "POST /desk/participants/{study_code}/test-message": lambda stage: [
        desk(stage, "test-message")
    ],
    "POST /desk/participants/{study_code}/records/{record_id}/correction": change_record,
    "POST /desk/participants/{study_code}/records/{record_id}/void": change_record,
    "POST /desk/participants/{study_code}/entries": enter,
    "POST /desk/participants/{study_code}/letters": write,
    "POST /desk/participants/{study_code}/letters/{request_id}": write,
    "POST /desk/participants/{study_code}/days/{diary_on}/queries": query,
    "POST /desk/queries/{query_id}": query,
    "POST /desk/set-aside/{set_aside_id}": decide,
    "POST /desk/reminders/{reminder_id}/retry": lambda stage: at_queue(stage, "failed_id", "retry"),
    "POST /desk/reminders/{reminder_id}/call": lambda stage: at_queue(
        stage, "call_id", "call", outcome="no_answer"
    ),
    "POST /desk/participants/{study_code}/copy": lambda stage: [desk(stage, "copy")],
    "POST /desk/sites/{site_id}/copy": lambda stage: [
        stage.client(Who.CLINICIAN).post("/desk/sites/lyon/copy")
    ],
    "POST /desk/trail/reviews": lambda stage: [
        stage.client(Who.CLINICIAN).post(
            "/desk/trail/reviews", data={"site": "lyon", "until_seq": str(last_seq(stage))}
        )
    ],
}
