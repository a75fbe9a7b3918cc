"""Keys at the desk: made and ended by a data manager, of their own sites alone, shown once."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from app.commands.keys import cli
from app.domain.access import SYSTEM, Grant, Role
from app.domain.errors import NotAllowed, NotFound, WrongState
from app.services import keys
from tests import trial
from tests.desk import acts
from tests.people import Stage, Who

NEW: dict[str, object] = {
    "label": "warehouse",
    "days": "30",
    "sites": ["lyon"],
    "scopes": ["changes:read"],
}


def test_a_key_is_shown_once_and_opens_until_it_is_ended(stage: Stage) -> None:
    manager = stage.client(Who.DATA_MANAGER)
    made = manager.post("/desk/keys", data=NEW)
    key = made.text.split('id="key">')[1].split("<")[0]
    assert key not in manager.get("/desk/trial-database").text
    headers = trial.bearing(key)
    nobody = stage.client(Who.NOBODY)
    assert nobody.get("/api/v1/changes", headers=headers).status_code == 200
    assert nobody.get("/api/v1/entries", headers=headers).status_code == 403
    ended = manager.post(f"/desk/keys/{key.split('_')[1]}/end")
    assert ended.status_code == 303
    assert nobody.get("/api/v1/changes", headers=headers).status_code == 401


def test_the_next_key_opens_the_same_and_the_one_before_holds_for_the_overlap(stage: Stage) -> None:
    manager, nobody = stage.client(Who.DATA_MANAGER), stage.client(Who.NOBODY)
    before = trial.new_key(stage, "lyon", scopes=("changes:read",))
    shown = manager.post(f"/desk/keys/{before.split('_')[1]}/rotation")
    after = shown.text.split('id="key">')[1].split("<")[0]
    assert "holds until 3 Feb" in shown.text.replace("\u00a0", " ")
    listed = manager.get("/desk/trial-database").text
    assert after not in listed
    assert "ends soon" in listed
    for days, statuses in ((0, (200, 200)), (13.9, (200, 200)), (0.2, (401, 200))):
        stage.clock.advance(days=days)
        for key, status in zip((before, after), statuses, strict=True):
            headers = trial.bearing(key)
            assert nobody.get("/api/v1/changes", headers=headers).status_code == status
            assert nobody.get("/api/v1/entries", headers=headers).status_code in (401, 403)
    assert after.split("_")[1] in acts(stage, "key.rotated")[0]["details"]["successor"]


def test_a_key_that_holds_no_more_has_no_next_one(stage: Stage) -> None:
    over = trial.new_key(stage, days=0)
    with pytest.raises(WrongState), stage.database.write() as session:
        keys.rotate(
            session,
            actor=SYSTEM,
            key_id=over.split("_")[1],
            overlap_days=1,
            now=stage.clock.now,
        )


def test_the_command_line_makes_lists_changes_and_ends_keys(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = stage.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DIARY_DATABASE_URL", url)

    def run(*told: str) -> str:
        done = CliRunner().invoke(cli, told)
        assert done.exit_code == 0, done.output
        return done.stdout

    key = run("add", "warehouse", "--sites", "lyon", "--scope", "metadata:read").strip()
    key_id = key.split("_")[1]
    successor = run("rotate", key_id, "--overlap-days", "7").strip().split("_")[1]
    run("end", key_id)
    assert re.fullmatch(r"[0-9A-F]{32}\n", run("add", "older scripts", "--kind", "redcap"))
    rows = {row[0]: row for row in (re.split(r"\s{2,}", line) for line in run("list").splitlines())}
    assert rows[key_id][-1] == "ended"
    assert rows[successor][1:4] == ["warehouse", "lyon", "metadata:read"]
    assert rows[successor][-1] == "holds"
    assert len(acts(stage, "key.rotated")) == 1


REFUSED: tuple[tuple[dict[str, object], str], ...] = (
    ({"label": " "}, "Fill in this field."),
    ({"days": "0"}, "from 1 to 730"),
    ({"days": "10000000000"}, "from 1 to 730"),
    ({"sites": []}, "Choose which sites"),
    ({"scopes": ["changes:write"]}, "Choose what the key may read"),
)


def test_a_refused_key_keeps_what_was_typed(stage: Stage) -> None:
    for form, told in REFUSED:
        answer = stage.client(Who.DATA_MANAGER).post("/desk/keys", data=NEW | form)
        assert answer.status_code == 422
        assert told in answer.text
        assert 'value="lyon" checked' in answer.text or "sites" in form


def test_a_manager_of_one_site_makes_and_ends_keys_of_that_site_alone(stage: Stage) -> None:
    own = replace(
        stage.actor(Who.DATA_MANAGER), grants=frozenset({Grant(Role.DATA_MANAGER, "lyon")})
    )
    now = stage.clock.now
    far = trial.new_key(stage, "lille").split("_")[1]
    with stage.database.write() as session:
        for sites in (("lille",), ("lyon", "lille"), ("*",)):
            new = keys.NewKey(label="x", sites=sites, expires_at=now + timedelta(days=1))
            with pytest.raises(NotAllowed):
                keys.create(session, actor=own, new=new, now=now)
        with pytest.raises(NotFound):
            keys.revoke(session, actor=own, key_id=far, now=now)
        with pytest.raises(NotFound):
            keys.rotate(session, actor=own, key_id=far, overlap_days=1, now=now)
        own_keys = keys.list_keys(session, actor=own)
    assert far not in [key.id for key in own_keys]
