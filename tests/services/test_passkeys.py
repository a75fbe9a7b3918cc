"""A passkey opens its owner's diary and no other; every challenge is answered once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.access import Actor
from app.domain.errors import NotFound, NotSignedIn, TooFast
from app.services import ceremonies, devices, passkeys
from app.services.devices import Browser
from app.services.passkeys import Answer, Opened
from app.services.trail import record_refusal
from app.store import feed
from app.store.participants import list_devices
from tests import authenticator
from tests.authenticator import Key, Options
from tests.people import NOW, PIN, Stage, Who

SOURCE = "passkey/192.0.2.1"
LATER = NOW + timedelta(minutes=1)


def creation(stage: Stage, who: Who = Who.OWN, now: Any = NOW) -> Options:
    """Ask for a new passkey as someone."""
    with stage.database.write() as session:
        return passkeys.begin_adding(
            session, deployment=stage.deployment, actor=stage.actor(who), now=now
        )


def add(stage: Stage, written: str, who: Who = Who.OWN, now: Any = NOW) -> Any:
    """Hand in what a phone made."""
    with stage.database.write() as session:
        return passkeys.add(
            session,
            deployment=stage.deployment,
            actor=stage.actor(who),
            written=written,
            now=now,
        )


def made(stage: Stage, who: Who = Who.OWN) -> Key:
    """A passkey that someone made and the diary keeps."""
    key, written = authenticator.make(creation(stage, who))
    assert add(stage, written, who) == key.written_id
    return key


def request(stage: Stage, credential: str = "", now: Any = LATER) -> Options:
    """Ask for a challenge at the door."""
    with stage.database.write() as session:
        return passkeys.begin_opening(
            session, deployment=stage.deployment, credential=credential, source=SOURCE, now=now
        )


def open_with(
    stage: Stage, written: str, credential: str = "", now: Any = LATER
) -> Opened | NotSignedIn:
    """Hand in an answer as the edge does: a refusal is counted in a transaction of its own."""
    browser = Browser(label="iPhone, Safari", sent_at=now)
    answer = Answer(written=written, credential=credential, browser=browser, source=SOURCE)
    with stage.database.write() as session:
        opened = passkeys.open_with(session, deployment=stage.deployment, answer=answer, now=now)
    if isinstance(opened, NotSignedIn):
        with stage.database.write() as session:
            nobody = Actor(kind="nobody", id="nobody")
            record_refusal(session, actor=nobody, error=opened, act="open", now=now)
    return opened


def opened(stage: Stage, key: Key, credential: str = "") -> Opened:
    """Open with a passkey that must open."""
    found = open_with(stage, authenticator.show(key, request(stage, credential)), credential)
    assert isinstance(found, Opened), found
    return found


def own_credential(stage: Stage, who: Who = Who.OWN) -> str:
    """The credential of a participant's phone."""
    return stage.cast.cookies[who]["device"]


def acts(stage: Stage, op: str) -> list[dict[str, Any]]:
    """The details of the acts of a kind, in order."""
    with stage.database.read() as session:
        bodies = [json.loads(row.body) for row in feed.list_changes(session, ["acts"], 0, 1000)]
    return [body for body in bodies if body["op"] == op]


def live_devices(stage: Stage, who: Who = Who.OWN) -> int:
    """How many devices open a participant's diary."""
    with stage.database.read() as session:
        return len(devices.list_own(session, actor=stage.actor(who)))


def test_the_options_ask_for_the_owner_and_say_nothing_of_them(stage: Stage) -> None:
    options = creation(stage)
    assert options["authenticatorSelection"] == {
        "authenticatorAttachment": "platform",
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert options["attestation"] == "none"
    assert options["rp"] == {"name": "Carnet", "id": "localhost"}
    assert (options["user"]["name"], options["user"]["displayName"]) == ("Carnet", "Carnet")
    assert stage.cast.study_codes[Who.OWN] not in json.dumps(options)
    assert options["user"]["id"] == creation(stage)["user"]["id"]
    assert options["user"]["id"] != creation(stage, Who.OTHER)["user"]["id"]


def test_a_passkey_opens_the_phone_it_was_made_on(stage: Stage) -> None:
    key, credential = made(stage), own_credential(stage)
    options = request(stage, credential)
    assert options["userVerification"] == "required"
    assert authenticator.allowed(options) == [key.id]
    found = opened(stage, key, credential)
    assert found.credential is None
    with stage.database.read() as session:
        signed_in = devices.find_signed_in(session, found.sign_in, LATER)
        assert signed_in is not None
        assert signed_in[2].study_code == stage.cast.study_codes[Who.OWN]
    assert acts(stage, "participant.signed_in")[-1]["details"]["by"] == "passkey"


def test_a_browser_that_is_no_phone_becomes_one_with_the_same_pin(stage: Stage) -> None:
    key = made(stage)
    assert request(stage).get("allowCredentials", []) == []
    found = opened(stage, key)
    assert found.credential is not None
    assert live_devices(stage) == 2
    with stage.database.read() as session:
        phone = devices.find_enrolled(session, found.credential)
        assert phone is not None
        assert (phone[1].study_code, phone[0].label) == (
            stage.cast.study_codes[Who.OWN],
            "iPhone, Safari",
        )
        assert phone[0].contact_at == LATER
    with stage.database.write() as session:
        assert devices.unlock(session, credential=found.credential, pin=PIN, now=LATER)
    assert acts(stage, "device.enrolled")[-1]["details"]["by"] == "passkey"


def test_on_anothers_phone_it_opens_its_owners_diary_and_no_other(stage: Stage) -> None:
    key = made(stage)
    found = open_with(
        stage, authenticator.show(key, request(stage)), own_credential(stage, Who.OTHER)
    )
    assert isinstance(found, Opened)
    assert found.credential is not None
    with stage.database.read() as session:
        signed_in = devices.find_signed_in(session, found.sign_in, LATER)
        assert signed_in is not None
        assert signed_in[2].study_code == stage.cast.study_codes[Who.OWN]
    assert live_devices(stage, Who.OTHER) == 1


def test_a_challenge_is_answered_once_even_wrongly(stage: Stage) -> None:
    key = made(stage)
    options = request(stage)
    assert isinstance(open_with(stage, authenticator.show(key, options)), Opened)
    assert isinstance(open_with(stage, authenticator.show(key, options)), NotSignedIn)
    options = request(stage)
    wrong = authenticator.show(key, options, origin="https://elsewhere.example")
    assert isinstance(open_with(stage, wrong), NotSignedIn)
    assert isinstance(open_with(stage, authenticator.show(key, options)), NotSignedIn)


def test_a_challenge_grows_old_and_is_cleaned_away(stage: Stage) -> None:
    key = made(stage)
    options = request(stage)
    late = LATER + ceremonies.CHALLENGE_LIVES
    assert isinstance(open_with(stage, authenticator.show(key, options), now=late), NotSignedIn)
    request(stage)
    request(stage, now=late)
    with stage.database.read() as session:
        left = session.execute(text("SELECT count(*) FROM passkey_challenges")).scalar()
    assert left == 1


def test_a_challenge_to_make_is_none_to_open_with_and_the_reverse(stage: Stage) -> None:
    key = made(stage)
    assert isinstance(open_with(stage, authenticator.show(key, creation(stage))), NotSignedIn)
    options = creation(stage) | {"challenge": request(stage)["challenge"]}
    assert add(stage, authenticator.make(options)[1]).code == "passkey_not_made"
    of_other = creation(stage) | {"challenge": creation(stage, Who.OTHER)["challenge"]}
    assert add(stage, authenticator.make(of_other)[1]).code == "passkey_not_made"


@pytest.mark.parametrize(
    "fault",
    [
        {"is_verified": False},
        {"origin": "https://elsewhere.example"},
        {"type": "webauthn.create"},
        {"signed_by": Key(b"x", "localhost")},
    ],
    ids=["unverified", "origin", "kind", "signature"],
)
def test_a_faulty_answer_is_refused(stage: Stage, fault: dict[str, Any]) -> None:
    key = made(stage)
    refused = open_with(stage, authenticator.show(key, request(stage), **fault))
    assert isinstance(refused, NotSignedIn)
    assert refused.code == "passkey_refused"
    assert live_devices(stage) == 1


def test_another_host_is_refused(stage: Stage) -> None:
    key = made(stage)
    key.rp_id = "elsewhere.example"
    assert isinstance(open_with(stage, authenticator.show(key, request(stage))), NotSignedIn)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"id": 1}',
        "[" * 50_000,
        '{"id": "\u0000", "response": {"clientDataJSON": "e30"}}',
        '{"id": "x", "response": {"clientDataJSON": "!"}}',
        '{"id": "x", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOm51bGx9"}}',
    ],
    ids=lambda written: written[:20] + written[-20:],
)
def test_what_no_phone_writes_is_refused(stage: Stage, written: str) -> None:
    assert isinstance(open_with(stage, written), NotSignedIn)
    assert add(stage, written).code == "passkey_not_made"


@pytest.mark.parametrize("part", ["authenticatorData", "signature", "clientDataJSON"])
@pytest.mark.parametrize("value", ["", "AA", "_" * 400, 7, None])
def test_a_mangled_answer_is_refused(stage: Stage, part: str, value: Any) -> None:
    told = json.loads(authenticator.show(made(stage), request(stage)))
    told["response"][part] = value
    assert isinstance(open_with(stage, json.dumps(told)), NotSignedIn)


@pytest.mark.parametrize("value", ["", "\0", "é", "x" * 5000, 7, None, {}])
def test_a_strangers_id_is_refused(stage: Stage, value: Any) -> None:
    told = json.loads(authenticator.show(made(stage), request(stage)))
    assert isinstance(open_with(stage, json.dumps(told | {"id": value})), NotSignedIn)
    if isinstance(value, str):
        with pytest.raises(NotFound), stage.database.write() as session:
            passkeys.remove_own(session, actor=stage.actor(Who.OWN), credential_id=value, now=LATER)


@pytest.mark.parametrize("value", ["", "AA", "oA", "_" * 400, 7, None])
def test_a_mangled_passkey_is_not_kept(stage: Stage, value: Any) -> None:
    told = json.loads(authenticator.make(creation(stage))[1])
    told["response"]["attestationObject"] = value
    assert add(stage, json.dumps(told)).code == "passkey_not_made"


@pytest.mark.trust(21)
def test_a_passkey_without_verification_or_kept_already_is_not_kept(stage: Stage) -> None:
    unverified = authenticator.make(creation(stage), is_verified=False)[1]
    assert add(stage, unverified).code == "passkey_not_made"
    key = made(stage)
    for who in (Who.OWN, Who.OTHER):
        again = authenticator.make(creation(stage, who), key_id=key.id)[1]
        assert add(stage, again, who).code == "passkey_not_made"
    too_long = authenticator.make(creation(stage), key_id=b"x" * 1060)[1]
    assert add(stage, too_long).code == "passkey_not_made"


def test_a_phone_is_not_asked_to_make_a_second_passkey(stage: Stage) -> None:
    key = made(stage)
    (excluded,) = creation(stage)["excludeCredentials"]
    assert excluded["id"] == key.written_id
    assert creation(stage, Who.OTHER).get("excludeCredentials", []) == []


def test_a_count_that_goes_backwards_is_refused_and_named_in_the_trail(stage: Stage) -> None:
    key = made(stage)
    key.count = 7
    opened(stage, key, own_credential(stage))
    key.count = 3
    refused = open_with(stage, authenticator.show(key, request(stage)))
    assert isinstance(refused, NotSignedIn)
    assert refused.code == "passkey_refused"
    (copied,) = acts(stage, "passkey.copied")
    assert copied["study_code"] == stage.cast.study_codes[Who.OWN]
    assert acts(stage, "refused")[-1]["details"]["code"] == "passkey_refused"


def test_a_synced_passkey_may_stay_at_nought(stage: Stage) -> None:
    key = made(stage)
    for _ in range(2):
        written = authenticator.show(key, request(stage), counts=False)
        assert isinstance(open_with(stage, written, own_credential(stage)), Opened)


def test_guessing_makes_a_browser_wait_and_a_success_clears(stage: Stage) -> None:
    key = made(stage)
    for _ in range(3):
        assert isinstance(open_with(stage, "{}"), NotSignedIn)
    with pytest.raises(TooFast) as told:
        open_with(stage, authenticator.show(key, request(stage)))
    after = LATER + timedelta(seconds=told.value.retry_after_s)
    written = authenticator.show(key, request(stage, now=after))
    assert isinstance(open_with(stage, written, now=after), Opened)
    assert isinstance(open_with(stage, "{}", now=after), NotSignedIn)
    assert isinstance(open_with(stage, "{}", now=after), NotSignedIn)


def test_a_throttled_browser_does_not_hold_an_enrolled_phone_back(stage: Stage) -> None:
    key = made(stage)
    for _ in range(4):
        try:
            open_with(stage, "{}")
        except TooFast:
            break
    assert opened(stage, key, own_credential(stage)).credential is None


def test_challenges_are_not_given_without_end(stage: Stage) -> None:
    for _ in range(passkeys.OPENINGS_PER_MINUTE):
        request(stage)
    with pytest.raises(TooFast):
        request(stage)
    assert request(stage, now=LATER + timedelta(minutes=1))


def test_a_removed_passkey_opens_nothing(stage: Stage) -> None:
    key = made(stage)
    options = request(stage)
    with stage.database.write() as session:
        passkeys.remove_own(
            session, actor=stage.actor(Who.OWN), credential_id=key.written_id, now=LATER
        )
    assert isinstance(open_with(stage, authenticator.show(key, options)), NotSignedIn)
    with stage.database.read() as session:
        assert passkeys.list_own(session, actor=stage.actor(Who.OWN)) == []


def test_anothers_passkey_cannot_be_removed(stage: Stage) -> None:
    key = made(stage)
    with pytest.raises(NotFound), stage.database.write() as session:
        passkeys.remove_own(
            session, actor=stage.actor(Who.OTHER), credential_id=key.written_id, now=LATER
        )
    opened(stage, key)


def test_a_lost_phone_takes_its_passkeys_and_sign_ins_with_it(stage: Stage) -> None:
    key = made(stage)
    beside = opened(stage, key)
    person_id = stage.actor(Who.OWN).participant_id or 0
    with stage.database.write() as session:
        ended = devices.revoke(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            reason="left on the bus",
            now=LATER,
        )
    assert ended == 2
    assert isinstance(open_with(stage, authenticator.show(key, request(stage))), NotSignedIn)
    with stage.database.read() as session:
        assert devices.find_signed_in(session, beside.sign_in, LATER) is None
        kept = list_devices(session, person_id)
    assert [device.revoked_at for device in kept] == [LATER, LATER]
