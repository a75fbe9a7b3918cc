"""Whatever is asked of the door, allowed by its description or not, it answers as described."""

from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from tests.effort import effort
from tests.people import Stage, Who

CASES = effort(200, 12_500)
"""Of all operations and both kinds together, on each engine."""
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def send(client: TestClient, case: Any) -> Any:
    """Ask as the case says, with the key of the client."""
    asked = case.as_transport_kwargs(base_url="http://localhost:8000")
    asked["headers"] = {
        name: value for name, value in asked["headers"].items() if name.lower() != "authorization"
    }
    if isinstance(asked.get("data"), bytes):
        asked["content"] = asked.pop("data")
    asked.pop("cookies", None)
    return client.request(**asked)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_door_answers_as_described(stage: Stage, mode: GenerationMode) -> None:
    client = stage.client(Who.KEY)
    described = schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json())
    operations = [found.ok() for found in described.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) >= 10
    examples = CASES // 2 // len(operations)
    asked: dict[int, int] = {}

    for operation in operations:

        @settings(
            max_examples=examples,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            answer = send(client, case)
            asked[answer.status_code] = asked.get(answer.status_code, 0) + 1
            case.validate_response(answer, checks=CHECKS)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"

        stage.clock.advance(minutes=1)  # a key may ask only so often a minute
        ask()

    assert asked.get(200), asked
