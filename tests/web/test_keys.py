"""Keys at the desk: made and ended by a data manager, of their own sites alone, shown once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.access import Grant, Role
from app.domain.errors import NotAllowed, NotFound
from app.services import keys
from tests import trial
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
