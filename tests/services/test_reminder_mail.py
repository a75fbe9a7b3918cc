"""What others can read of a reminder: nothing about health, and nothing that opens the diary."""

import re

import pytest

from app.gateways.mail import SmtpMailer
from tests.reminded import FIRST, LAST, SECOND, Post
from tests.servers import MailSink

HEALTH = re.compile(
    r"douleur|pain|crps|sdrc|m[ée]dica|medic|drug|k[ée]tamin|lidoca|santé|health|malad|disease"
    r"|patient|h[ôo]pita|hospital|clini|trial|essai|meso|chu\b|score|sympt|soin|care\b|study|étude",
    re.IGNORECASE,
)


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.trust(25)
def test_mail_says_nothing_about_health_and_carries_no_authority(
    post: Post, mail_sink: MailSink, language: str
) -> None:
    post.enrol("someone", language=language)
    post.mailer = SmtpMailer(
        host="127.0.0.1", port=mail_sink.port, security="none", sender="carnet@notes.example"
    )
    for at in (FIRST, SECOND, LAST):
        assert post.run(at) == 1
    assert len(mail_sink.messages) == 3
    for message in mail_sink.messages:
        read = f"{message.items()}\n{message.get_content()}"
        assert HEALTH.search(read) is None, read
        assert "MS-" not in read
        links = re.findall(r"https?://\S+", message.get_content())
        [(link, key)] = re.findall(r"(http://localhost:8000/r/)(\S+)", " ".join(links))
        assert links == [link + key]
        assert message["Message-ID"] == f"<{key}@notes.example>"
        assert message["Content-Language"] == language
        assert {name.lower() for name, _ in message.items()} <= {
            "from", "to", "subject", "date", "message-id", "auto-submitted", "content-language",
            "content-type", "content-transfer-encoding", "mime-version",
        }  # fmt: skip


def test_mail_speaks_the_language_of_the_participant(post: Post) -> None:
    post.enrol("francais", language="fr")
    post.enrol("english", language="en")
    post.run(LAST)
    by_language = {mail.language: mail for mail in post.sent}
    assert by_language["fr"].sender_name == "Carnet"
    assert "minuit" in by_language["fr"].subject
    assert by_language["en"].sender_name == "Diary"
    assert "midnight" in by_language["en"].subject


@pytest.mark.parametrize("text", ["Votre douleur", "Your pain diary", "Étude MESO", "CHU de Lyon"])
def test_the_search_for_health_words_can_fail(text: str) -> None:
    assert HEALTH.search(text)
