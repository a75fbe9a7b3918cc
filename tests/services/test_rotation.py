"""A new secret takes an earlier one’s place under load, in pieces, and phones stay known."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.main import create_app
from app.services import contacts, rotation, verification
from app.services.contacts import EMAIL
from app.services.vault import Vault
from app.store import participants
from app.store.session import Database
from app.store.tables import Contact, PushSubscription
from tests import factories
from tests.people import NOW, Stage, Who, settings_for
from tests.reminded import Post, address_of
from tests.services.test_subscriptions import at, subscribe

OLD = settings_for("sqlite://").secret_key.get_secret_value()
NEW = "the next key of the tests: 71c3f9e0a2d4b658"
CROWD = 25


def left(database: Database, *secrets: str) -> dict[str, int]:
    with database.read() as session:
        return rotation.count_left(session, Vault(*secrets))


@pytest.mark.trust(24)
def test_everything_is_sealed_again_while_people_read_and_write(post: Post) -> None:
    people = [post.enrol(f"p{number}", phone="+33600000000") for number in range(CROWD)]
    rotating = Vault(NEW, OLD)

    def live(person: int) -> None:
        """Read a contact, and write every third anew, as a service with both secrets does."""
        with post.database.write() as session:
            contact = session.get_one(Contact, person)
            assert rotating.open(contact.email_sealed or b"", EMAIL) == address_of(f"p{person - 1}")
            if person % 3 == 0:
                contact.phone_sealed = rotating.seal("+33700000000", contacts.PHONE)

    with ThreadPoolExecutor(3) as pool:
        turning = pool.submit(rotation.rotate, post.database, rotating, now=NOW, batch=4)
        assert list(pool.map(live, people)) == [None] * CROWD
        done = turning.result()
    assert left(post.database, NEW, OLD) == {}
    assert CROWD < done.resealed <= 2 * CROWD
    with post.database.read() as session:
        for person in people:
            contact = session.get_one(Contact, person)
            phone = "+33700000000" if person % 3 == 0 else "+33600000000"
            assert Vault(NEW).open(contact.phone_sealed or b"", contacts.PHONE) == phone
        assert verification.verify(session).fault is None


def test_it_can_be_interrupted_and_resumed(post: Post) -> None:
    for number in range(6):
        post.enrol(f"p{number}")

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(post.database, Vault(NEW, OLD), now=NOW, batch=4, progress=stop)
    assert left(post.database, NEW, OLD)["participants’ e-mail addresses"] == 2
    assert rotation.rotate(post.database, Vault(NEW, OLD), now=NOW, batch=4).resealed == 2
    assert left(post.database, NEW, OLD) == {}


def test_what_no_secret_opens_is_counted_and_left(post: Post) -> None:
    post.enrol("p0")
    done = rotation.rotate(post.database, Vault(NEW), now=NOW)
    assert (done.resealed, done.left) == (0, 1)
    assert left(post.database, NEW) == {"participants’ e-mail addresses": 1}


def test_once_the_secret_is_gone_phones_are_still_recognised(stage: Stage) -> None:
    public = stage.service.push_key
    before = subscribe(stage, Who.OWN, at("browser"))
    study = stage.deployment.study
    sent = factories.submission(study, factories.diary(study), saved_at=NOW)
    assert stage.client(Who.OWN).post("/submissions", json=sent).status_code == 201
    rotation.rotate(stage.database, Vault(NEW, OLD), now=NOW)
    assert left(stage.database, NEW, OLD) == {}
    settings = settings_for(stage.database.url.render_as_string(hide_password=False))
    alone = settings.model_copy(update={"secret_key": SecretStr(NEW)})
    with TestClient(create_app(alone, clock=stage.clock)) as bare:
        opened = Stage(bare.app, stage.clock, stage.cast)  # type: ignore[arg-type]
        again = opened.client(Who.OWN).post("/submissions", json=sent)
        assert (again.status_code, again.json()["outcome"]) == (200, "known")
        other = opened.client(Who.OWN).post("/submissions", json={**sent, "elapsed_s": 61.0})
        assert other.status_code == 409
        assert opened.service.push_key == public
        assert subscribe(opened, Who.OWN, at("browser")) == before
        with opened.database.read() as session:
            assert session.get_one(PushSubscription, before).sealed is not None
            person = participants.get_by_code(session, stage.cast.study_codes[Who.OWN], ["*"])
            contact = participants.find_contact(session, person.id)
            addresses = contacts.open_addresses(opened.deployment, contact)
            assert addresses.email == "quelqu.un@example.org"
