"""Every answer carries the headers that make browsers careful: pages, the door, files, faults."""

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.routers import deps
from app.security import LARGEST_BODY
from tests.people import PIN, Stage, Who
from tests.web.test_access_matrix import MADE, MATRIX, ask
from tests.web.test_hostile_requests import asking, under

EXPECTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
KEPT = {
    *("GET /sw.js", "GET /manifest.webmanifest", "GET /shell/{lang}/{name}"),
    *("GET /api/v1/metadata", "GET /api/v1/openapi.json"),
}
"""What holds nothing about anybody, and is asked for again by its tag."""


def require_headers(answer: Response, *, is_kept: bool = False) -> None:
    """The answer says to browsers what they may not do with it."""
    headers = answer.headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert {name: headers.get(name) for name in EXPECTED} == EXPECTED
    assert headers["x-request-id"]
    assert "server" not in headers
    if not is_kept:
        assert "no-store" in headers["cache-control"], answer.request.url


@pytest.mark.trust(29)
def test_every_route_answers_with_them(stage: Stage) -> None:
    made = dict.fromkeys(MADE, "1")
    for route in MATRIX:
        within = {"desk": Who.CLINICIAN, "api": Who.KEY}.get(route.split("/")[1], Who.OWN)
        for who in (Who.NOBODY, within):
            method, path, with_it = ask(stage, route, made)
            answer = stage.client(who).request(method, path, **with_it)
            require_headers(answer, is_kept=route in KEPT)


def test_refusals_and_files_carry_them_too(stage: Stage) -> None:
    client = stage.client(Who.OWN)
    require_headers(client.get("/nothing-here"))
    require_headers(client.delete("/"))
    require_headers(client.post("/submissions", content=b"x" * (LARGEST_BODY + 1)))
    require_headers(client.post("/unlock", headers={"sec-fetch-site": "cross-site"}))
    require_headers(client.get("/static/nothing.js"), is_kept=True)
    require_headers(client.get("/static/app.css"), is_kept=True)
    require_headers(client.get("/api/v1/openapi.json"), is_kept=True)


@pytest.mark.parametrize("path", ["/boom", "/api/boom"])
@pytest.mark.trust(24)
def test_a_fault_carries_them_and_tells_nothing(stage: Stage, path: str) -> None:
    with under(stage, "http://localhost:8000") as app:

        @app.get(path)
        def boom() -> None:
            raise ZeroDivisionError("what was typed: 57")

        answer = TestClient(app, raise_server_exceptions=False).get(path)
    assert answer.status_code == 500
    require_headers(answer)
    assert "57" not in answer.text.replace(answer.headers["x-request-id"], "")


def test_over_tls_browsers_are_told_to_stay_there(stage: Stage) -> None:
    with under(stage, "https://diary.example") as app:
        phone = asking(app, "https://diary.example")
        phone.cookies.set(deps.DEVICE_COOKIE, stage.cast.cookies[Who.OWN][deps.DEVICE_COOKIE])
        answer = phone.post("/unlock", data={"pin": PIN})
    assert answer.status_code == 303
    assert "max-age=63072000" in answer.headers["strict-transport-security"]
    cookies = answer.headers.get_list("set-cookie")
    assert all("Secure" in cookie and "SameSite=lax" in cookie for cookie in cookies)
    for_script = [cookie for cookie in cookies if "HttpOnly" not in cookie]
    assert [cookie.partition("=")[0] for cookie in for_script] == [deps.AWAKE_COOKIE]
    assert "strict-transport-security" not in stage.client(Who.OWN).get("/").headers
