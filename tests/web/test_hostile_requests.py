"""Requests that no page of ours makes: refused as they should be, and nobody is sent elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.main import create_app
from app.security import LARGEST_HEADERS, LONGEST_TARGET
from tests import factories
from tests.desk import acts
from tests.people import PIN, Stage, Who, settings_for

ELSEWHERE = (
    *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https:evil"),
    *("https://evil.example", "javascript:alert(1)", "data:text/html,x", "evil.example", " //evil"),
    *("/\t/evil.example", "/\r\nSet-Cookie: injected=1", "/\0", "/\x1b[2J", "\ufeff//evil", ""),
)
PATHS = (
    *("//evil.example", "//evil.example/..", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd"),
    *("/static/..%2f..%2fmain.py", "/static/%2e%2e/main.py", "/static/%00", "/static//etc/passwd"),
    *("/desk/..;/accounts", "/desk.", "/desk//accounts", "/%2fdesk", "/desk/accounts/", "/DESK"),
    *(
        "/desk/participants/%00",
        "/desk/participants/%0d%0aSet-Cookie:%20injected=1",
        "/desk/%2e%2e",
    ),
    *(
        "/shell/fr/..%2f..%2fmain",
        "/shell/..%2f../diary",
        "/join/%00",
        "/saved/%00",
        "/r/%00%0d%0a",
    ),
    *(
        "/api/v1/changes/",
        "/api%2fv1%2fchanges",
        "/api/v1/../../desk",
        "/desk/join/%e2%80%ae",
        "/%ff",
    ),
)


@contextmanager
def under(stage: Stage, base_url: str) -> Iterator[FastAPI]:
    """The same study, served under another address."""
    url = stage.database.url.render_as_string(hide_password=False)
    app = create_app(settings_for(url, base_url), clock=stage.clock)
    yield app
    app.state.service.database.close()


def asking(app: FastAPI, address: str, **headers: str) -> TestClient:
    """A client that asks for an address."""
    return TestClient(app, base_url=address, headers=headers, follow_redirects=False)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://localhost:8000@evil.example"},
    ],
)
@pytest.mark.trust(18)
def test_a_post_from_another_site_does_nothing_and_is_trailed(
    stage: Stage, headers: dict[str, str]
) -> None:
    for who, path in ((Who.CLINICIAN, "/desk/sign-out"), (Who.OWN, "/sign-out")) * 3:
        answer = stage.client(who).post(path, headers=headers)
        assert answer.status_code == 403
        assert "another site" in answer.text
    [refusal] = acts(stage, "refused")
    assert refusal["details"]["code"] == "cross_site"
    assert stage.client(Who.CLINICIAN).get("/desk").status_code == 200
    assert stage.client(Who.OWN).get("/").status_code == 200


def test_another_name_is_not_answered(stage: Stage) -> None:
    base = "https://diary.example"
    with under(stage, base) as app:
        for asked in (base, "https://DIARY.example", "https://diary.example:443"):
            assert asking(app, asked).get("/desk/sign-in").status_code == 200
        told = asking(app, base, **{"x-forwarded-host": "evil.example"}).get("/desk")
        assert told.headers["location"] == "/desk/sign-in?next=/desk"
        for asked in ("evil.example", "diary.example.evil", "diary.example:8443", "127.0.0.1", "["):
            client = asking(app, base, host=asked)
            assert client.get("/desk/sign-in").status_code == 421, asked
            assert client.post("/unlock", data={"pin": PIN}).status_code == 421
            assert client.get("/healthz").status_code == (421 if asked == "[" else 200)
    assert [act["details"]["code"] for act in acts(stage, "refused")] == ["wrong_host"]
    assert asking(stage.app, "http://vm:9000").get("/healthz").status_code == 200


@pytest.mark.parametrize("who", [Who.NOBODY, Who.OWN, Who.ADMIN])
def test_no_trick_with_the_path_opens_anything(stage: Stage, who: Who) -> None:
    client = stage.client(who)
    for path in PATHS:
        client.base_url = "http://localhost:8000"
        answer = client.request("GET", f"http://localhost:8000{path}")
        assert answer.status_code in (200, 303, 401, 404), path
        assert answer.headers.get("location", "/").startswith("/"), path
        assert not answer.headers.get("location", "/").startswith("//"), path
        assert "root:" not in answer.text
        assert "create_app" not in answer.text
        assert "injected" not in answer.headers.get("set-cookie", "")
        if who is Who.NOBODY:
            assert answer.status_code != 200 or path == "/%00", path


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_door_leads_to_another_site(stage: Stage, target: str) -> None:
    own, staff = stage.client(Who.OWN), stage.client(Who.CLINICIAN)
    answers = [
        own.get("/unlock", params={"next": target}),
        own.get("/passkeys/new", params={"next": target}),
        own.post("/unlock", data={"pin": PIN, "next": target}),
        own.post("/language", data={"lang": "en", "back": target}),
        staff.get("/desk/sign-in", params={"next": target}),
        staff.get("/desk/confirm", params={"next": target}),
    ]
    stage.clock.advance(minutes=11)
    referer = target.encode("ascii", "ignore").translate(None, b"\r\n\0\x1b")
    answers.append(staff.post("/desk/account/codes", headers={"referer": referer.decode()}))
    for answer in answers:
        assert answer.status_code in ((200, 303, 422) if "\0" in target else (200, 303))
        to = urlsplit(answer.headers.get("location", "/"))
        assert (to.scheme, to.netloc) == ("", "")
        assert not answer.headers.get("location", "/").startswith(("//", "/\\"))
        assert "injected" not in str(answer.headers.get_list("set-cookie"))
        assert f'value="{target}"' not in answer.text or not target


def test_a_head_that_is_too_large_is_refused(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    assert client.get("/unlock", params={"next": "x" * LONGEST_TARGET}).status_code == 414
    assert client.get("/unlock", headers={"x-more": "x" * LARGEST_HEADERS}).status_code == 431


def test_too_many_fields_are_refused(stage: Stage) -> None:
    answer = stage.client(Who.OWN).post("/diary", data={f"field{no}": "x" for no in range(501)})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1/a",
        "https://127.0.0.1/a",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/a",
        "https://[::ffff:169.254.169.254]/a",
        "https://2130706433/a",
        "https://localhost/a",
        "https://fcm.googleapis.com@127.0.0.1/a",
        "https://fcm.googleapis.com:8443/a",
        "https://fcm.googleapis.com.evil.example/a",
        "https://fcm.googleapis.com\\@127.0.0.1/a",
        "https://127.0.0.1#fcm.googleapis.com/a",
        "https://evilfcm.googleapis.com/a",
        "https://fcm.googleapis.com\r\nHost: 127.0.0.1/a",
        "https://ｆcm.googleapis.com/a",
        "file:///etc/passwd",
    ],
)
def test_a_push_endpoint_that_points_inside_is_not_taken_down(stage: Stage, endpoint: str) -> None:
    given = factories.subscription()
    answer = stage.client(Who.OWN).post("/push/subscription", data={**given, "endpoint": endpoint})
    assert answer.status_code == 422
    assert acts(stage, "participant.push") == []
    assert [act["details"]["code"] for act in acts(stage, "refused")] == ["push_host"]
    assert stage.client(Who.OWN).post("/push/subscription", data=given).status_code == 204
