"""The work list of what was set aside, and the page on which the site decides."""

from tests import scenes
from tests.people import Stage, Who
from tests.web.reading import Page

HOME = "/desk/set-aside"


def test_both_sides_are_shown_and_a_refused_decision_keeps_what_was_typed(stage: Stage) -> None:
    address = f"{HOME}/{scenes.set_aside(stage, Who.OWN)['set_aside_id']}"
    desk = stage.client(Who.CLINICIAN)
    listed = desk.get(HOME).text
    assert "There is a diary for this day already." in listed
    assert address in Page(listed).links
    page = desk.get(address)
    assert "Average pain 31 ≠ differs 57" in Page(page.text).text
    assert page.text.count("≠") == 1
    form = Page(page.text).form(address)
    assert form["seen_version"] == ["1"]
    refused = desk.post(address, data={**form, "ruling": "accepted"})
    assert refused.status_code == 422
    assert 'id="reason-error"' in refused.text
    overtaken = {**form, "seen_version": "0", "reason": "she called", "ruling": "accepted"}
    told = desk.post(address, data=overtaken)
    assert told.status_code == 409
    kept = Page(told.text).form(address)
    assert (kept["reason"], kept["seen_version"]) == (["she called"], ["1"])
    assert desk.post(address, data={**kept, "ruling": "accepted"}).status_code == 303
    second = stage.client(Who.COORDINATOR).post(address, data={"reason": "no"})
    assert second.status_code == 409
    assert "Somebody has decided this meanwhile." in second.text
    assert "Dr site clinician" in second.text
    assert "Nothing waits for a decision." in desk.get(HOME).text
    assert address in Page(desk.get(f"{HOME}?show=decided").text).links


def test_readers_see_it_without_a_form_and_other_sites_do_not(stage: Stage) -> None:
    address = f"{HOME}/{scenes.set_aside(stage, Who.OWN)['set_aside_id']}"
    for who in (Who.MONITOR, Who.DATA_MANAGER):
        assert address not in Page(stage.client(who).get(address).text).forms
    far = stage.client(Who.FAR_CLINICIAN)
    assert far.get(address).status_code == 404
    assert address not in far.get(HOME).text
