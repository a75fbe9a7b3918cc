"""Every route that answers somebody unknown with work is throttled, or says why it need not be."""

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from app.main import ROUTERS
from app.routers import deps
from tests.people import Stage, Who

ASKS_WHO = {"_person", "_staff", "_confirmed", "_key", "holder"}
"""What lets nobody on who is not known: a sign-in, a key."""
OWN_PACE = {
    "POST /desk/sign-in/passkey/options": "staff_passkeys.begin_showing",
    "POST /passkeys/options": "passkeys.begin_opening",
    "POST /receipts": "notices.receive",
    "GET /r/{reminder_id}": "notices.follow",
    "POST /gateway/reports": "one comparison of two digests; refusals wait by address",
    "POST /redcap/api/": "one look-up by digest; refusals wait by address",
}
HARMLESS = {
    "GET /healthz": "says one word",
    "GET /readyz": "reads a few rows, for whoever looks after the service",
    "GET /api/v1/openapi.json": "the published description",
    "GET /desk/sign-in": "a form",
    "POST /desk/sign-out": "ends the sign-in whose token is shown",
    "GET /desk/join/{invitation}": "one look-up by digest of a token that nobody guesses",
    "GET /join/{token}": "one look-up by digest of a token that nobody guesses",
    "GET /unlock": "a form",
    "POST /sign-out": "ends the sign-in whose token is shown",
    "GET /signed-out": "a page",
    "POST /language": "a cookie; what it writes is the signed-in person's",
    "GET /shell/{lang}/{name}": "a page without anybody's data",
    "GET /sw.js": "a script",
    "GET /manifest.webmanifest": "a file",
    "POST /submissions": "one look-up by digest of the phone's credential",
    "GET /install": "a page",
    "GET /privacy": "a page",
}


def asked_by(dependant: Dependant) -> Iterator[str]:
    """The names of everything that a route depends on."""
    for one in dependant.dependencies:
        yield getattr(one.call, "__name__", "")
        yield from asked_by(one)


def open_routes() -> dict[str, set[str]]:
    """The routes that answer somebody unknown, with what they depend on."""
    found: dict[str, set[str]] = {}
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            asked = set(asked_by(route.dependant))
            if not asked & ASKS_WHO:
                found |= {f"{method} {route.path}": asked for method in route.methods or ()}
    return found


@pytest.mark.trust(18)
def test_every_open_door_is_paced_or_harmless() -> None:
    routes = open_routes()
    paced = {route for route, asked in routes.items() if "keep_pace" in asked}
    assert paced
    assert not paced & (OWN_PACE.keys() | HARMLESS.keys())
    assert routes.keys() - paced == OWN_PACE.keys() | HARMLESS.keys()


def knock(stage: Stage, address: str, path: str = "/desk/join/x") -> int:
    """Try a door that opens to nobody, from an address."""
    client = TestClient(stage.app, base_url=stage.deployment.base_url, client=(address, 50_000))
    return client.post(path, data={}).status_code


@pytest.mark.trust(18)
def test_a_door_is_tried_so_often_from_one_address(stage: Stage) -> None:
    tries = [knock(stage, f"2001:db8:0:1::{no}") for no in range(deps.AT_THE_DESK + 1)]
    assert (set(tries[:-1]), tries[-1]) == ({404}, 429)
    with stage.database.read() as session:
        [kept] = [
            row
            for row in session.connection().exec_driver_sql(
                "SELECT source, attempts FROM throttles"
            )
            if row[0].startswith("pace/desk/")
        ]
    assert tuple(kept) == ("pace/desk/2001:db8:0:1::/64", deps.AT_THE_DESK), "one row, counted once"
    assert knock(stage, "2001:db8:0:2::1") == 404
    assert knock(stage, "198.51.100.7", "/unlock") == 401
    stage.clock.advance(minutes=1)
    assert stage.client(Who.CLINICIAN).get("/desk").status_code == 200


@pytest.mark.parametrize("claimed", ["203.0.113.9", "127.0.0.1", "203.0.113.9, 127.0.0.1"])
def test_an_address_is_not_believed_from_anybody(stage: Stage, claimed: str) -> None:
    client = TestClient(
        stage.app, base_url="http://localhost:8000", headers={"x-forwarded-for": claimed}
    )
    client.post("/desk/sign-in", data={})
    with stage.database.read() as session:
        sources = session.connection().exec_driver_sql("SELECT source FROM throttles").scalars()
        assert not any(claimed.split(",")[0] in source for source in sources)
