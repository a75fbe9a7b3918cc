"""An evening without script: the diary posts as one form, and nothing is lost or made up."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.store import feed, records
from app.store.tables import RecordVersion
from tests.people import NOW, Stage, Who
from tests.web.reading import Page


def entry_of(stage: Stage, on: datetime = NOW) -> RecordVersion | None:
    """The latest version of the own diary of an evening."""
    participant_id = stage.actor(Who.OWN).participant_id
    assert participant_id is not None
    with stage.database.read() as session:
        record = records.find_diary(session, participant_id, on.date())
        if record is None:
            return None
        return records.get_version(session, record.record_id, record.version)


def answers(stage: Stage) -> dict[str, Any]:
    """The payload that tonight's diary was saved with."""
    entry = entry_of(stage)
    assert entry is not None
    assert entry.payload is not None
    return json.loads(entry.payload)  # type: ignore[no-any-return]


def untouched(stage: Stage, path: str = "/diary", who: Who = Who.OWN) -> dict[str, Any]:
    """What the form of an evening posts when nobody touches it."""
    return Page(stage.client(who).get(path).text).form(path if "correction" in path else "/diary")


def scores(average: str, worst: str) -> dict[str, str]:
    """Two marks on the line, said to be marks."""
    return {
        "pain_average": average,
        "pain_average.status": "answered",
        "pain_worst": worst,
        "pain_worst.status": "answered",
    }


def acts(stage: Stage) -> list[dict[str, Any]]:
    """What the trail holds."""
    with stage.database.read() as session:
        return [json.loads(row.body) for row in feed.list_changes(session, ["acts"], 0, 500)]


def test_a_whole_evening_is_saved_with_its_receipt(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    form = untouched(stage) | scores("57", "71")
    form |= {
        "allodynia": "yes",
        "brush": "40",
        "brush.status": "answered",
        "pressure.status": "not_exposed",
        "cold.status": "avoided",
        "zones": ["hand.palm", "hand.thumb"],
        "none": "1",
        "helper": "1",
    }
    answer = phone.post("/diary", data=form)
    assert answer.status_code == 303
    saved = Page(phone.get(answer.headers["location"]).text)
    assert "Enregistré" in saved.text
    said = answers(stage)
    assert said["scores"]["pain_average"]["value"] == 57
    assert said["triggers"]["brush"]["value"] == 40
    assert [said["triggers"][code]["status"] for code in ("pressure", "cold")] == [
        "not_exposed",
        "avoided",
    ]
    assert said["zones"]["codes"] == ["hand.palm", "hand.thumb"]
    assert said["medicines"]["none"] is True
    entry = entry_of(stage)
    assert entry is not None
    assert "helper" in entry.flags


def test_an_untouched_scale_is_missing_and_never_fifty(stage: Stage) -> None:
    form = untouched(stage)
    assert form["pain_average"] == ["50"]
    stage.client(Who.OWN).post("/diary", data=form)
    for score in answers(stage)["scores"].values():
        assert (score["status"], score["value"]) == ("unanswered", None)


def test_declining_is_an_answer_of_its_own(stage: Stage) -> None:
    form = untouched(stage) | {"pain_average.status": "declined", "allodynia": "declined"}
    stage.client(Who.OWN).post("/diary", data=form)
    said = answers(stage)
    assert said["scores"]["pain_average"]["status"] == "declined"
    assert said["allodynia"] == {"status": "declined", "value": None}
    assert said["triggers"]["cold"]["status"] == "not_asked"


def test_a_form_sent_twice_is_saved_once(stage: Stage) -> None:
    phone, form = stage.client(Who.OWN), untouched(stage) | scores("57", "71")
    first = phone.post("/diary", data=form)
    stage.clock.advance(seconds=0.3)
    second = phone.post("/diary", data=form)
    assert first.headers["location"] == second.headers["location"]
    entry = entry_of(stage)
    assert entry is not None
    assert entry.version == 1


@pytest.mark.trust(6)
def test_a_refused_value_is_explained_kept_and_trailed(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    form = untouched(stage) | scores("111", "71") | {"other_medicine": "tisane", "zones": []}
    answer = phone.post("/diary", data=form)
    assert answer.status_code == 422
    again = Page(answer.text).form("/diary")
    assert again["pain_average"] == ["111"]
    assert again["other_medicine"] == ["tisane"]
    assert again["submission_id"] == form["submission_id"]
    assert 'id="pain_average-error"' in answer.text
    assert entry_of(stage) is None
    refusal = acts(stage)[-1]
    assert "111" in json.dumps(refusal) or refusal["texts"]
    assert phone.post("/diary", data=again | {"pain_average": "10"}).status_code == 303
    assert answers(stage)["scores"]["pain_average"]["value"] == 10


@pytest.mark.parametrize(
    "typed",
    [
        {"pain_average": "a lot"},
        {"pain_average": ""},
        {"pain_average": "-1"},
        {"pain_average.status": "maybe"},
        {"allodynia": "sometimes"},
        {"allodynia": "yes", "zones": ["hand.palm", "hand.palm"]},
        {"record_id": "1"},
        {"other_medicine": "x" * 501},
        {"kept": "everything"},
    ],
)
def test_what_no_form_can_give_is_refused_without_a_version(
    stage: Stage, typed: dict[str, Any]
) -> None:
    form = untouched(stage) | scores("57", "71") | typed
    assert stage.client(Who.OWN).post("/diary", data=form).status_code == 422
    assert entry_of(stage) is None


def test_answers_behind_the_gate_ask_for_the_gate(stage: Stage) -> None:
    form = untouched(stage) | {"cold": "30", "cold.status": "answered"}
    answer = stage.client(Who.OWN).post("/diary", data=form)
    assert answer.status_code == 422
    assert 'id="allodynia-error"' in answer.text
    assert Page(answer.text).form("/diary")["cold"] == ["30"]


def test_a_worst_pain_below_the_average_is_asked_about_and_kept(stage: Stage) -> None:
    phone, form = stage.client(Who.OWN), untouched(stage) | scores("60", "40")
    asked = phone.post("/diary", data=form)
    assert asked.status_code == 422
    assert "inférieure à votre douleur moyenne" in Page(asked.text).text
    assert phone.post("/diary", data=form | {"kept": "worst_below_average"}).status_code == 303
    assert answers(stage)["kept"] == ["worst_below_average"]


def test_no_medicine_beside_a_logged_dose_is_asked_about(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    page = Page(phone.get("/").text)
    dose = next(link for link in page.links if link.startswith("/doses/new"))
    phone.post("/doses", data=Page(phone.get(dose).text).form("/doses") | {"units": "1"})
    form = untouched(stage) | {"none": "1"}
    assert phone.post("/diary", data=form).status_code == 422
    assert phone.post("/diary", data=form | {"kept": "none_beside_dose"}).status_code == 303
    assert answers(stage)["kept"] == ["none_beside_dose"]


def test_too_much_pain_asks_one_question_and_gives_the_numbers(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    form = Page(phone.get("/flare").text).form("/diary")
    assert "pain_worst" not in form
    form |= {"pain_average": ["93"], "pain_average.status": ["answered"]}
    saved = phone.get(phone.post("/diary", data=form).headers["location"])
    assert {"tel:15", "tel:112", "tel:0472000000"} <= set(Page(saved.text).links)
    said = answers(stage)
    assert said["flare"] is True
    assert said["scores"]["pain_average"]["value"] == 93
    assert said["scores"]["pain_worst"]["status"] == "skipped_flare"
    assert said["medicines"]["status"] == "skipped_flare"


def test_medicines_are_saved_as_they_were_taken(stage: Stage) -> None:
    form = untouched(stage)
    fields = sorted({name.rpartition(".")[0] for name in form if name.startswith("m.")})
    assert len(fields) == 2
    rescue = next(f for f in fields if f"{f}.reason" in form)
    scheduled = next(f for f in fields if f != rescue)
    form |= {
        f"{scheduled}.taking": "differently",
        f"{scheduled}.noon": "0,5",
        f"{rescue}.night": "1",
        f"{rescue}.reason": "sleep",
    }
    stage.client(Who.OWN).post("/diary", data=form)
    said = answers(stage)["medicines"]
    assert said["scheduled"][0]["taking"] == "differently"
    assert said["scheduled"][0]["units"] == {"noon": 0.5}
    assert said["rescue"][0]["units"] == {"night": 1.0}
    assert said["rescue"][0]["reason"] == "sleep"


def test_a_third_of_a_tablet_is_refused_at_its_own_field(stage: Stage) -> None:
    form = untouched(stage)
    field = next(name for name in form if name.startswith("m.") and name.endswith(".noon"))
    rescue = field.removesuffix(".noon")
    form |= {field: "0.3", f"{rescue}.taking": "differently"}
    answer = stage.client(Who.OWN).post("/diary", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text


def test_no_page_but_a_correction_holds_an_earlier_answer(stage: Stage) -> None:
    form = untouched(stage)
    assert not [name for name in form if name.endswith(".status")]
    assert not {"allodynia", "zones", "none"} & set(form)
    html = stage.client(Who.OWN).get("/").text
    assert not [value for value in ("57", "71") if f">{value}<" in html]


def test_a_correction_starts_from_that_entry_and_needs_a_reason(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    phone.post("/diary", data=untouched(stage) | scores("70", "80"))
    link = next(link for link in Page(phone.get("/").text).links if "correction" in link)
    form = untouched(stage, link)
    assert form["pain_average"] == ["70"]
    changed = form | {"pain_average": ["60"]}
    refused = phone.post(link, data=changed)
    assert refused.status_code == 422
    assert 'id="reason-error"' in refused.text
    assert Page(refused.text).form(link)["pain_average"] == ["60"]
    assert phone.post(link, data=changed | {"reason": "mauvais geste"}).status_code == 303
    entry = entry_of(stage)
    assert entry is not None
    assert (entry.version, entry.op) == (2, "correct")
    assert answers(stage)["scores"]["pain_average"]["value"] == 60


@pytest.mark.trust(9)
def test_an_earlier_day_is_corrected_by_the_site(stage: Stage) -> None:
    path = f"/diary/{stage.cast.record_ids[Who.OWN]}/correction"
    phone = stage.client(Who.OWN)
    assert phone.get(path).status_code == 409
    assert phone.post(path, data={"reason": "x"}).status_code == 409


def test_somebody_elses_entry_is_not_there(stage: Stage) -> None:
    path = f"/diary/{stage.cast.record_ids[Who.OTHER]}/correction"
    phone = stage.client(Who.OWN)
    assert phone.get(path).status_code == 404
    assert phone.post(path, data={"reason": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("after", "told", "may_fill"),
    [
        (timedelta(hours=-3), "Votre carnet ouvre à 18:00", False),
        (timedelta(0), "Votre carnet est ouvert", True),
        (timedelta(hours=6), "Votre carnet est encore ouvert", True),
        (timedelta(hours=8), "Votre carnet ouvre à 18:00", False),
        (timedelta(days=90), "Merci", False),
        (timedelta(days=-12), "Votre carnet commence bientôt", True),
    ],
)
def test_home_says_where_the_day_stands(
    stage: Stage, after: timedelta, told: str, may_fill: bool
) -> None:
    phone = stage.client(Who.OWN)
    phone.cookies.delete("open")
    stage.clock.advance(seconds=after.total_seconds())
    assert phone.post("/unlock", data={"pin": "482913"}).status_code == 303
    assert told in Page(phone.get("/").text).text
    assert (phone.get("/diary").status_code == 200) is may_fill


def test_practice_is_never_kept(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    stage.clock.advance(days=-12)
    phone.post("/unlock", data={"pin": "482913"})
    answer = phone.post("/diary", data=untouched_by(phone) | scores("10", "20"))
    assert "C’était pour essayer" in Page(answer.text).text
    assert entry_of(stage, stage.clock.now) is None


def untouched_by(phone: Any) -> dict[str, Any]:
    """What the form of the evening posts on a phone that is signed in by hand."""
    return Page(phone.get("/diary").text).form("/diary")


def test_a_diary_opened_in_the_grace_can_be_saved_until_half_past_two(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    stage.clock.advance(hours=6, minutes=20)
    phone.post("/unlock", data={"pin": "482913"})
    form = untouched_by(phone) | scores("57", "71")
    stage.clock.advance(minutes=25)
    assert phone.post("/diary", data=form).status_code == 303
    entry = entry_of(stage)
    assert entry is not None
    assert entry.lateness == "late"
