"""OpenAPI: the routes of the door and no other, with examples that are true."""

import json
from typing import Any

from app.domain.ledger import Chain, check_payload, check_texts
from app.routers.api.examples import CHANGE, ENTRY, PAGE
from app.routers.api.shapes import Change, ChangesPage, Entry
from tests.people import Stage, Who


def described(stage: Stage) -> dict[str, Any]:
    """The published description."""
    answer = stage.client(Who.NOBODY).get("/api/v1/openapi.json")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def test_it_tells_of_the_door_alone(stage: Stage) -> None:
    document = described(stage)
    assert document["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    operations = [get for path in document["paths"].values() for get in path.values()]
    assert all(operation["security"] == [{"key": []}] for operation in operations)
    assert all("4XX" in operation["responses"] for operation in operations)
    assert all(operation["description"] for operation in operations)
    methods = {(m, path) for path, found in document["paths"].items() for m in found}
    assert {path for m, path in methods if m != "get"} == {"/api/v1/cursors/{name}"}


def test_its_examples_have_the_shapes_that_they_illustrate(stage: Stage) -> None:
    schemas = described(stage)["components"]["schemas"]
    for shape in (Change, ChangesPage, Entry):
        [example] = schemas[shape.__name__]["examples"]
        shape.model_validate_json(json.dumps(example))


def test_its_example_proves_itself() -> None:
    chain = Chain("data/lyon")
    chain.follow(CHANGE["no"], CHANGE["body"], CHANGE["prev_hash"], CHANGE["hash"])
    assert PAGE["heads"] == {"data/lyon": {"no": chain.no, "hash": chain.head}}
    assert PAGE["next_cursor"] == f"{PAGE['epoch']}:{CHANGE['seq']}:{chain.head[:8]}"
    body = json.loads(CHANGE["body"])
    assert check_payload(body, CHANGE["data"])
    assert check_texts(body, {"reason": CHANGE["reason"]}, CHANGE["text_salt"])
    assert body.items() <= CHANGE.items()
    assert ENTRY["hash"] == CHANGE["hash"]
