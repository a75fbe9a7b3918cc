"""What a phone keeps for the time without a network: for everybody the same, or its owner's."""

import json
import re
from datetime import timedelta

import pytest

from app.services import pauses
from tests import factories, trial
from tests.people import Stage, Who


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", ["diary", "dose", "home"])
def test_an_empty_page_is_the_same_for_everybody(stage: Stage, lang: str, name: str) -> None:
    address = f"/shell/{lang}/{name}"
    pages = {stage.client(who).get(address).text for who in (Who.OWN, Who.OTHER, Who.NOBODY)}
    (page,) = pages
    assert f'lang="{lang}"' in page
    assert 'data-enrolment=""' in page
    for own in (*stage.cast.study_codes.values(), "Paracétamol", "04 72 00 00 00"):
        assert own not in page


def test_an_unknown_empty_page_is_not_there(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    for path in ("/shell/xx/diary", "/shell/fr/base", "/sw.js?lang=xx"):
        assert client.get(path).status_code == 404


def test_the_worker_keeps_what_the_empty_pages_load(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    worker = client.get("/sw.js?lang=fr").text
    kept = set(re.findall(r'^  "(.+)",$', worker, re.MULTILINE))
    for name in ("diary", "dose", "home"):
        page = client.get(f"/shell/fr/{name}").text
        loaded = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
        assert {one for one in loaded if not one.endswith(".png") and "icon-180" not in one} <= kept
    for address in kept:
        answer = client.get(address)
        assert answer.status_code == 200
        for imported in re.findall(r'from ?"\./(\w+\.js)"', answer.text):
            assert f"/static/js/{imported}" in kept


def test_the_worker_changes_with_its_language_alone(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    french, english = (client.get(f"/sw.js?lang={lang}").text for lang in ("fr", "en"))
    assert french == client.get("/sw.js?lang=fr").text
    assert french != english


def test_the_profile_holds_what_is_asked_and_nothing_that_was_answered(stage: Stage) -> None:
    answer = stage.client(Who.OWN).get("/profile")
    assert answer.headers["cache-control"] == "no-store"
    profile = answer.json()
    assert profile["enrolment"] == stage.cast.study_codes[Who.OWN]
    assert (profile["limb"], profile["side"], profile["scale"]) == (
        "votre main droite",
        "right",
        "vas100",
    )
    assert [one["medicine_id"] for one in profile["medicines"]] == [
        one["id"] for one in profile["shelf"]
    ]
    assert (profile["is_saved"], profile["practice"], profile["is_over"]) == (False,) * 3
    evenings = {one["on"]: one for one in profile["evenings"]}
    tonight = evenings[stage.clock.now.date().isoformat()]
    now_ms = int(stage.clock.now.timestamp() * 1000)
    assert profile["now"] == now_ms
    assert tonight["opens"] <= now_ms < tonight["closes"] < tonight["until"]
    assert not re.search(r'"(value|scores|payload|status)"', answer.text)


def test_a_paused_evening_is_not_among_those_to_ask_on(stage: Stage) -> None:
    tomorrow = stage.clock.now.date() + timedelta(days=1)
    with stage.database.write() as session:
        pauses.pause(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            from_on=tomorrow,
            reason="hospital",
            now=stage.clock.now,
        )
    evenings = [one["on"] for one in stage.client(Who.OWN).get("/profile").json()["evenings"]]
    assert stage.clock.now.date().isoformat() in evenings
    assert tomorrow.isoformat() not in evenings


def test_a_submission_of_another_enrolment_is_not_taken(stage: Stage) -> None:
    sent = factories.submission(
        stage.deployment.study,
        factories.diary(stage.deployment.study),
        saved_at=stage.clock.now,
        enrolment=stage.cast.study_codes[Who.OTHER],
    )
    refused = stage.client(Who.OWN).post("/submissions", content=json.dumps(sent))
    assert refused.status_code == 401
    assert "X-Record-Ack" not in refused.headers
    taken = stage.client(Who.OTHER).post("/submissions", content=json.dumps(sent))
    assert taken.status_code == 201


def test_a_change_of_what_was_set_aside_is_set_aside_with_it(stage: Stage) -> None:
    study = stage.deployment.study
    trial.save(stage, Who.OWN, factories.diary(study))
    second = factories.submission(study, factories.diary(study), saved_at=stage.clock.now)
    client = stage.client(Who.OWN)
    assert client.post("/submissions", content=json.dumps(second)).status_code == 202
    change = factories.submission(
        study,
        factories.diary(study, average=3),
        saved_at=stage.clock.now,
        record_id=second["record_id"],
        op="correct",
        base_version=1,
        texts={"reason": "mistyped"},
    )
    answer = client.post("/submissions", content=json.dumps(change))
    assert (answer.status_code, answer.json()["reason"]) == (202, "base_set_aside")
    assert answer.headers["X-Record-Ack"] == second["record_id"]


def test_the_manifest_bears_the_discreet_name_alone(stage: Stage) -> None:
    manifest = stage.client(Who.NOBODY, language="fr").get("/manifest.webmanifest").json()
    assert (manifest["name"], manifest["short_name"]) == ("Carnet", "Carnet")
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    assert not re.search(r"pain|douleur|crps|sdrc|meso|drug", json.dumps(manifest), re.IGNORECASE)
