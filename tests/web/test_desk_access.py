"""Who had access on a day: told from the grants, with who gave and ended them from the ledger."""

import html
from datetime import timedelta

import pytest

from app.domain.access import ALL_SITES, Role
from app.services import grants
from app.services.grants import NewGrant
from tests.people import NOW, Stage, Who

TOMORROW, LATER = NOW + timedelta(days=1), NOW + timedelta(days=9)


def rows(stage: Stage, who: Who, on: str, site: str = "") -> list[str]:
    """The rows of the page as words."""
    answer = stage.client(who).get("/desk/access", params={"on": on, "site": site})
    assert answer.status_code == 200
    body = html.unescape(answer.text.partition("<tbody>")[2].partition("</tbody>")[0])
    cells = body.replace("<br>", " ").split("</tr>")[:-1]
    return [
        " ".join("".join(part.partition(">")[2] for part in cell.split("<")).split())
        for cell in cells
    ]


@pytest.mark.trust(17)
def test_the_page_tells_any_day(stage: Stage) -> None:
    admin, clinician = stage.actor(Who.ADMIN), stage.actor(Who.CLINICIAN).id
    inspection = NewGrant(
        role=Role.INSPECTOR, site="lille", until_on=(NOW + timedelta(days=7)).date()
    )
    with stage.database.write() as session:
        grants.add_grant(
            session,
            deployment=stage.deployment,
            actor=admin,
            staff_id=stage.actor(Who.MONITOR).id,
            new=inspection,
            now=NOW,
        )
        grants.disable(session, actor=admin, staff_id=clinician, now=TOMORROW)
    assert rows(stage, Who.ADMIN, "2026-01-09") == []
    before = rows(stage, Who.ADMIN, "2026-01-19")
    assert len(before) == 8
    assert all("by the service" in row and row.endswith("goes on") for row in before[:1])
    on_the_day = {row for row in rows(stage, Who.ADMIN, "2026-01-21") if "site clinician" in row}
    (closed,) = (row for row in on_the_day if "other" not in row)
    assert closed.endswith("by Dr admin, account closed")
    inspector = [row for row in rows(stage, Who.ADMIN, "2026-01-27") if "inspector" in row]
    assert any("by itself, after 27 Jan 2026" in row and "by Dr admin" in row for row in inspector)
    after = rows(stage, Who.ADMIN, "2026-01-28")
    assert not any("by itself" in row or "Dr site clinician" in row for row in after)
    assert len(after) == 7


def test_a_monitor_sees_the_rights_of_their_own_site(stage: Stage) -> None:
    seen = " ".join(rows(stage, Who.MONITOR, "2026-01-20"))
    assert "other-site clinician" not in seen
    assert "Dr inspector" in seen  # whose role reaches every site
    assert stage.client(Who.MONITOR).get("/desk/access?site=lille").status_code == 404
    assert any("other-site" in row for row in rows(stage, Who.INSPECTOR, "2026-01-20", "lille"))


@pytest.mark.trust(17)
def test_who_gave_a_role_and_who_ended_it_are_told(stage: Stage) -> None:
    with stage.database.write() as session:
        grants.add_grant(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.ADMIN),
            staff_id=stage.actor(Who.FAR_CLINICIAN).id,
            new=NewGrant(role=Role.MONITOR, site=ALL_SITES, until_on=None),
            now=NOW,
        )
        held = grants.read_account(
            session, actor=stage.actor(Who.ADMIN), staff_id=stage.actor(Who.FAR_CLINICIAN).id
        )
        grants.end_grant(
            session,
            actor=stage.actor(Who.ADMIN),
            staff_id=held.staff.id,
            grant_id=held.grants[-1].id,
            now=TOMORROW,
        )
    row = next(
        row for row in rows(stage, Who.ADMIN, "2026-01-20") if "all sites" in row and "other" in row
    )
    assert row.count("by Dr admin") == 2
