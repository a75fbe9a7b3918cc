"""The audit of dependencies fails for a known fault alone, and never passes in silence unasked."""

import json

import pytest

from tests.house.audit import verdict

FINE = {"name": "alembic", "version": "1.20.1", "vulns": []}
FAULTY = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [{"id": "GHSA-1", "fix_versions": ["3.1.6"], "aliases": [], "description": ""}],
}
UNKNOWN = {"name": "lxml", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([FINE], 0, ""),
        ([FINE, FAULTY], 1, "VULNERABLE: jinja2 3.1.0: GHSA-1, mended in 3.1.6"),
        ([FAULTY, UNKNOWN], 1, "VULNERABLE: jinja2 3.1.0: GHSA-1, mended in 3.1.6|NOT AUDITED: 1"),
        ([UNKNOWN] * 9, 0, "NOT AUDITED: 9 of 9 packages"),
    ],
)
def test_what_is_known_decides(packages: list[dict[str, object]], status: int, said: str) -> None:
    found, lines = verdict(json.dumps({"dependencies": packages, "fixes": []}))
    assert found == status
    assert "|".join(lines).startswith(said)
    assert bool(lines) == bool(said)


@pytest.mark.parametrize("told", ["", "connection refused", "{}"])
def test_nothing_asked_is_said_loudly(told: str) -> None:
    assert verdict(told) == (0, ["NOT AUDITED: the advisory service could not be asked."])
