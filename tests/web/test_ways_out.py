"""The ways out that the settings give, and the command that takes returned mail from a server."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.__main__ import cli
from app.domain.reach import Channel
from app.gateways.mail import RecordingMailer, SmtpMailer
from app.gateways.push import WebPusher
from app.gateways.sms import HttpTexter, RecordingTexter
from app.main import gateways_of
from app.services.deployment import Deployment
from app.services.ports import Gateways
from app.settings import Settings
from app.store.session import Database
from tests.gateways.test_bounces import KEY, returned
from tests.people import Stage
from tests.services.test_receipts import sent, told

SECRET = "a key of the tests: 9f2c7e1b4d8a6053"


def settings_with(**changes: Any) -> Settings:
    return Settings(**{"secret_key": SECRET, "database_url": "sqlite://"} | changes)


@pytest.fixture
def unconfigured(database: Database) -> Iterator[Gateways]:
    gateways = gateways_of(settings_with(), database)
    assert isinstance(gateways.pusher, WebPusher)
    with closing(gateways.pusher):
        yield gateways


def test_push_is_always_there_and_the_others_when_they_are_named(
    database: Database, unconfigured: Gateways
) -> None:
    assert (unconfigured.mailer, unconfigured.texter) == (None, None)
    named = settings_with(smtp_host="mail.example", sms_url="https://sms.example/messages")
    gateways = gateways_of(named, database)
    assert isinstance(gateways.mailer, SmtpMailer)
    assert isinstance(gateways.texter, HttpTexter)


def test_in_the_demo_mail_and_texts_are_files(database: Database) -> None:
    gateways = gateways_of(settings_with(demo=True), database)
    assert isinstance(gateways.mailer, RecordingMailer)
    assert isinstance(gateways.texter, RecordingTexter)
    assert isinstance(gateways.pusher, WebPusher)


@pytest.mark.parametrize(
    ("changes", "channels"),
    [
        ({}, {Channel.PUSH}),
        ({"smtp_host": "mail.example"}, {Channel.PUSH, Channel.EMAIL}),
        ({"sms_url": "https://sms.example/x"}, {Channel.PUSH, Channel.SMS}),
        ({"demo": True}, {Channel.PUSH, Channel.EMAIL, Channel.SMS}),
    ],
    ids=range(4),
)
def test_the_deployment_knows_its_ways(changes: dict[str, Any], channels: set[Channel]) -> None:
    deployment = Deployment.of(settings_with(**changes))
    assert deployment.channels == channels
    assert "fcm.googleapis.com" in deployment.push_hosts


@pytest.mark.parametrize("url", ["https://sms.example/x", "http://127.0.0.1:9000/x", ""])
def test_an_sms_gateway_is_protected_or_on_this_machine(url: str) -> None:
    assert settings_with(sms_url=url).sms_url == url


@pytest.mark.parametrize(
    "url", ["http://sms.example/x", "sms.example", "ftp://sms.example/x", "https://u:p@sms.example"]
)
def test_another_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sms_url"):
        settings_with(sms_url=url)


def test_the_tokens_come_from_files_and_do_not_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in (("SMS_TOKEN", "a bearer"), ("SMS_REPORT_TOKEN", SECRET[::-1])):
        (tmp_path / name).write_text(f"{value}\n", encoding="utf-8")
        monkeypatch.setenv(f"DIARY_{name}_FILE", str(tmp_path / name))
    settings = settings_with()
    assert settings.sms_token.get_secret_value() == "a bearer"
    assert settings.sms_report_token.get_secret_value() == SECRET[::-1]
    assert "a bearer" not in repr(settings)
    with pytest.raises(ValueError, match="sms_report_token"):
        settings_with(sms_report_token="short")


# The command


def bounce(mail: bytes, database_url: str) -> Result:
    """Pipe a mail into the command, as a mail server does."""
    env = {
        "DIARY_SECRET_KEY": SECRET,
        "DIARY_DATABASE_URL": database_url,
        "DIARY_MAIL_SENDER": "carnet@notes.example",
    }
    return CliRunner().invoke(cli, ["bounce"], input=mail, env=env)


def url_of(stage: Stage) -> str:
    return stage.database.url.render_as_string(hide_password=False)


def test_a_returned_mail_is_noted_at_its_reminder(stage: Stage) -> None:
    key = sent(stage, Channel.EMAIL)
    result = bounce(returned().replace(KEY.encode(), key.encode()), url_of(stage))
    assert (result.exit_code, result.output) == (0, "")
    assert told(stage.database, key)[::2] == ("failed", ["bounced 5.1.1"])


def test_what_is_none_of_ours_goes_no_further_and_not_back(stage: Stage) -> None:
    for mail in (returned(), b"Subject: Bonjour\n\nMerci !\n", b""):
        result = bounce(mail, url_of(stage))
        assert result.exit_code == 0
        assert "diary" in result.stderr
        assert KEY not in result.output


def test_while_the_database_is_away_the_mail_server_is_to_try_again(tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path / 'missing' / 'diary.db'}"
    assert bounce(returned(), nowhere).exit_code == 75
