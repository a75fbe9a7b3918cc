"""Returned mail as mail servers write it: what is ours, what is for good, what is noise."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateways.bounces import Bounce, read_bounce
from app.gateways.mail import compose
from app.services.ports import Mail

KEY = "6f1c9a52-0000-4000-8000-000000000001"
AT = datetime(2026, 2, 3, 18, 0, tzinfo=UTC)
OURS = compose(
    Mail(KEY, "quelqu.un@example.org", "Carnet", "Votre carnet", "Bonsoir\n", "fr", AT),
    "carnet@notes.example",
)

POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: carnet@notes.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b0"
Message-Id: <20260203180010.ABCDEF@mx.example.org>

This is a MIME-encapsulated message.

--b0
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b0
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: ABCDEF
Arrival-Date: Tue,  3 Feb 2026 19:00:00 +0100 (CET)

Final-Recipient: rfc822; quelqu.un@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 5.1.1 <quelqu.un@example.org>: no such user

--b0
Content-Description: Undelivered Message
Content-Type: {returned}

{original}
--b0--
"""


def returned(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    kind: str = "message/rfc822",
    original: str | None = None,
) -> bytes:
    whole = OURS.as_string() if original is None else original
    if kind == "text/rfc822-headers":
        whole = whole.partition("\n\n")[0] + "\n"
    told = POSTFIX.format(action=action, status=status, returned=kind, original=whole)
    return told.encode()


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_a_report_names_the_mail_and_its_status(kind: str) -> None:
    assert read_bounce(returned(kind=kind), "notes.example") == Bounce(KEY, "5.1.1")


@pytest.mark.parametrize(
    ("action", "status", "told"),
    [
        ("failed", "5.2.2", "5.2.2"),
        ("Failed", "5.0.0 (undefined status)", "5.0.0"),
        ("failed", "4.4.7", "4.4.7"),
        ("failed", "nonsense", "5.0.0"),
        ("failed", "", "5.0.0"),
        ("delayed", "4.4.1", "4.4.1"),
        ("delayed", "5.4.1", "4.4.1"),
        ("delayed", "", "4.0.0"),
    ],
)
def test_what_is_for_good_and_what_is_not(action: str, status: str, told: str) -> None:
    found = read_bounce(returned(action=action, status=status), "notes.example")
    assert found == Bounce(KEY, told)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "", "nonsense"])
def test_a_report_of_success_is_no_bounce(action: str) -> None:
    assert read_bounce(returned(action=action, status="2.0.0"), "notes.example") is None


def test_a_report_without_the_mail_is_known_by_what_it_answers_to() -> None:
    told = returned(original="Subject: taken out").replace(
        b"Return-Path: <>\n", f"References: <{KEY}@notes.example>\n".encode()
    )
    assert read_bounce(told, "NOTES.example") == Bounce(KEY, "5.1.1")


@pytest.mark.parametrize(
    "original",
    [
        "Message-ID: <something-else@notes.example>\nSubject: x\n\nx",
        f"Message-ID: <{KEY}@other.example>\nSubject: x\n\nx",
        f"Message-ID: {KEY}\nSubject: x\n\nx",
        "Message-ID: <------------------------------------@notes.example>\n\nx",
        "Subject: none\n\nx",
    ],
)
def test_a_mail_of_somebody_else_is_none_of_ours(original: str) -> None:
    assert read_bounce(returned(original=original), "notes.example") is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: out of office\nIn-Reply-To: <" + KEY.encode() + b"@notes.example>\n\nBack soon.",
        OURS.as_bytes(),
        b"Content-Type: message/delivery-status\n\nnot a header at all",
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n",
        returned()[:900],
        b"Content-Type: message/rfc822\n\n" * 5000,
    ],
    ids=range(8),
)
def test_noise_is_nothing(raw: bytes) -> None:
    assert read_bounce(raw, "notes.example") is None


@given(st.integers(0, len(returned())), st.binary(max_size=40))
def test_a_damaged_report_is_read_or_left_and_nothing_else(place: int, put: bytes) -> None:
    damaged = returned()[:place] + put + returned()[place + len(put) :]
    found = read_bounce(damaged, "notes.example")
    assert found is None or re.fullmatch(r"[45]\.\d{1,3}\.\d{1,3}", found.status)
