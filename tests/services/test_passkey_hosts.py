"""Passkeys belong to the host name that people type; a bare address has none."""

import pytest

from app.domain.errors import WrongState
from app.services import ceremonies, passkeys
from app.services.deployment import Deployment
from tests.people import NOW, Stage, settings_for


@pytest.mark.parametrize(
    ("base_url", "party"),
    [
        ("https://carnet.example", ("carnet.example", "https://carnet.example")),
        ("https://Carnet.example:443", ("carnet.example", "https://carnet.example")),
        ("https://carnet.example:8443", ("carnet.example", "https://carnet.example:8443")),
        ("http://localhost:8000", ("localhost", "http://localhost:8000")),
        ("http://127.0.0.1:8000", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None),
    ],
)
def test_passkeys_are_bound_to_the_host_that_people_type(
    base_url: str, party: tuple[str, str] | None
) -> None:
    deployment = Deployment.of(settings_for("sqlite://", base_url))
    found = ceremonies.find_party(deployment)
    assert (found and (found.id, found.origin)) == party


def test_at_a_bare_address_there_are_none(stage: Stage) -> None:
    deployment = Deployment.of(settings_for("sqlite://", "http://127.0.0.1:8000"))
    with pytest.raises(WrongState), stage.database.write() as session:
        passkeys.begin_opening(
            session, deployment=deployment, credential="", source="passkey/192.0.2.1", now=NOW
        )
