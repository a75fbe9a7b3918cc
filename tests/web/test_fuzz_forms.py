"""Wrong requests at every page: none breaks it, and nothing is stored that is not valid."""

import json
import random
import re
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select

from app.domain.records import Kind, read_payload
from app.main import ROUTERS
from app.services import verification
from app.store.tables import RecordVersion
from tests.effort import effort
from tests.people import Stage, Who
from tests.web.ambush import Ambush, Ambushed
from tests.web.test_writes import WRITES

TRIES = effort(14, 400)


def require_whole(stage: Stage) -> None:
    """Whatever was stored is valid, sealed, and can be read where it is shown."""
    with stage.database.read() as session:
        assert verification.verify(session).fault is None
        for kind, payload in session.execute(select(RecordVersion.kind, RecordVersion.payload)):
            if payload is not None:
                read_payload(Kind(kind), json.loads(payload))
    code = stage.cast.study_codes[Who.OWN]
    for who, path in (
        (Who.COORDINATOR, f"/desk/participants/{code}/course"),
        (Who.INSPECTOR, "/desk/trail"),
        (Who.KEY, "/api/v1/export/entries.csv"),
    ):
        assert stage.client(who).get(path).status_code < 400, path


@pytest.mark.parametrize("route", WRITES)
def test_no_wrong_request_breaks_it(stage: Stage, route: str) -> None:
    ambush = Ambush(stage, route, TRIES)
    with pytest.raises(Ambushed):
        for _ in WRITES[route](replace(stage, app=cast(Any, ambush))):
            pass
    assert not ambush.broken
    require_whole(stage)


READS = [
    f"GET {route.path}"
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and "/api/" not in route.path
]
ASKED = (
    "q",
    "next",
    "by",
    "from",
    "to",
    "page",
    "kind",
    "person",
    "medicine",
    "lang",
    "site",
    "sort",
)


def test_no_wrong_address_breaks_a_page(stage: Stage) -> None:
    """Paths and queries of pages, with words where ids, dates and numbers belong."""
    ambush, chance = Ambush(stage, "GET /", 0), random.Random("addresses")
    signed_in = {Who.OWN: stage.client(Who.OWN), Who.INSPECTOR: stage.client(Who.INSPECTOR)}
    signed_in[Who.CLINICIAN] = stage.client(Who.CLINICIAN)
    for _ in range(effort(440, 8_000)):
        path = re.sub(r"{\w+}", lambda _: quote(ambush.word()[:900], safe=""), chance.choice(READS))
        asked = [(chance.choice(ASKED), ambush.word()[:900]) for _ in range(chance.randrange(3))]
        who = chance.choice((Who.CLINICIAN, Who.INSPECTOR)) if "/desk" in path else Who.OWN
        address = f"http://localhost:8000{path.removeprefix('GET ')}?{urlencode(asked)}"
        answer = signed_in[who].get(address)
        assert answer.status_code < 500, address
        if chance.random() < 0.01:
            stage.clock.advance(minutes=1)
