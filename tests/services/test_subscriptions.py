"""Push subscriptions: whose they are, where they may lie, and everything that ends them."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.domain.access import Actor
from app.domain.errors import DomainError, InvalidInput, NotSignedIn, WrongState
from app.domain.participant import Move
from app.routers.deps import PERSON_COOKIE
from app.services import devices, participants, subscriptions
from app.services.deployment import Deployment
from app.services.subscriptions import Offered
from app.services.vault import Vault
from app.store.tables import PushSubscription
from tests.api.test_changes import acts_of
from tests.people import NOW, PIN, Stage, Who

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
AUTH = base64.urlsafe_b64encode(bytes(16)).rstrip(b"=").decode()


def point(form: PublicFormat) -> str:
    return base64.urlsafe_b64encode(KEY.public_bytes(Encoding.X962, form)).rstrip(b"=").decode()


def at(place: str, **changes: str) -> Offered:
    """What a browser gives at a place of an allowed push service."""
    given = {
        "endpoint": f"https://fcm.googleapis.com/fcm/send/{place}",
        "p256dh": point(PublicFormat.UncompressedPoint),
        "auth": AUTH,
    }
    return Offered(**given | changes)


def subscribe(stage: Stage, who: Who | Actor, offered: Offered, **changes: Any) -> str:
    actor = stage.actor(who) if isinstance(who, Who) else who
    deployment = replace(stage.deployment, **changes)
    with stage.database.write() as session:
        return subscriptions.subscribe(
            session, deployment=deployment, actor=actor, subscription=offered, now=stage.clock.now
        )


def row_of(stage: Stage, subscription_id: str) -> PushSubscription:
    with stage.database.read() as session:
        return session.get_one(PushSubscription, subscription_id)


def ending(stage: Stage, subscription_id: str) -> str | None:
    """Why a subscription ended, or None while it lives; what ended keeps no address."""
    row = row_of(stage, subscription_id)
    assert (row.ended_at is None) == (row.ended_by is None) == (row.sealed is not None)
    return row.ended_by


def places(stage: Stage, who: Who, deployment: Deployment | None = None) -> list[str]:
    """The last words of the endpoints at which a participant is reached."""
    id_ = stage.actor(who).participant_id
    assert id_ is not None
    with stage.database.read() as session:
        found = subscriptions.live_by_participant(session, deployment or stage.deployment, [id_])
    return [one.endpoint.rpartition("/")[2] for one in found.get(id_, ())]


def ops(stage: Stage) -> list[str]:
    """The acts about push, in order, with what ended them."""
    acts = [
        (op, act)
        for op in ("participant.push_on", "participant.push_off")
        for act in acts_of(stage.database, op)
    ]
    return [f"{op.rpartition('_')[2]} {act.get('by', '')}".strip() for op, act in acts]


def second_phone(stage: Stage) -> Actor:
    """Another phone of the own participant, signed in."""
    with stage.database.write() as session:
        link = participants.issue_link(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            now=NOW,
        )
        token = link.rpartition("/")[2]
        phone = devices.join(session, token=token, pin=PIN, label="tablet", sent_at=NOW, now=NOW)
        found = devices.find_enrolled(session, phone.credential)
        assert found is not None
        return devices.actor_for(found[1], found[0])


def test_a_phone_is_taken_down_sealed_and_read_again(stage: Stage) -> None:
    given = at("a", auth=AUTH + "==")
    id_ = subscribe(stage, Who.OWN, given)
    row = row_of(stage, id_)
    assert row.sealed is not None
    assert b"fcm" not in row.sealed
    assert "fcm" not in row.endpoint_hash
    person_id = row.participant_id
    with stage.database.read() as session:
        [found] = subscriptions.live_by_participant(session, stage.deployment, [person_id])[
            person_id
        ]
    assert (found.id, found.endpoint) == (id_, given.endpoint)
    assert (found.p256dh, found.auth) == (given.p256dh, AUTH)
    assert "fcm" not in f"{found!r} {given!r}"
    assert places(stage, Who.OTHER) == []


def test_the_act_says_which_phone_and_not_where(stage: Stage) -> None:
    subscribe(stage, Who.OWN, at("a"))
    [act] = acts_of(stage.database, "participant.push_on")
    assert act == {"device": stage.actor(Who.OWN).device_id}


def test_the_same_again_changes_nothing(stage: Stage) -> None:
    first = subscribe(stage, Who.OWN, at("a"))
    assert subscribe(stage, Who.OWN, at("a")) == first
    assert subscribe(stage, Who.OWN, at("a", auth=AUTH + "==")) == first
    assert ops(stage) == ["on"]


def test_a_phone_has_one_at_a_time(stage: Stage) -> None:
    first = subscribe(stage, Who.OWN, at("a"))
    second = subscribe(stage, Who.OWN, at("b"))
    assert (ending(stage, first), ending(stage, second)) == ("replaced", None)
    assert places(stage, Who.OWN) == ["b"]
    new_keys = at("b", auth=base64.urlsafe_b64encode(bytes([1] * 16)).decode())
    assert subscribe(stage, Who.OWN, new_keys) != second
    assert ending(stage, second) == "replaced"


def test_two_phones_of_one_person_are_both_reached(stage: Stage) -> None:
    subscribe(stage, Who.OWN, at("a"))
    stage.clock.advance(minutes=1)
    subscribe(stage, second_phone(stage), at("b"))
    assert places(stage, Who.OWN) == ["a", "b"]


def test_one_browser_never_serves_two_people(stage: Stage) -> None:
    first = subscribe(stage, Who.OTHER, at("shared"))
    subscribe(stage, Who.OWN, at("shared"))
    assert ending(stage, first) == "replaced"
    assert (places(stage, Who.OTHER), places(stage, Who.OWN)) == ([], ["shared"])
    assert ops(stage) == ["on", "on", "off replaced"]


def test_nor_after_the_secret_was_changed(stage: Stage) -> None:
    old, new = "the first secret of the tests, 1234", "the second secret of the tests, 5678"
    first = subscribe(stage, Who.OTHER, at("shared"), vault=Vault(old))
    subscribe(stage, Who.OWN, at("shared"), vault=Vault(new, old))
    assert ending(stage, first) == "replaced"


@pytest.mark.parametrize(
    ("offered", "code"),
    [
        (at("a", endpoint="https://push.evil.example/a"), "push_host"),
        (at("a", endpoint="http://fcm.googleapis.com/a"), "push_host"),
        (at("a", endpoint=""), "push_host"),
        (at("x" * 1000), "push_host"),
        (at("a", p256dh=point(PublicFormat.CompressedPoint)), "push_keys"),
        (at("a", p256dh=base64.urlsafe_b64encode(b"\4" + bytes(64)).decode()), "push_keys"),
        (at("a", p256dh=AUTH), "push_keys"),
        (at("a", p256dh=""), "push_keys"),
        (at("a", auth=""), "push_keys"),
        (at("a", auth=AUTH + "AA"), "push_keys"),
        (at("a", auth="é" * 22), "push_keys"),
        (at("a", auth="A" * 21), "push_keys"),
        (at("a", auth="+" * 22), "push_keys"),
    ],
    ids=range(13),
)
def test_what_no_browser_of_theirs_gives_is_refused(
    stage: Stage, offered: Offered, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        subscribe(stage, Who.OWN, offered)
    assert refused.value.code == code
    assert refused.value.refused == {}, "an endpoint is no word for the trail"
    assert places(stage, Who.OWN) == []


def test_only_a_participant_on_an_enrolled_phone_subscribes(stage: Stage) -> None:
    own = stage.actor(Who.OWN)
    strangers = (
        stage.actor(Who.CLINICIAN),
        replace(own, device_id=None),
        replace(own, device_id=stage.actor(Who.OTHER).device_id),
    )
    for actor in strangers:
        with pytest.raises(DomainError):
            subscribe(stage, actor, at("a"))
    lose(stage)
    with pytest.raises(NotSignedIn):
        subscribe(stage, own, at("a"))


def lose(stage: Stage) -> None:
    """Close every phone of the own participant, from the desk."""
    with stage.database.write() as session:
        devices.revoke(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            reason="lost",
            now=NOW,
        )


def test_a_participant_turns_it_off(stage: Stage) -> None:
    id_, actor = subscribe(stage, Who.OWN, at("a")), stage.actor(Who.OWN)
    for expected in (1, 0):
        with stage.database.write() as session:
            assert subscriptions.end_own(session, actor=actor, now=NOW) == expected
    assert ending(stage, id_) == "turned_off"
    assert ops(stage) == ["on", "off turned_off"]


def test_it_ends_at_sign_out_and_for_that_phone_alone(stage: Stage) -> None:
    id_ = subscribe(stage, Who.OWN, at("a"))
    other = subscribe(stage, second_phone(stage), at("b"))
    assert stage.client(Who.OWN).post("/sign-out").status_code == 303
    assert (ending(stage, id_), ending(stage, other)) == ("signed_out", None)
    assert ops(stage) == ["on", "on", "off signed_out"]


def test_it_ends_at_a_sign_out_from_a_page_that_was_left_open(stage: Stage) -> None:
    id_ = subscribe(stage, Who.OWN, at("a"))
    token = stage.cast.cookies[Who.OWN][PERSON_COOKIE]
    later = NOW + timedelta(hours=5)
    with stage.database.write() as session:
        devices.sign_out(session, token=token, now=later)
        devices.sign_out(session, token="nobody's", now=later)
    assert ending(stage, id_) == "signed_out"


def test_it_ends_with_its_phone(stage: Stage) -> None:
    id_ = subscribe(stage, Who.OWN, at("a"))
    lose(stage)
    assert ending(stage, id_) == "device"


@pytest.mark.parametrize("by", [Move.WITHDRAW, Move.RECORD_DEATH])
def test_it_ends_at_once_with_the_participation(stage: Stage, by: Move) -> None:
    id_, actor = subscribe(stage, Who.OWN, at("a")), stage.actor(Who.OWN)
    with stage.database.write() as session:
        participants.change_state(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            by=by,
            reason="said so",
            now=NOW,
        )
    assert ending(stage, id_) == "withdrawn"
    with pytest.raises(WrongState):
        subscribe(stage, actor, at("a"))


def test_what_the_push_service_does_not_know_any_more_is_forgotten(stage: Stage) -> None:
    id_ = subscribe(stage, Who.OWN, at("a"))
    for _ in range(2):
        with stage.database.write() as session:
            subscriptions.forget(session, id_, NOW)
    assert ending(stage, id_) == "gone"
    assert ops(stage) == ["on", "off gone"]


def test_what_cannot_be_unsealed_is_left_out_and_can_be_replaced(stage: Stage) -> None:
    lost = Vault("the first secret of the tests, 1234")
    id_ = subscribe(stage, Who.OWN, at("a"), vault=lost)
    subscribe(stage, Who.OTHER, at("b"))
    assert (places(stage, Who.OWN), places(stage, Who.OTHER)) == ([], ["b"])
    subscribe(stage, Who.OWN, at("a"))
    assert ending(stage, id_) == "replaced"
    assert places(stage, Who.OWN) == ["a"]
