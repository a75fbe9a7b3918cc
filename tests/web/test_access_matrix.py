"""Every route × every person: who gets in, who is shown the door, for whom it does not exist.

A writing route is asked with an empty form: past the door it refuses the form, so that a cell is
about access alone. A route that is not in the table fails the suite, as does a row without a route.
"""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.routing import APIRoute

from app.main import ROUTERS
from app.routers import forms
from tests import desk_scenes, scenes, trial
from tests.people import LAST_EVENING, Stage, Who
from tests.staff_scenes import staffed

# y gets in · d is at the door: not signed in · n may not · h is hidden: no such thing for them
#
# own and other participant · clinician, coordinator and assessor of the site, clinician of another,
# monitor, inspector, data manager, admin · API key, nobody
MATRIX = {
    "GET /healthz": "y y  y y y y y y y y  y y",
    "GET /readyz": "y y  y y y y y y y y  y y",
    # the desk
    "GET /desk/sign-in": "y y  y y y y y y y y  y y",
    "POST /desk/sign-in": "d d  d d d d d d d d  d d",
    "POST /desk/sign-out": "y y  y y y y y y y y  y y",
    "GET /desk/confirm": "d d  y y y y y y y y  d d",
    "POST /desk/confirm": "d d  d d d d d d d d  d d",
    "GET /desk": "d d  y y y y y y y y  d d",  # the admin is led on to the accounts
    "GET /desk/participants/new": "d d  y y n y n n n n  d d",
    "POST /desk/participants": "d d  y y n y n n n n  d d",
    "GET /desk/participants/{study_code}": "d d  y y n h y y n n  d d",
    "GET /desk/participants/{study_code}/days/{diary_on}": "d d  y y n h y y y n  d d",
    "GET /desk/participants/{study_code}/handout": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/handout": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/sessions": "d d  y y n h n n n n  d d",
    "GET /desk/participants/{study_code}/course": "d d  y y y h y y y n  d d",
    "GET /desk/participants/{study_code}/arrival": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/state": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/visits": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/medicines": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/medicines/{medicine_id}/prescription": (
        "d d  y y n h n n n n  d d"
    ),
    "POST /desk/participants/{study_code}/medicines/{medicine_id}/end": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/enrolment": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/zone": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/preferences": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/contact": "d d  y y n h n n n n  d d",
    "GET /desk/formulary": "d d  y y n y n n n n  d d",
    "POST /desk/formulary": "d d  y y n y n n n n  d d",
    "POST /desk/formulary/{box_code}/removal": "d d  y y n y n n n n  d d",
    "POST /desk/participants/{study_code}/lost-phone": "d d  y y n h n n n n  d d",
    "GET /desk/participants/{study_code}/reminders": "d d  y y y h y y y n  d d",
    "POST /desk/participants/{study_code}/clinic-measures": "d d  y n n h n n n n  d d",
    "GET /desk/work": "d d  y y n y y y n n  d d",
    "POST /desk/participants/{study_code}/alerts/{alert_id}/notes": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/alerts/{alert_id}/owner": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/alerts/{alert_id}/closing": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/pause": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/resume": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/test-message": "d d  y y n h n n n n  d d",
    "GET /desk/participants/{study_code}/sign-off": "d d  y y n h y y n n  d d",
    "POST /desk/participants/{study_code}/sign-off": "d d  y n n h n n n n  d d",
    "GET /desk/reminders": "d d  y y y y y y y n  d d",
    "POST /desk/reminders/{reminder_id}/retry": "d d  y y n h n n n n  d d",
    "POST /desk/reminders/{reminder_id}/call": "d d  y y n h n n n n  d d",
    "GET /desk/participants/{study_code}/records/{record_id}/correction": (
        "d d  y y n h n n n n  d d"
    ),
    "POST /desk/participants/{study_code}/records/{record_id}/correction": (
        "d d  y y n h n n n n  d d"
    ),
    "GET /desk/participants/{study_code}/records/{record_id}/void": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/records/{record_id}/void": "d d  y y n h n n n n  d d",
    # accounts and rights
    "GET /desk/accounts": "d d  n n n n n n n y  d d",
    "POST /desk/accounts": "d d  n n n n n n n y  d d",
    "GET /desk/accounts/{staff_id}": "d d  n n n n n n n y  d d",
    "POST /desk/accounts/{staff_id}/grants": "d d  n n n n n n n y  d d",
    "POST /desk/accounts/{staff_id}/grants/{grant_id}/end": "d d  n n n n n n n y  d d",
    "POST /desk/accounts/{staff_id}/disable": "d d  n n n n n n n y  d d",
    "POST /desk/accounts/{staff_id}/enable": "d d  n n n n n n n y  d d",
    "POST /desk/accounts/{staff_id}/link": "d d  n n n n n n n y  d d",
    "GET /desk/access": "d d  n n n n y y n y  d d",
    "GET /desk/operations": "d d  n n n n n n n y  d d",
    "GET /desk/account": "d d  y y y y y y y y  d d",
    "POST /desk/account/password": "d d  y y y y y y y y  d d",
    "POST /desk/account/language": "d d  y y y y y y y y  d d",
    "POST /desk/account/email": "d d  y y y y y y y y  d d",
    "POST /desk/account/codes": "d d  y y y y y y y y  d d",
    "POST /desk/account/sign-ins/end": "d d  y y y y y y y y  d d",
    "POST /desk/account/sign-ins/{sign_in_id}/end": "d d  h h h h h h h h  d d",
    "POST /desk/account/passkeys/options": "d d  y y y y y y y y  d d",
    "POST /desk/account/passkeys": "d d  y y y y y y y y  d d",
    "POST /desk/account/passkeys/removal": "d d  y y y y y y y y  d d",
    "POST /desk/sign-in/passkey/options": "y y  y y y y y y y y  y y",
    "POST /desk/sign-in/passkey": "d d  d d d d d d d d  d d",
    "POST /desk/confirm/passkey/options": "d d  y y y y y y y y  d d",
    "POST /desk/confirm/passkey": "d d  d d d d d d d d  d d",
    "GET /desk/join/{invitation}": "y y  y y y y y y y y  y y",
    "POST /desk/join/{invitation}": "y y  y y y y y y y y  y y",
    "GET /desk/participants/{study_code}/copy": "d d  y y n h n y n n  d d",
    "POST /desk/participants/{study_code}/copy": "d d  y y n h n y n n  d d",
    "GET /desk/sites/{site_id}/copy": "d d  y y n h n y n n  d d",
    "POST /desk/sites/{site_id}/copy": "d d  y y n h n y n n  d d",
    "GET /desk/trial-database": "d d  y y n y y y y n  d d",
    "GET /desk/trial-database/guide": "d d  y y n y y y y n  d d",
    "POST /desk/keys": "d d  n n n n n n y n  d d",
    "POST /desk/keys/{key_id}/end": "d d  n n n n n n y n  d d",
    "POST /desk/keys/{key_id}/rotation": "d d  n n n n n n y n  d d",
    "GET /desk/trail": "d d  y y n y y y y n  d d",
    "GET /desk/trail.csv": "d d  y y n y y y y n  d d",
    "GET /desk/trail.ndjson": "d d  y y n y y y y n  d d",
    "GET /desk/trail/review": "d d  y y n y y y y n  d d",
    "POST /desk/trail/reviews": "d d  y y n y y n n n  d d",
    "GET /desk/set-aside": "d d  y y n y y y y n  d d",
    "GET /desk/set-aside/{set_aside_id}": "d d  y y n h y y y n  d d",
    "POST /desk/set-aside/{set_aside_id}": "d d  y y n h n n n n  d d",
    "GET /desk/participants/{study_code}/entries/new": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/entries": "d d  y y n h n n n n  d d",
    "GET /desk/participants/{study_code}/letters": "d d  y y n h y y y n  d d",
    "POST /desk/participants/{study_code}/letters": "d d  y y n h n n n n  d d",
    "POST /desk/participants/{study_code}/letters/{request_id}": "d d  y y n h n n n n  d d",
    "GET /desk/queries": "d d  y y n y y y y n  d d",
    "POST /desk/queries/{query_id}": "d d  y y n h y n n n  d d",
    "POST /desk/participants/{study_code}/days/{diary_on}/queries": "d d  y y n h y n n n  d d",
    # the trial database
    "GET /api/v1/openapi.json": "y y  y y y y y y y y  y y",
    "GET /api/v1/changes": "d d  d d d d d d d d  y d",
    "GET /api/v1/export/entries.csv": "d d  d d d d d d d d  y d",
    "GET /api/v1/export/doses.csv": "d d  d d d d d d d d  y d",
    "GET /api/v1/export/odm": "d d  d d d d d d d d  y d",
    "GET /api/v1/export/redcap.json": "d d  d d d d d d d d  y d",
    "GET /api/v1/export/redcap.csv": "d d  d d d d d d d d  y d",
    "POST /redcap/api/": "n n  n n n n n n n n  n n",  # its tokens stand in the form
    "PUT /api/v1/cursors/{name}": "d d  d d d d d d d d  y d",
    "GET /api/v1/entries": "d d  d d d d d d d d  y d",
    "GET /api/v1/entries/{record_id}/history": "d d  d d d d d d d d  y d",
    "GET /api/v1/metadata": "d d  d d d d d d d d  y d",
    "GET /api/v1/reconciliation": "d d  d d d d d d d d  y d",
    "GET /api/v1/heads": "d d  d d d d d d d d  y d",
    "GET /api/v1/participants": "d d  d d d d d d d d  y d",
    "GET /api/v1/sessions": "d d  d d d d d d d d  y d",
    "GET /api/v1/figures": "d d  d d d d d d d d  y d",
    # the SMS gateway
    "POST /gateway/reports": "d d  d d d d d d d d  d d",
    # the participant's doors: whoever holds the link or the phone
    "GET /join/{token}": "y y  y y y y y y y y  y y",
    "POST /join/{token}": "y y  y y y y y y y y  y y",
    "GET /unlock": "y y  y y y y y y y y  y y",
    "POST /unlock": "d d  d d d d d d d d  d d",
    "POST /passkeys/options": "y y  y y y y y y y y  y y",
    "POST /passkeys/opening": "d d  d d d d d d d d  d d",
    "POST /pair": "d d  d d d d d d d d  d d",
    "POST /sign-out": "y y  y y y y y y y y  y y",
    "GET /signed-out": "y y  y y y y y y y y  y y",
    "POST /language": "y y  y y y y y y y y  y y",
    # the participant's pages
    "GET /": "y y  d d d d d d d d  d d",
    "GET /diary": "y y  d d d d d d d d  d d",
    "POST /diary": "y y  d d d d d d d d  d d",
    "GET /flare": "y y  d d d d d d d d  d d",
    "GET /diary/{record_id}/correction": "y h  d d d d d d d d  d d",
    "POST /diary/{record_id}/correction": "y h  d d d d d d d d  d d",
    "GET /doses/new": "y h  d d d d d d d d  d d",
    "POST /doses": "y h  d d d d d d d d  d d",
    "POST /doses/{dose_id}/void": "y h  d d d d d d d d  d d",
    "GET /session-report": "y y  d d d d d d d d  d d",
    "POST /session-report": "y y  d d d d d d d d  d d",
    "GET /passkeys/new": "y y  d d d d d d d d  d d",
    "POST /passkeys/new/options": "y y  d d d d d d d d  d d",
    "POST /passkeys": "y y  d d d d d d d d  d d",
    "POST /passkeys/removal": "y y  d d d d d d d d  d d",
    "POST /pairing": "y y  d d d d d d d d  d d",
    "POST /devices/{device_id}/removal": "y h  d d d d d d d d  d d",
    # what a phone keeps: empty pages for everybody, a profile for its owner
    "GET /shell/{lang}/{name}": "y y  y y y y y y y y  y y",
    "GET /sw.js": "y y  y y y y y y y y  y y",
    "GET /manifest.webmanifest": "y y  y y y y y y y y  y y",
    "GET /profile": "y y  d d d d d d d d  d d",
    "POST /submissions": "y y  d d d d d d d d  d d",
    "GET /saved/{submission_id}": "y h  d d d d d d d d  d d",
    "GET /history": "y y  d d d d d d d d  d d",
    "GET /settings": "y y  d d d d d d d d  d d",
    "POST /settings/zone": "y y  d d d d d d d d  d d",
    "POST /settings/reminder": "y y  d d d d d d d d  d d",
    "POST /settings/hand": "y y  d d d d d d d d  d d",
    "POST /settings/look": "y y  d d d d d d d d  d d",
    "POST /settings/test-message": "y y  d d d d d d d d  d d",
    # what phones and their owners say about messages; a message's link and token open nothing
    "POST /push/subscription": "y y  d d d d d d d d  d d",
    "POST /push/subscription/end": "y y  d d d d d d d d  d d",
    "POST /evening/opened": "y y  d d d d d d d d  d d",
    "POST /evening/snooze": "y y  d d d d d d d d  d d",
    "POST /evening/declined": "y y  d d d d d d d d  d d",
    "POST /receipts": "y y  y y y y y y y y  y y",
    "GET /r/{reminder_id}": "y y  y y y y y y y y  y y",
    "GET /requests": "y y  d d d d d d d d  d d",
    "POST /requests": "y y  d d d d d d d d  d d",
    "POST /messages/{message_id}/read": "y h  d d d d d d d d  d d",
    "POST /confirmations/{locked_id}": "y h  d d d d d d d d  d d",
    "GET /check": "y y  d d d d d d d d  d d",
    "GET /hospital": "y y  d d d d d d d d  d d",
    "GET /install": "y y  y y y y y y y y  y y",
    "GET /privacy": "y y  y y y y y y y y  y y",
}
DOORS = ("/desk/sign-in", "/unlock")
WAYS_OUT = ("POST /desk/sign-out", "POST /sign-out")
OUTSIDE_ROUTERS = {"/static"}


def routes() -> set[str]:
    """Every route of the application as method and path."""
    return {
        f"{method} {route.path}".replace("/doses/{record_id}", "/doses/{dose_id}")
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def log_dose(stage: Stage) -> str:
    """Log a dose as the own participant; give its record id."""
    form = forms.ids() | {"medicine": stage.cast.rescue_ids[Who.OWN], "units": "1"}
    answer = stage.client(Who.OWN).post("/doses", data=form)
    assert answer.headers["location"].startswith("/?noted="), answer.text
    return answer.headers["location"].removeprefix("/?noted=")


MADE: dict[str, Callable[[Stage], str]] = {
    "key_id": lambda stage: trial.new_key(stage).split("_")[1],
    "dose_id": log_dose,
    "alert_id": lambda stage: desk_scenes.alerted(stage, Who.OWN)["alert_id"],
    "reminder_id": lambda stage: scenes.messaged(stage, Who.OWN)["failed_id"],
    "message_id": lambda stage: scenes.lettered(stage, Who.OWN)["message_id"],
    "request_id": lambda stage: scenes.lettered(stage, Who.OWN)["request_id"],
    "query_id": lambda stage: desk_scenes.queried(stage, Who.OWN)["query_id"],
    "set_aside_id": lambda stage: scenes.set_aside(stage, Who.OWN)["set_aside_id"],
    "locked_id": lambda stage: scenes.saved_locked(stage, Who.OWN)["locked_id"],
    "staff_id": lambda stage: stage.actor(Who.FAR_CLINICIAN).id,
    "sign_in_id": lambda stage: "0123456789abcdef",
    "grant_id": lambda stage: staffed(stage, Who.OWN)["grant_id"],
    "invitation": lambda stage: staffed(stage, Who.OWN)["invitation"],
}
"""What a path names that is not there on every evening."""


def ask(stage: Stage, route: str, made: dict[str, str]) -> tuple[str, str, dict[str, Any]]:
    """What to ask about the own participant of the scene: method, path and what goes with it."""
    cast = stage.cast
    method, _, path = route.partition(" ")
    filled = path.format(
        study_code=cast.study_codes[Who.OWN],
        site_id="lyon",
        record_id=cast.record_ids[Who.OWN],
        submission_id=cast.submission_ids[Who.OWN],
        diary_on=LAST_EVENING.date(),
        token=cast.link.rpartition("/")[2],
        **made,
        device_id=stage.actor(Who.OWN).device_id,
        lang="fr",
        name="diary",
        medicine_id=cast.rescue_ids[Who.OWN],
        box_code="tramadol-50-mg-capsule",
    )
    with_it = {
        "GET /api/v1/export/odm": {"params": {"type": "snapshot"}},
        "GET /doses/new": {"params": {"medicine": cast.rescue_ids[Who.OWN]}},
        "POST /doses": {"data": {"medicine": cast.rescue_ids[Who.OWN]}},
        "POST /confirmations/{locked_id}": {"data": {"version": "1", "own": "yes"}},
    }
    return method, filled, with_it.get(route, {})


def knock(stage: Stage, route: str, who: Who, made: dict[str, str]) -> str:
    """Ask as someone, and read the answer as a letter of the table."""
    method, path, with_it = ask(stage, route, made)
    answer = stage.client(who).request(method, path, **with_it)
    assert answer.status_code < 500, answer.text
    if answer.status_code == 303 and route not in WAYS_OUT:
        return "d" if answer.headers["location"].startswith(DOORS) else "y"
    return {401: "d", 429: "d", 403: "n", 404: "h"}.get(answer.status_code, "y")


def test_the_table_is_complete() -> None:
    assert set(MATRIX) == routes()


def test_no_route_stands_outside_the_routers(stage: Stage) -> None:
    paths = {route.path for route in stage.app.routes if hasattr(route, "path")}
    assert paths == OUTSIDE_ROUTERS


@pytest.mark.parametrize("route", MATRIX)
@pytest.mark.trust(17)
def test_everyone_at(stage: Stage, route: str) -> None:
    made = {name: make(stage) for name, make in MADE.items() if f"{{{name}}}" in route}
    expected = dict(zip(Who, MATRIX[route].split(), strict=True))
    assert {who: knock(stage, route, who, made) for who in Who} == expected
