"""Queries on the desk: asked about a data point, answered by the site, settled by who asked."""

from tests import desk_scenes
from tests.people import LAST_EVENING, Stage, Who
from tests.web.reading import Page

DAY = LAST_EVENING.date().isoformat()


def day(stage: Stage) -> str:
    """The address of last evening's history."""
    return f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/days/{DAY}"


def move(stage: Stage, who: Who, query_id: str, what: str, words: str = "so it is") -> int:
    """Move a query on; give the status of the answer."""
    form = {"move": what, "words": words}
    return stage.client(who).post(f"/desk/queries/{query_id}", data=form).status_code


def test_a_value_is_asked_about_and_the_question_stands_beside_it(stage: Stage) -> None:
    monitor, ask = stage.client(Who.MONITOR), f"{day(stage)}/queries"
    record_id = stage.cast.record_ids[Who.OWN]
    form = Page(monitor.get(day(stage)).text).form(ask)
    form |= {"record_id": record_id, "field": "pain/pain_average"}
    refused = monitor.post(ask, data=form)
    assert refused.status_code == 422
    assert f'id="ask-{record_id}-error"' in refused.text
    assert monitor.post(ask, data={**form, "field": "pain/x", "words": "?"}).status_code == 422
    form |= {"words": "Is 57 right?"}
    for _ in range(2):
        assert monitor.post(ask, data=form).status_code == 303
    page = monitor.get(day(stage)).text
    assert page.count('class="note thread"') == 1
    told = Page(page).text
    assert "Average pain 57 ? open" in told
    assert "Dr monitor" in told
    listed = stage.client(Who.CLINICIAN).get("/desk/queries").text
    assert "Is 57 right?" in listed
    assert f"{day(stage)}#query-" in listed
    assert "Is 57 right?" not in stage.client(Who.FAR_CLINICIAN).get("/desk/queries").text
    code = stage.cast.study_codes[Who.OTHER]
    assert "No query here." in monitor.get(f"/desk/queries?participant={code}").text


def test_the_site_answers_and_who_asked_settles(stage: Stage) -> None:
    codes = desk_scenes.queried(stage, Who.OWN)
    query_id, answered_id = codes["query_id"], codes["answered_id"]
    assert move(stage, Who.MONITOR, query_id, "answered") == 403
    assert move(stage, Who.CLINICIAN, query_id, "closed") == 403
    assert move(stage, Who.CLINICIAN, query_id, "answered", "") == 422
    assert move(stage, Who.CLINICIAN, query_id, "answered") == 303
    assert move(stage, Who.COORDINATOR, query_id, "answered") == 409
    assert move(stage, Who.MONITOR, query_id, "reopened") == 303
    assert move(stage, Who.MONITOR, answered_id, "closed", "") == 303
    assert move(stage, Who.MONITOR, answered_id, "nonsense") == 422
    counts = Page(stage.client(Who.MONITOR).get("/desk/queries?state=closed").text).text
    assert "open 1 answered 0 closed 1 all 2" in counts
    told = Page(stage.client(Who.INSPECTOR).get(day(stage)).text)
    assert told.text.count("so it is") == 2
    assert not any("queries" in action for action in told.forms)


def test_the_site_settles_what_it_asked_itself(stage: Stage) -> None:
    desk, ask = stage.client(Who.CLINICIAN), f"{day(stage)}/queries"
    form = Page(desk.get(day(stage)).text).form(ask) | {"words": "seen on paper?"}
    query_id = desk.post(ask, data=form).headers["location"].partition("#query-")[2]
    assert move(stage, Who.COORDINATOR, query_id, "closed") == 403
    assert move(stage, Who.CLINICIAN, query_id, "closed", "") == 303
