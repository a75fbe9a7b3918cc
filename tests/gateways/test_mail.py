"""The mail gateway against a real server: its words, its protection, the names of its failures."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from app.gateways.mail import RecordingMailer, SmtpMailer
from app.services.ports import ChannelAway, Mail, NotDelivered, PassingFailure, PermanentFailure
from tests.servers import Certified, MailSink, certify, free_address

AT = datetime(2026, 2, 3, 18, 0, tzinfo=UTC)
MAIL = Mail(
    key="6f1c9a52-0000-4000-8000-000000000001",
    to="quelqu.un@example.org",
    sender_name="Carnet",
    subject="Votre carnet, avant ce soir minuit",
    body="Il est encore temps : votre carnet est ouvert jusqu’à minuit.\n",
    language="fr",
    at=AT,
)


def mailer_for(port: int, **changes: Any) -> SmtpMailer:
    given = {"host": "127.0.0.1", "port": port, "security": "none", **changes}
    return SmtpMailer(sender="carnet@notes.example", **given)


def mail_to(address: str) -> Mail:
    return Mail(MAIL.key, address, "Carnet", "Bonsoir", "Bonsoir\n", "fr", AT)


class Server(MailSink):
    """A sink that also notes how it is greeted, and gives the answers it is told to give."""

    def __init__(self, answers: dict[str, str] | None = None, **options: Any) -> None:
        self.greetings: list[str] = []
        self.were_protected: list[bool] = []
        self.answers = answers or {}
        super().__init__(**options)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, session: Session, _: Envelope, name: str, answers: list[str]
    ) -> list[str]:
        self.greetings.append(name)
        self.were_protected.append(session.ssl is not None)
        session.host_name = name
        return answers

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := self.answers.get("RCPT"):
            return answer
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        return self.answers.get("DATA") or await super().handle_DATA(server, session, envelope)

    async def handle_QUIT(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, _: Envelope
    ) -> str:
        return self.answers.get("QUIT", "221 Bye")


@contextmanager
def server(answers: dict[str, str] | None = None, **options: Any) -> Iterator[Server]:
    running = Server(answers, **options)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def test_a_message_arrives_whole() -> None:
    with server() as sink:
        mailer_for(sink.port).send(MAIL)
    [message] = sink.messages
    assert message["From"] == "Carnet <carnet@notes.example>"
    assert message["To"] == MAIL.to
    assert message["Subject"] == MAIL.subject
    assert message["Message-ID"] == f"<{MAIL.key}@notes.example>"
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert message.get_content().replace("\r\n", "\n") == MAIL.body


def test_the_server_is_greeted_by_the_name_of_the_sender_and_not_of_the_machine() -> None:
    with server() as sink:
        mailer_for(sink.port).send(MAIL)
    assert sink.greetings == ["notes.example"]


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ({"RCPT": "550 5.1.1 No such user"}, PermanentFailure, "recipient_550"),
        ({"RCPT": "451 4.7.1 Greylisted"}, PassingFailure, "recipient_451"),
        ({"DATA": "554 5.7.1 Not wanted"}, PermanentFailure, "message_554"),
        ({"DATA": "452 4.3.1 Disk full"}, PassingFailure, "message_452"),
        ({"MAIL": "550 5.7.1 Not your sender"}, ChannelAway, "sender_550"),
    ],
)
def test_a_refusal_is_permanent_or_passing_and_named_by_its_code(
    answers: dict[str, str], kind: type[NotDelivered], code: str
) -> None:
    with server(answers) as sink, pytest.raises(NotDelivered) as refused:
        mailer_for(sink.port).send(MAIL)
    assert (type(refused.value), refused.value.code) == (kind, code)
    assert refused.value.__suppress_context__, "the server's own words could hold the address"


def test_a_farewell_that_fails_undoes_nothing() -> None:
    with server({"QUIT": "421 Leaving already"}) as sink:
        mailer_for(sink.port).send(MAIL)
    assert len(sink.messages) == 1


def test_a_server_that_does_not_answer_is_given_up_in_time() -> None:
    with free_address() as silent:
        silent.listen()
        with pytest.raises(ChannelAway):
            mailer_for(silent.getsockname()[1], timeout_s=0.05).send(MAIL)


def test_a_server_that_is_not_there_is_away() -> None:
    with free_address() as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(ChannelAway, match="ConnectionRefusedError"):
        mailer_for(port).send(MAIL)


@pytest.mark.parametrize(
    "address", ["a@example.org\r\nBcc: b@example.org", "a@example.org\nX: y", "é@example.org"]
)
def test_an_address_that_mail_cannot_carry_fails_for_good(address: str) -> None:
    with server(enable_SMTPUTF8=False) as sink, pytest.raises(PermanentFailure):
        mailer_for(sink.port).send(mail_to(address))
    assert sink.messages == []


# Protection


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """A certificate for loopback, and a client that trusts it."""
    return certify(tmp_path_factory.mktemp("tls"))


def test_starttls_protects_the_message_and_the_sign_in(certified: Certified) -> None:
    def sign_in(_s: SMTP, _n: Session, _e: Envelope, _m: str, given: LoginPassword) -> AuthResult:
        return AuthResult(success=given == LoginPassword(b"carnet", b"a password"), handled=False)

    with server(
        authenticator=sign_in,
        tls_context=certified[0],
        require_starttls=True,
        auth_required=True,
        auth_exclude_mechanism=["LOGIN"],
    ) as sink:
        for_it = {"security": "starttls", "tls": certified[1], "user": "carnet"}
        mailer_for(sink.port, password="a password", **for_it).send(MAIL)
        with pytest.raises(ChannelAway, match="server_535"):
            mailer_for(sink.port, password="another", **for_it).send(MAIL)
    assert sink.were_protected == [False, True] * 2
    assert len(sink.messages) == 1


def test_tls_from_the_first_byte(certified: Certified) -> None:
    with server(ssl_context=certified[0]) as sink:
        mailer_for(sink.port, security="tls", tls=certified[1]).send(MAIL)
    assert len(sink.messages) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_nothing_is_sent_without_the_protection_that_was_asked_for(security: str) -> None:
    with server() as sink, pytest.raises(ChannelAway):
        mailer_for(sink.port, security=security, timeout_s=1.0).send(MAIL)
    assert sink.messages == []


def test_an_unknown_certificate_is_not_trusted(certified: Certified) -> None:
    with server(tls_context=certified[0]) as sink, pytest.raises(ChannelAway, match="SSLCert"):
        mailer_for(sink.port, security="starttls").send(MAIL)
    assert sink.messages == []


# The twin


def test_the_twin_fails_as_it_is_told_and_keeps_the_rest_as_files(tmp_path: Path) -> None:
    twin = RecordingMailer(
        tmp_path / "mail", failures={"b@example.org": PermanentFailure("recipient_550")}
    )
    twin.send(MAIL)
    with pytest.raises(PermanentFailure):
        twin.send(mail_to("b@example.org"))
    with pytest.raises(PermanentFailure):
        twin.send(mail_to("a@example.org\nX: y"))
    assert twin.sent == [MAIL]
    [file] = (tmp_path / "mail").iterdir()
    kept = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert (kept["To"], kept["Subject"]) == (MAIL.to, MAIL.subject)


def test_neither_address_nor_password_shows_when_a_mail_or_a_mailer_is_printed() -> None:
    shown = f"{MAIL!r} {mailer_for(25, user='carnet', password='a password')!r}"
    assert MAIL.to not in shown
    assert "a password" not in shown
