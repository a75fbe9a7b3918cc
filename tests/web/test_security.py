"""What every route must satisfy: headers, cross-site writes, sizes, uniform answers, the trail."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.security import LARGEST_BODY, is_cross_site
from app.services.reminders import HEARTBEAT
from app.store import reminders
from tests.people import NOW, PASSWORD, Stage, Who


def refusals(stage: Stage) -> list[dict[str, object]]:
    """The trail's refusals, newest last."""
    with stage.database.read() as session:
        rows = session.execute(text("SELECT body FROM ledger WHERE op = 'refused' ORDER BY seq"))
        return [json.loads(body) for body in rows.scalars()]


@pytest.mark.parametrize("path", ["/healthz", "/desk/sign-in", "/nothing-here", "/api/v1/nothing"])
@pytest.mark.trust(29)
def test_every_answer_carries_the_headers(stage: Stage, path: str) -> None:
    headers = stage.client(Who.NOBODY).get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["x-request-id"]


def test_static_files_are_kept_when_their_address_names_their_content(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    page = client.get("/desk/sign-in").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "immutable" in client.get(address).headers["cache-control"]
    assert client.get(address.split("?")[0]).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("headers", "crosses"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"origin": "http://localhost:8000", "host": "localhost:8000"}, False),
        ({"origin": "http://localhost:8000.evil.example", "host": "localhost:8000"}, True),
        ({"origin": "null", "host": "localhost:8000"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://h", "host": "h"}, True),
    ],
)
def test_what_crosses_sites(headers: dict[str, str], crosses: bool) -> None:
    assert is_cross_site(headers) is crosses


def test_a_write_from_another_site_is_refused(stage: Stage) -> None:
    client = stage.client(Who.CLINICIAN)
    answer = client.post("/desk/sign-out", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert client.post("/desk/sign-out", headers={"sec-fetch-site": "same-origin"}).is_redirect


def test_a_large_body_is_refused_with_and_without_its_length(stage: Stage) -> None:
    client = stage.client(Who.OWN)
    large = b"x" * (LARGEST_BODY + 1)
    assert client.post("/submissions", content=large).status_code == 413
    assert client.post("/submissions", content=iter([large, large])).status_code == 413


def test_a_refused_sign_in_is_trailed_without_its_secrets(stage: Stage) -> None:
    form = {"login": "site.clinician", "password": "not the password", "code": "000000"}
    answer = stage.client(Who.NOBODY).post("/desk/sign-in", data=form)
    assert answer.status_code == 401
    assert 'value="site.clinician"' in answer.text
    assert "not the password" not in answer.text
    [refusal] = refusals(stage)
    assert refusal["details"] == {
        "act": "POST /desk/sign-in",
        "code": "sign_in_refused",
        "field": None,
    }
    with stage.database.read() as session:
        kept = session.execute(text("SELECT value FROM change_texts")).scalars().all()
    assert not any("not the password" in (value or "") for value in kept)


@pytest.mark.trust(18)
def test_a_guesser_is_trailed_once_a_minute_and_made_to_wait(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    form = {"login": "site.clinician", "password": PASSWORD, "code": "000000"}
    statuses = [client.post("/desk/sign-in", data=form).status_code for _ in range(6)]
    assert statuses[:3] == [401, 401, 401]
    assert set(statuses[3:]) == {429}
    assert len(refusals(stage)) == 1
    stage.clock.advance(hours=1)
    assert client.post("/desk/sign-in", data=form).status_code == 401


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_leads_nowhere_else(stage: Stage, target: str) -> None:
    client = stage.client(Who.CLINICIAN)
    answer = client.get("/desk/sign-in", params={"next": target})
    assert answer.headers["location"] == "/desk"


def test_the_language_of_a_refusal_is_the_readers(stage: Stage) -> None:
    for language, words in (("fr", "rien ici"), ("en", "nothing here")):
        answer = stage.client(Who.NOBODY, language=language).get("/nothing-here")
        assert answer.status_code == 404
        assert words in answer.text
        assert f'lang="{language}"' in answer.text


def test_a_machine_reads_a_problem(stage: Stage) -> None:
    answer = stage.client(Who.NOBODY).get("/api/v1/nothing-here")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_readiness_names_what_is_wrong(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    well = {"database": "ok", "schema": "ok", "guards": "ok", "schedule": "never ran"}
    assert client.get("/readyz").json() == well
    assert client.get("/readyz").status_code == 200
    with stage.database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'other'"))
    assert client.get("/readyz").status_code == 503
    assert stage.clock() == NOW


def test_readiness_fails_while_the_schedule_is_late(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    with stage.database.write() as session:
        reminders.beat(session, HEARTBEAT, NOW - timedelta(minutes=2))
    assert client.get("/readyz").json()["schedule"] == "ok"
    stage.clock.advance(minutes=2)
    assert client.get("/readyz").status_code == 503
    assert client.get("/readyz").json()["schedule"] == "late"
    assert client.get("/healthz").status_code == 200
