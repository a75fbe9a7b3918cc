"""Enrolling at the desk: the form, what it refuses, and the sheet with the link."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from app.services.reach import ways_of
from app.store import participants
from tests.people import Stage, Who
from tests.web.reading import Page

FORM = "/desk/participants"
FILLED = {
    "limb": ["foot"],
    "side": ["left"],
    "tz": ["Europe/Paris"],
    "consent_on": ["2026-01-20"],
    "consent_version": ["2.1"],
    "inclusion_on": ["2026-01-26"],
    "trial_record_id": ["1-042"],
    "email": ["someone@example.org"],
    "m0": ["Doliprane 1000 mg, tablet"],
    "m0.role": ["scheduled"],
    "m0.morning": ["1"],
    "m0.evening": ["0,5"],
    "m3": ["Actiskenan 5 mg, capsule"],
    "m3.role": ["rescue"],
}


def filled(stage: Stage, **changes: Any) -> dict[str, list[str]]:
    """The form as it comes, filled in."""
    page = Page(stage.client(Who.CLINICIAN).get("/desk/participants/new").text)
    return {**page.form(FORM), **FILLED, **{name: [value] for name, value in changes.items()}}


def people(stage: Stage) -> int:
    """How many participants there are."""
    with stage.database.read() as session:
        return int(session.execute(text("SELECT count(*) FROM participants")).scalar() or 0)


def test_the_form_offers_the_studys_usual_values(stage: Stage) -> None:
    page = Page(stage.client(Who.CLINICIAN).get("/desk/participants/new").text)
    form = page.form(FORM)
    assert form["site"] == ["lyon"]
    assert (form["language"], form["scale"]) == (["fr"], ["vas100"])
    assert form["tz"] == [""], "it is asked"
    assert page.text.index("La Réunion") < page.text.index("Brussels")
    assert "limb" not in form
    assert "lille" not in page.text


def test_enrolling_leads_to_the_handout_and_to_a_working_link(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    before = people(stage)
    answer = desk.post(FORM, data=filled(stage))
    assert answer.status_code == 303
    handout = answer.headers["location"]
    code = handout.split("/")[3]
    assert re.fullmatch(r"MS-[0-9A-HJKMNP-TV-Z]{5}", code)
    assert people(stage) == before + 1
    assert desk.get(handout).status_code == 200
    sheet = desk.post(handout)
    assert sheet.status_code == 200
    assert 'src="data:image/svg+xml' in sheet.text
    asked = re.search(r'data-arrival="([^"]+)"', sheet.text)
    assert asked
    arrival = asked[1]
    assert "En attente du téléphone" in desk.get(arrival).text
    found = re.search(r"https?://[^\s<]+(/join/[\w-]+)", Page(sheet.text).text)
    assert found
    assert stage.client(Who.NOBODY).get(found[1]).status_code == 200
    pin = {"pin": "482913", "pin_again": "482913"}
    assert stage.client(Who.NOBODY).post(found[1], data=pin).status_code == 303
    assert "Le téléphone est arrivé" in desk.get(arrival).text
    page = Page(desk.get(f"/desk/participants/{code}/course").text).text
    assert "left foot or leg" in page
    assert "Diary 20 Jan – 27 Mar 2026" in page.replace("\u00a0", " "), "by the study's plan"
    assert "20 Jan 2026 version 2.1" in page
    assert "Record 1-042" in page
    assert "someone@example.org" not in page


def test_the_sheet_speaks_the_participants_language(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    own = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/handout"
    sheet = desk.post(own)
    assert '<html lang="fr"' in sheet.text
    taken_home = sheet.text.partition("<article")[2]
    assert "En cas d’urgence" in taken_home
    assert not re.search("SDRC|douleur|CRPS|pain", taken_home, re.IGNORECASE)


def test_the_medicines_are_on_the_list_as_prescribed(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    code = desk.post(FORM, data=filled(stage)).headers["location"].split("/")[3]
    with stage.database.read() as session:
        rows = session.execute(
            text(
                "SELECT snapshot FROM participant_medicines m JOIN participants p"
                " ON p.id = m.participant_id WHERE study_code = :code ORDER BY position"
            ),
            {"code": code},
        )
        snapshots = [row.snapshot for row in rows]
    assert '"prescribed":{"evening":0.5,"morning":1' in snapshots[0]
    assert '"role":"rescue"' in snapshots[1]
    assert '"opioid":"morphine"' in snapshots[1]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("limb", "", "Choose one of the answers that are offered."),
        ("consent_on", "", "Fill in this field."),
        ("inclusion_on", "2026-01-19", "This lies before the consent."),
        ("tz", "", "This time zone is not known."),
        ("first_diary_on", "tomorrow", "This is not a date."),
        ("last_diary_on", "2026-01-01", "The last day comes before the first."),
        ("tz", "Mars/Olympus", "This time zone is not known."),
        ("email", "not an address", "This does not look like an e-mail address."),
        ("phone", "06 12 34 56 78", "Write the number with its country"),
        ("reminder_at", "half past", "This is not a time."),
        ("m0", "Aspirine du Rhône", "This medicine is not in the formulary."),
        ("m0.morning", "a few", "This is not a number."),
        ("m0.morning", "0.3", "Units go by halves"),
        ("m0.morning", "-1", "Units go by halves"),
        ("m0.morning", "NaN", "Units go by halves"),
        ("m0.morning", "1e999", "Units go by halves"),
    ],
)
def test_a_refused_form_says_why_keeps_what_was_typed_and_enrols_nobody(
    stage: Stage, name: str, value: str, told: str
) -> None:
    before = people(stage)
    typed = filled(stage, **{name: value})
    answer = stage.client(Who.CLINICIAN).post(FORM, data=typed)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert told in page.text
    kept = page.form(FORM)
    for field in ("side", "consent_version", "trial_record_id", "m0", "m3", "m3.role", name):
        assert kept.get(field, [""]) == typed[field]
    assert people(stage) == before


def test_a_telephone_is_kept_as_it_is_dialled(stage: Stage) -> None:
    answer = stage.client(Who.CLINICIAN).post(FORM, data=filled(stage, phone="+33 6 12.34-56 78"))
    code = answer.headers["location"].split("/")[3]
    with stage.database.read() as session:
        person = participants.get_by_code(session, code, frozenset({"*"}))
        ways = ways_of(session, stage.deployment, person.id)
    assert ways.phone == "+33612345678"


@pytest.mark.parametrize(
    "same",
    [
        {"email": "Quelqu.un@example.org"},
        {"phone": "+33 6 12 34 56 78"},
        {"trial_record_id": "1-007"},
    ],
)
def test_somebody_who_is_there_already_is_asked_about_once(
    stage: Stage, same: dict[str, str]
) -> None:
    desk = stage.client(Who.CLINICIAN)
    first = filled(stage, phone="+33612345678", trial_record_id="1-007", email="b@example.org")
    known = desk.post(FORM, data=first).headers["location"].split("/")[3]
    before = people(stage)
    typed = filled(stage, **{"email": "", "trial_record_id": ""} | same)
    asked = desk.post(FORM, data=typed)
    assert asked.status_code == 409
    assert "Is it the same person?" in asked.text
    assert known in asked.text or "email" in same
    kept = Page(asked.text).form(FORM)
    assert kept["m0"] == typed["m0"]
    assert (kept["first_diary_on"], kept["last_diary_on"]) == (["2026-01-20"], ["2026-03-27"])
    assert people(stage) == before
    sure = desk.post(FORM, data={**typed, "sure": ["on"]})
    assert sure.status_code == 303
    assert people(stage) == before + 1


def test_who_is_only_screened_gets_no_link_until_invited(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    answer = desk.post(FORM, data=filled(stage, only="screening", consent_on=""))
    course = answer.headers["location"]
    assert course.endswith("/course")
    page = Page(desk.get(course).text)
    assert "registered for screening" in page.text
    handout = course.replace("/course", "/handout")
    assert handout not in page.links
    assert desk.post(handout).status_code == 409
    move = {"move": "invite", "reason": "fits the criteria"}
    state = course.replace("/course", "/state")
    refused = desk.post(state, data=move)
    assert (refused.status_code, "Note the consent first" in refused.text) == (409, True)
    enrolment = course.replace("/course", "/enrolment")
    form = Page(refused.text).form(enrolment)
    consent = {"consent_on": "2026-01-20", "correction_reason": "signed today"}
    assert desk.post(enrolment, data=form | consent).status_code == 303
    assert desk.post(state, data=move).status_code == 303
    assert handout in Page(desk.get(course).text).links
    assert desk.post(handout).status_code == 200


def test_another_site_cannot_be_enrolled_into(stage: Stage) -> None:
    before = people(stage)
    answer = stage.client(Who.CLINICIAN).post(FORM, data=filled(stage, site="lille"))
    assert answer.status_code in (403, 404, 422)
    assert people(stage) == before
