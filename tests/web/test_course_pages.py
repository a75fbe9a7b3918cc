"""The course by HTTP: state, sessions, pauses, medicines, what was enrolled, and who sees what."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from app.domain.participant import TRANSITIONS, Move, State
from app.services.courses import BY_SITE
from app.store.participants import get_by_code, list_medicines
from tests.desk import counted, person_of
from tests.people import NOW, Stage, Who
from tests.web.reading import Page

TODAY, TOMORROW = NOW.date().isoformat(), (NOW + timedelta(days=1)).date().isoformat()


def own(stage: Stage, rest: str = "/course", who: Who = Who.OWN) -> str:
    """The address of a participant's course, or of what is beside it."""
    return f"/desk/participants/{stage.cast.study_codes[who]}{rest}"


def read(stage: Stage, who: Who = Who.CLINICIAN) -> Page:
    """The course as somebody reads it."""
    answer = stage.client(who).get(own(stage))
    assert answer.status_code == 200
    return Page(answer.text)


def told(stage: Stage, who: Who = Who.CLINICIAN) -> str:
    """The words of the course, with plain spaces."""
    return read(stage, who).text.replace("\u00a0", " ").replace("\u202f", " ")


def post(stage: Stage, rest: str, **form: Any) -> Any:
    """Send a form of the course as the clinician of the site."""
    return stage.client(Who.CLINICIAN).post(own(stage, rest), data=form)


def done(stage: Stage, rest: str, **form: Any) -> None:
    """Send a form of the course, which is taken."""
    answer = post(stage, rest, **form)
    assert answer.status_code == 303, Page(answer.text).text
    assert answer.headers["location"].startswith(own(stage) + "#")


def refused(stage: Stage, rest: str, sentence: str, **form: Any) -> Page:
    """Send a form of the course, which is refused and comes back as it was typed."""
    answer = post(stage, rest, **form)
    assert answer.status_code in (409, 422), answer.status_code
    assert sentence in answer.text
    page = Page(answer.text)
    kept = page.forms.get(own(stage, rest), {})
    assert all(kept[name][0] == str(typed) for name, typed in form.items() if name in kept)
    return page


def test_what_is_not_possible_now_is_refused_with_a_sentence(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    for state, move in product(State, Move):
        if (state, move) in TRANSITIONS and move in BY_SITE:
            continue
        with stage.database.write() as session:
            get_by_code(session, stage.cast.study_codes[Who.OWN], {"lyon"}).state = state.value
        form = {"move": move.value, "reason": "asked", "understood": "on"}
        answer = desk.post(own(stage, "/state"), data=form)
        assert answer.status_code == 409, (state, move)
        assert "not possible in the participant" in answer.text


def test_the_moves_of_a_state_lead_where_the_table_says_and_stand_in_the_history(
    stage: Stage,
) -> None:
    page = read(stage)
    assert "Diary stopped" not in page.text
    done(stage, "/state", move="lose", reason="no answer to five calls", on="2026-01-18")
    words = told(stage)
    assert "lost to follow-up enrolled → lost to follow-up 18 Jan 2026" in words
    assert "Dr site clinician clinician" in words
    assert "no answer to five calls" in words
    done(stage, "/state", move="find_again", reason="called back")
    assert "lost to follow-up → enrolled" in told(stage)
    refused(stage, "/state", "Choose one of the answers", move="", reason="x")
    refused(stage, "/state", "in the future", move="lose", reason="x", on="2026-02-20")
    refused(stage, "/state", "tick that you understand", move="withdraw", reason="moved away")
    refused(stage, "/state", "Say in a few words why", move="withdraw", reason=" ", understood="on")
    assert "quelqu" not in told(stage)
    done(stage, "/state", move="withdraw", reason="moved away", understood="on")
    page = read(stage)
    assert "enrolled → withdrawn" in page.text
    assert "E-mail –" in page.text
    assert set(page.forms) & {own(stage, "/state"), own(stage, "/contact")} == set()
    assert stage.client(Who.CLINICIAN).post(own(stage, "/handout")).status_code == 409


def test_a_session_is_dated_then_corrected_with_a_reason_in_order(stage: Stage) -> None:
    assert read(stage).form(own(stage, "/sessions"))["session_no"] == ["1"]
    done(stage, "/sessions", session_no="1", held_on="2026-01-15", area_cm2="84,5")
    done(stage, "/sessions", session_no="2", held_on="2026-01-19")
    refused(
        stage,
        "/sessions",
        "check against session 1",
        session_no="2",
        held_on="2026-01-14",
        session_reason="x",
    )
    refused(stage, "/sessions", "Say in a few words", session_no="1", held_on="2026-01-14")
    done(
        stage,
        "/sessions",
        session_no="1",
        held_on="2026-01-14",
        area_cm2="84.5",
        session_reason="read off the wrong line",
    )
    words = told(stage)
    assert "Session 1 · 15 Jan 2026 → 14 Jan 2026 · 84.5 cm² read off the wrong line" in words
    done(stage, "/visits", visit_on="2026-01-17", visit_note="a bruise was looked at")
    assert "visit Sat 17 Jan 2026 a bruise was looked at" in told(stage)
    aside = Page(stage.client(Who.CLINICIAN).get(own(stage, "")).text)
    assert own(stage) in aside.links
    assert own(stage, "/sessions") not in aside.forms


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"session_no": "1", "held_on": ""}, "Fill in this field."),
        ({"session_no": "1", "held_on": "19/01/2026"}, "This is not a date."),
        ({"session_no": "1", "held_on": "2026-02-19"}, "This date is in the future."),
        ({"session_no": "²", "held_on": "2026-01-19"}, "Sessions are numbered from 1."),
        ({"session_no": "99", "held_on": "2026-01-19"}, "Sessions are numbered from 1."),
        ({"session_no": "1", "held_on": "2026-01-19", "area_cm2": "10001"}, "An area lies above"),
        ({"session_no": "1", "held_on": "2026-01-19", "area_cm2": "3.25"}, "An area lies above"),
        ({"session_no": "1", "held_on": "2026-01-19", "area_cm2": "nan"}, "This is not a number."),
    ],
)
def test_a_refused_session_keeps_what_was_typed(
    stage: Stage, typed: dict[str, str], sentence: str
) -> None:
    page = refused(stage, "/sessions", sentence, **typed)
    assert (
        typed.items()
        <= {name: values[0] for name, values in page.form(own(stage, "/sessions")).items()}.items()
    )
    assert "session dated" not in told(stage)


def test_a_session_too_early_for_a_baseline_is_warned_of(stage: Stage) -> None:
    form = read(stage).form(own(stage, "/enrolment"))
    changed = {name: values[0] for name, values in form.items()} | {
        "inclusion_on": TODAY,
        "correction_reason": "included today",
    }
    assert "baseline is not evaluable" not in told(stage)
    done(stage, "/enrolment", **changed)
    assert "only 1 of the 7 days before it will hold an answer; 4 are needed" in told(stage)
    assert "baseline is not evaluable" not in told(stage, Who.ASSESSOR)
    done(stage, "/sessions", session_no="1", held_on=TODAY)
    assert "baseline is not evaluable" not in told(stage)


def test_a_pause_is_set_and_ended(stage: Stage) -> None:
    form = {"pause_from_on": TODAY, "pause_until_on": "2026-01-25", "pause_reason": "surgery"}
    refused(stage, "/pause", "Fill in this field.", **form | {"pause_from_on": ""})
    refused(stage, "/pause", "This day is over.", **form | {"pause_from_on": "2026-01-19"})
    refused(stage, "/pause", "comes before the first", **form | {"pause_until_on": "2026-01-19"})
    refused(stage, "/pause", "This is not a date.", **form | {"pause_until_on": "soon"})
    refused(stage, "/pause", "Say in a few words why", **form | {"pause_reason": ""})
    done(stage, "/pause", **form)
    page = read(stage)
    assert "Paused from 20 Jan 2026 to 25 Jan 2026." in page.text
    assert own(stage, "/pause") not in page.forms
    done(stage, "/resume", resume_from_on="2026-01-22", resume_reason="well again")
    assert "to 21 Jan 2026." in told(stage)


def test_a_test_message_is_sent_from_the_page_and_the_handout(stage: Stage) -> None:
    path = own(stage, "/test-message")
    assert path in read(stage).forms
    assert path in Page(stage.client(Who.CLINICIAN).get(own(stage, "/handout")).text).forms
    for _ in range(3):
        done(stage, "/test-message")
    assert "Test message by e-mail: on its way." in told(stage)
    refused(stage, "/test-message", "test messages a day are enough")


def test_a_prescription_changes_from_its_date_and_the_past_keeps_its_own(stage: Stage) -> None:
    with stage.database.read() as session:
        first = list_medicines(session, person_of(stage).id)[0]
    listed = f"/medicines/{first.id}"
    chosen = Page(stage.client(Who.CLINICIAN).get(own(stage, f"/course?medicine={first.id}")).text)
    form = {
        name: values[0]
        for name, values in chosen.form(own(stage, listed + "/prescription")).items()
    }
    assert form | {"morning": "1", "role": "scheduled", "from_on": TODAY} == form
    changed = {**form, "morning": "", "evening": "2", "from_on": TOMORROW}
    done(stage, listed + "/prescription", **changed)
    phone = stage.client(Who.OWN)
    tonight = phone.get("/profile").json()["medicines"]
    assert tonight[0]["medicine_id"] == first.id
    stage.clock.advance(days=1)
    credential = phone.cookies["device"]
    later = stage.client(Who.NOBODY)
    later.cookies.set("device", credential)
    assert later.post("/unlock", data={"pin": "482913"}).status_code == 303
    tomorrow = later.get("/profile").json()["medicines"]
    assert len(tomorrow) == len(tonight)
    assert tomorrow[0]["name"] == tonight[0]["name"]
    assert tomorrow[0]["medicine_id"] != first.id
    with stage.database.read() as session:
        rows = list_medicines(session, person_of(stage).id)
    assert [row.until_on for row in rows if row.id == first.id] == [NOW.date()]


def test_of_two_who_change_a_medicine_one_wins_and_the_other_is_told(stage: Stage) -> None:
    listed = f"/medicines/{stage.cast.rescue_ids[Who.OWN]}"
    done(stage, listed + "/end", until_on=TODAY)
    answer = post(stage, listed + "/prescription", role="rescue", from_on=TOMORROW)
    assert answer.status_code == 409
    assert "Somebody ended or changed this medicine meanwhile" in answer.text
    box = {"medicine": "Doliprane 1000 mg, tablet", "role": "rescue", "from_on": TODAY}
    done(stage, "/medicines", **box)
    refused(stage, "/medicines", "on the list already", **box)
    refused(stage, "/medicines", "not in the formulary", **box | {"medicine": "Aspirine du Rhône"})
    refused(stage, "/medicines", "no units per part", **box | {"morning": "1"})
    words = told(stage)
    assert "medicine added Doliprane 1000 mg, 20 Jan 2026" in words


def test_what_was_enrolled_is_corrected_with_a_reason_and_the_scale_stays(stage: Stage) -> None:
    page = read(stage)
    form = {name: values[0] for name, values in page.form(own(stage, "/enrolment")).items()}
    refused(stage, "/enrolment", "Say in a few words why", **form)
    form["correction_reason"] = "mistyped"
    refused(stage, "/enrolment", "would leave it outside", **form | {"first_diary_on": TODAY})
    refused(stage, "/enrolment", "before the consent", **form | {"consent_on": TODAY})
    refused(stage, "/enrolment", "stays as it is for the whole", **form | {"scale": "nrs11"})
    done(stage, "/enrolment", **form | {"last_diary_on": "2026-04-07", "consent_version": "2.1"})
    words = told(stage)
    assert "Last diary day: 31 Mar 2026 → 7 Apr 2026" in words
    assert "Version of the consent form: – → 2.1" in words
    done(stage, "/preferences", language="fr", hand="left", reminder_at="20:30")
    assert "First reminder at: – → 20:30" in told(stage)


def test_a_zone_is_changed_since_an_instant_by_the_clock_there(stage: Stage) -> None:
    refused(stage, "/zone", "still to come", tz="Indian/Reunion", zone_from="2026-01-20T22:31")
    refused(
        stage,
        "/zone",
        "later than the last change",
        tz="Indian/Reunion",
        zone_from="2026-01-01T08:00",
    )
    done(stage, "/zone", tz="Indian/Reunion", zone_from="2026-01-20T08:00")
    words = told(stage)
    assert "Paris (mainland France) → La Réunion · 20 Jan 2026 08:00" in words
    assert "La Réunion since 20 Jan 2026 08:00" in words


def test_an_address_is_changed_without_ever_being_shown(stage: Stage) -> None:
    assert "q…@exa…" in told(stage)
    assert "q…@exa…" not in told(stage, Who.MONITOR)
    page = refused(stage, "/contact", "Is it the same person?", email="quelqu.un@example.org")
    assert stage.cast.study_codes[Who.OTHER] in page.text
    refused(stage, "/contact", "with its country", phone="06 12 34 56 78")
    done(stage, "/contact", email="julie@hospital.example", phone="+33 6 12 34 56 78")
    words = told(stage)
    assert "contact changed e-mail changed · telephone changed" in words
    assert "j…@hos… Telephone …78" in words
    assert "julie" not in words
    done(stage, "/contact", forget_phone="on")
    assert "telephone removed" in told(stage)


def test_whoever_may_not_see_records_sees_dates_alone(stage: Stage) -> None:
    done(stage, "/sessions", session_no="1", held_on="2026-01-15", area_cm2="84.5")
    done(stage, "/state", move="lose", reason="vivid nightmares")
    done(stage, "/medicines", medicine="Doliprane 500 mg, tablet", role="rescue", from_on=TODAY)
    assessor, manager = told(stage, Who.ASSESSOR), told(stage, Who.DATA_MANAGER)
    assert "15 Jan 2026" in assessor
    assert "enrolled → lost to follow-up" in assessor
    for clinical in ("84.5", "nightmares", "Doliprane", "medicine"):
        assert clinical not in assessor
        assert clinical in manager
    for who in (Who.ASSESSOR, Who.DATA_MANAGER, Who.MONITOR, Who.INSPECTOR):
        assert set(read(stage, who).forms) == {"/desk/sign-out"}


def test_the_course_costs_the_same_queries_however_much_there_is(stage: Stage) -> None:
    with counted(stage.database) as before:
        read(stage)
    done(stage, "/medicines", medicine="Doliprane 500 mg, tablet", role="rescue", from_on=TODAY)
    done(stage, "/visits", visit_on="2026-01-17", visit_note="a bruise")
    done(stage, "/sessions", session_no="1", held_on="2026-01-15")
    done(stage, "/sessions", session_no="2", held_on="2026-01-16")
    with counted(stage.database) as after:
        read(stage)
    assert len(after) <= len(before)


def test_the_sites_own_boxes_join_the_formulary_and_the_lists_keep_what_is_taken_out(
    stage: Stage,
) -> None:
    desk = stage.client(Who.CLINICIAN)
    box = {"name": "Tramadol Sirop", "ingredient": "tramadol", "strength": "10 mg/mL"}
    form = {**box, "unit": "ml", "route": "oral", "opioid": "tramadol"}
    answer = desk.post("/desk/formulary", data=form)
    assert answer.status_code == 422
    assert "An opioid needs its mg per unit" in answer.text
    assert Page(answer.text).form("/desk/formulary")["name"] == ["Tramadol Sirop"]
    added = desk.post("/desk/formulary", data={**form, "mg_per_unit": "10"})
    assert added.status_code == 303
    assert "added by the site" in desk.get(added.headers["location"]).text
    assert desk.post("/desk/formulary", data={**form, "mg_per_unit": "10"}).status_code == 409
    assert desk.post("/desk/formulary", data={**form, "opioid": "kratom"}).status_code == 422
    label = "Tramadol Sirop 10 mg/mL, mL"
    assert label in desk.get("/desk/participants/new").text
    done(stage, "/medicines", medicine=label, role="rescue", from_on=TODAY)
    removal = "/desk/formulary/tramadol-sirop-10-mg-ml-ml/removal"
    assert desk.post(removal).status_code == 303
    assert desk.post(removal).status_code == 409
    assert desk.post(removal.replace("sirop", "pill")).status_code == 404
    assert label not in desk.get("/desk/participants/new").text
    assert "Tramadol Sirop 10 mg/mL" in told(stage)
