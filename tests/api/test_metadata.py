"""The data dictionary by HTTP: read once, and again only when the study definition changed."""

from app.routers.api.shapes import Metadata
from tests.people import Stage, Who


def test_the_dictionary_has_the_shape_that_openapi_tells(stage: Stage) -> None:
    answer = stage.client(Who.KEY).get("/api/v1/metadata")
    found = Metadata.model_validate_json(answer.content)
    assert found.form_versions == {"current": "2026.1", "accepted": ["2026.1"]}
    names = [variable["name"] for variable in found.variables]
    assert names[:3] == ["pain_average", "pain_worst", "pain_least"]


def test_what_is_known_is_not_sent_again(stage: Stage) -> None:
    client = stage.client(Who.KEY)
    tag = client.get("/api/v1/metadata").headers["etag"]
    again = client.get("/api/v1/metadata", headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = client.get("/api/v1/metadata", headers={"if-none-match": 'W/"0000"'})
    assert other.status_code == 200


def test_it_takes_no_parameter(stage: Stage) -> None:
    answer = stage.client(Who.KEY).get("/api/v1/metadata?lang=fr")
    assert (answer.status_code, answer.json()["field"]) == (422, "lang")
