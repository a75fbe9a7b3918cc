"""Two people of the site act on one thing in the same moment: one wins, and the other is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from httpx2 import Response

from tests import desk_scenes, scenes
from tests.people import Stage, Who

BOTH = (Who.CLINICIAN, Who.COORDINATOR)


def take_alert(stage: Stage, own: str) -> tuple[str, dict[str, str]]:
    """An alert that nobody has taken on."""
    alert_id = desk_scenes.alerted(stage, Who.OWN)["alert_id"]
    return f"{own}/alerts/{alert_id}/owner", {}


def answer_query(stage: Stage, _own: str) -> tuple[str, dict[str, str]]:
    """A query that waits for the site."""
    query_id = desk_scenes.queried(stage, Who.OWN)["query_id"]
    return f"/desk/queries/{query_id}", {"move": "answered", "words": "yes"}


def accept_set_aside(stage: Stage, _own: str) -> tuple[str, dict[str, str]]:
    """A second diary that was set aside."""
    id_ = scenes.set_aside(stage, Who.OWN)["set_aside_id"]
    return f"/desk/set-aside/{id_}", {"reason": "the first one is right"}


@pytest.mark.parametrize("scene", [take_alert, answer_query, accept_set_aside])
def test_one_wins_and_the_other_is_told(
    stage: Stage, scene: Callable[[Stage, str], tuple[str, dict[str, str]]]
) -> None:
    path, form = scene(stage, f"/desk/participants/{stage.cast.study_codes[Who.OWN]}")
    ready = Barrier(len(BOTH))

    def act(who: Who) -> Response:
        client = stage.client(who)
        ready.wait(timeout=10)
        return client.post(path, data=form)

    with ThreadPoolExecutor(len(BOTH)) as pool:
        answers = sorted(pool.map(act, BOTH), key=lambda answer: answer.status_code)
    assert [answer.status_code for answer in answers] == [303, 409]
    assert 'role="alert"' in answers[1].text
