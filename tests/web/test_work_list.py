"""The work list by HTTP: what is on it and in which order, acting from it, what others see."""

from concurrent.futures import ThreadPoolExecutor

from fastapi.testclient import TestClient

from tests import scenes, scenes_at_work
from tests.desk import acts, counted
from tests.people import Stage, Who
from tests.web.reading import Page


def desk(stage: Stage, who: Who = Who.CLINICIAN) -> TestClient:
    return stage.client(who)


def read(stage: Stage, query: str = "", who: Who = Who.CLINICIAN) -> Page:
    answer = desk(stage, who).get(f"/desk/work{query}")
    assert answer.status_code == 200
    return Page(answer.text)


def test_it_says_what_waits_why_since_when_and_whose_it_is(stage: Stage) -> None:
    scenes_at_work.at_work(stage, Who.OWN)
    text = read(stage).text.replace("\u00a0", " ")
    at = [text.index(word) for word in ("in hospital 17 Jan", "high pain 91 (15 Jan), 96 (16 Jan)")]
    assert at == sorted(at)
    assert "since 16 Jan 19:30 4 d (16 h at work)" in text
    assert "few entries 19 Jan · 3 entries in 7 days" in text
    assert "Taken on by Dr coordinator." in text
    assert "Appelé : hospitalisé" in text
    assert "sign of infection" not in text
    assert "an alert was taken on after" in text


def test_the_address_filters_it(stage: Stage) -> None:
    scenes_at_work.at_work(stage, Who.OWN)
    closed = read(stage, "?show=closed").text
    assert "sign of infection" in closed
    assert "Fièvre passée" in closed
    mine = read(stage, "?show=mine").text.partition("Closed lately")[2]
    assert "Appelé" in mine
    assert "91" not in mine
    pain = read(stage, "?show=nobody&rule=pain_high").text
    assert ("91" in pain, "entries in" in pain) == (True, False)
    assert "No alert here." in read(stage, "?site=lille").text
    assert "No alert here." in read(stage, "", Who.FAR_CLINICIAN).text


def test_an_alert_is_worked_off_from_the_list(stage: Stage) -> None:
    alert_id = scenes_at_work.at_work(stage, Who.OWN)["alert_id"]
    alert = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/alerts/{alert_id}"
    back = {"list": "show=nobody&rule=pain_high&site="}
    refused = desk(stage).post(f"{alert}/notes", data={**back, "words": " "})
    assert refused.status_code == 422
    assert "Write what you found or did." in refused.text
    assert "in hospital 17" not in Page(refused.text).text
    noted = desk(stage).post(f"{alert}/notes", data={**back, "words": "no answer yet"})
    assert noted.headers["location"] == "/desk/work?show=nobody&rule=pain_high"
    assert "no answer yet" in read(stage).text
    desk(stage, Who.COORDINATOR).post(f"{alert}/owner", data=back)
    told = desk(stage).post(f"{alert}/owner", data=back)
    assert told.status_code == 409
    assert "Somebody else has taken this alert on." in told.text
    closed = desk(stage).post(f"{alert}/closing", data={**back, "words": "dose adapted"})
    assert closed.status_code == 303
    again = desk(stage).post(f"{alert}/notes", data={**back, "words": "me too"})
    assert again.status_code == 409
    assert "dose adapted" in read(stage, "?show=closed").text


def test_of_two_who_take_it_on_at_once_one_is_told(stage: Stage) -> None:
    alert_id = scenes_at_work.at_work(stage, Who.OWN)["alert_id"]
    path = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/alerts/{alert_id}/owner"
    clients = [desk(stage, who) for who in (Who.CLINICIAN, Who.COORDINATOR)]
    before = len(acts(stage, "alert.acknowledged"))
    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(lambda client: client.post(path).status_code, clients))
    assert told == [303, 409]
    assert len(acts(stage, "alert.acknowledged")) == before + 1


def test_a_reader_sees_it_and_acts_on_nothing(stage: Stage) -> None:
    scenes_at_work.at_work(stage, Who.OWN)
    page = read(stage, "", Who.MONITOR)
    assert "high pain" in page.text
    assert not [form for form in page.forms if "/alerts/" in form]


def test_what_else_waits_is_counted_with_the_way_there(stage: Stage) -> None:
    scenes.lettered(stage, Who.OWN)
    scenes.set_aside(stage, Who.OWN)
    scenes.messaged(stage, Who.OWN)
    page = read(stage)
    letters = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/letters"
    assert {"/desk/set-aside", "/desk/reminders#calls", letters} <= set(page.links)
    assert "1 set aside" in page.text
    own = Page(desk(stage).get(letters.removesuffix("/letters")).text)
    assert letters in own.links


def test_its_queries_are_as_many_with_alerts_as_without(stage: Stage) -> None:
    def asked() -> int:
        with counted(stage.database) as count:
            read(stage)
        return len(count)

    asked()
    before = asked()
    scenes_at_work.at_work(stage, Who.OWN)
    assert asked() == before


def test_on_a_visit_day_a_clinician_is_asked_before_the_trends_open(stage: Stage) -> None:
    scenes.session_today(stage, Who.OWN)
    own = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}"
    asked = desk(stage).get(own).text
    assert "Clinic VAS and NPSI done?" in asked
    assert "<svg" not in asked
    assert "<svg" in desk(stage, Who.COORDINATOR).get(own).text
    refused = desk(stage).post(f"{own}/clinic-measures", data={"done": "no"})
    assert refused.status_code == 422
    assert "<svg" not in refused.text
    why = {"done": "no", "measures_reason": "the patient asked to see the curve"}
    assert desk(stage).post(f"{own}/clinic-measures", data=why).status_code == 303
    assert "<svg" in desk(stage).get(own).text
    assert desk(stage).post(f"{own}/clinic-measures", data={"done": "yes"}).status_code == 303
    (act,) = acts(stage, "clinic_measures.noted")
    assert act["details"] == {"visit_on": "2026-01-20", "were_done": False}
    assert set(act["texts"]) == {"reason"}
    other = f"/desk/participants/{stage.cast.study_codes[Who.OTHER]}"
    assert "<svg" in desk(stage).get(other).text
