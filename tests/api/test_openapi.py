"""OpenAPI: the routes of the door and no other, with examples that are true."""

import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from jsonschema_rs import Draft202012Validator

from app.domain.ledger import Chain, canonical, check_payload, check_texts
from app.routers.api.examples import CHANGE, ENTRY, HEADS, PAGE
from app.routers.api.shapes import Change, ChangesPage, Entry, SignedHeads
from app.services import heads
from tests import trial
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


def answers(document: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Method, path, format and description of each answer that is no refusal."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for media, told in operation["responses"]["200"]["content"].items():
                yield method, path, media, told


def test_each_answer_in_each_format_has_an_example_and_is_like_it(stage: Stage) -> None:
    trial.live(stage)
    document = described(stage)
    seen = set()
    for method, path, media, told in answers(document):
        schema = told["schema"]
        [name] = [schema["$ref"].rpartition("/")[2]] if "$ref" in schema else [""]
        of_shape = document["components"]["schemas"].get(name, {}).get("examples", [None])
        example = told.get("example", of_shape[0])
        assert example is not None, (path, media)
        place = path.format(record_id=stage.cast.record_ids[Who.OWN], name="warehouse")
        answer = stage.client(Who.KEY).request(
            method.upper(),
            place,
            params={"type": "transactional"} if path.endswith("/odm") else {},
            json={"cursor": "0"} if method == "put" else None,
            headers={"accept": media},
        )
        assert answer.status_code == 200, (path, media, answer.text[:300])
        assert answer.headers["content-type"].partition(";")[0] == media
        if media == "application/json":
            rules = Draft202012Validator({**schema, "components": document["components"]})
            rules.validate(example)
            rules.validate(answer.json())
        written = json.dumps(example) if media == "application/json" else example
        assert are_alike(*(read(media, text) for text in (answer.text, written))), (path, media)
        seen.add(media)
    assert seen == {"application/json", "application/x-ndjson", "application/xml", "text/csv"}


def read(media: str, text: str) -> Any:
    """What an answer and its example must have in common: members, columns, the outer element."""
    if media == "text/csv":
        return dict.fromkeys(text.splitlines()[0].split(","))
    if media == "application/xml":
        return {ElementTree.fromstring(text.encode()).tag: None}
    if media == "application/x-ndjson":
        lines = text.splitlines()
        return [json.loads(lines[0])], json.loads(lines[-1])
    return json.loads(text)


FREE = {
    "data",
    "originator",
    "texts",
    "text_salt",
    "heads",
    "statuses",
    "codes",
    "members",
    "columns",
}
"""What has other members for each record, site or study."""


def are_alike(one: Any, other: Any) -> bool:
    """Whether two values have the same members; what is empty in either is like anything."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            are_alike(one[name], other[name]) for name in one.keys() - FREE
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return not (one and other) or are_alike(one[0], other[0])
    return True


def test_its_description_is_not_sent_again_to_who_has_it(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    first = client.get("/api/v1/openapi.json", headers={"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    tag = first.headers["etag"]
    for known in (tag, f'"0", {tag}', "*"):
        again = client.get("/api/v1/openapi.json", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
    plain = client.get("/api/v1/openapi.json", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == first.json()


def test_its_examples_have_the_shapes_that_they_illustrate(stage: Stage) -> None:
    schemas = described(stage)["components"]["schemas"]
    for shape in (Change, ChangesPage, Entry, SignedHeads):
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
    heads.read(canonical(HEADS))
