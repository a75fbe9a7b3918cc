"""The words of messages: what a mail, a text message or a notification says, and what it carries.

The rule kept: no answer, no authority and no word of health; others may read over a shoulder.
"""

from datetime import datetime, timedelta
from typing import Any

from app.domain.reach import MESSAGES_AN_EVENING
from app.domain.schedule import EVENING, DueDay, Kind
from app.domain.study.notices import Message
from app.services.deployment import Deployment
from app.services.ports import Mail, Push, Sms, Subscription
from app.services.reminders.planning import SESSION_DAY
from app.store.tables import Participant, Reminder

SNOOZES_MIN = (30, 60)


def mail(
    deployment: Deployment, person: Participant, row: Reminder, to: str, now: datetime
) -> Mail:
    """Write a mail in the participant's language."""
    subject, body = _said(deployment, person, row)
    return Mail(
        key=row.id,
        to=to,
        sender_name=deployment.study.participant_name.in_(person.language),
        subject=subject,
        body=f"{body}\n",
        language=person.language,
        at=now,
    )


def sms(deployment: Deployment, person: Participant, row: Reminder, to: str) -> Sms:
    """Write a text message: the subject of the mail and the link."""
    subject, _ = _said(deployment, person, row)
    return Sms(key=row.id, to=to, text=f"{subject}. {_link(deployment, row)}")


def push(row: Reminder, *, to: Subscription, payload: dict[str, Any], now: datetime) -> Push:
    """Address a notification to one browser."""
    ttl_s = max(60, int((row.useful_until_at - now).total_seconds()))
    return Push(key=row.id, to=to, payload=payload, ttl_s=ttl_s)


def notification(
    deployment: Deployment, person: Participant, row: Reminder, **told: Any
) -> dict[str, Any]:
    """Write a notification as declarative web push understands it; workers may change it.

    `told` holds `receipt`, the token by which the phone says that it arrived, and `snoozes`, the
    minutes that it may be put off by.
    """
    lang, words = person.language, deployment.study.push
    labels = {30: words.in_30_minutes, 60: words.in_1_hour}
    places = _places(deployment, person, row)
    is_evening = row.kind in EVENING
    return {
        "web_push": 8030,
        "mutable": True,
        "notification": {
            "title": _said(deployment, person, row)[0],
            "body": words.until.in_(lang).format(**places) if is_evening else "",
            "lang": lang,
            "dir": "ltr",
            "navigate": _link(deployment, row),
            "tag": row.diary_on.isoformat(),
            "silent": False,
            "data": {
                "receipt": told["receipt"],
                "on": row.diary_on.isoformat() if is_evening else None,
                "waiting": {
                    "title": words.waiting.subject.in_(lang),
                    "body": words.waiting.body.in_(lang),
                },
                "snoozes": [[m, labels[m].in_(lang)] for m in told["snoozes"]],
            },
        },
    }


def snoozes_left(row: Reminder, day: DueDay, sent: int, now: datetime) -> list[int]:
    """The minutes by which a message may be put off: inside the window, and one may still go.

    `sent` counts the evening's messages before this one.
    """
    if row.kind not in EVENING or day.window is None or sent + 1 >= MESSAGES_AN_EVENING:
        return []
    closes_at = day.window.closes_at
    return [m for m in SNOOZES_MIN if now + timedelta(minutes=m) < closes_at]


def _said(deployment: Deployment, person: Participant, row: Reminder) -> tuple[str, str]:
    """Subject and body."""
    words, lang = _words(deployment, row), person.language
    places = _places(deployment, person, row)
    return words.subject.in_(lang).format(**places), words.body.in_(lang).format(**places)


def _places(deployment: Deployment, person: Participant, row: Reminder) -> dict[str, str]:
    """What is filled into the words."""
    study = deployment.study
    return {
        "closes": study.wording["midnight"].in_(person.language),
        "opens": f"{study.window.opens:%H:%M}",
        "link": _link(deployment, row),
    }


def _link(deployment: Deployment, row: Reminder) -> str:
    """Where a message leads: an evening's says from where, by its id; nothing is opened by it."""
    return f"{deployment.base_url}/r/{row.id}" if row.kind in EVENING else f"{deployment.base_url}/"


def _words(deployment: Deployment, row: Reminder) -> Message:
    """The study's words for a message. What was asked for again is the evening's last word."""
    study = deployment.study
    if row.kind == Kind.TEST:
        return study.test_message
    if row.kind == Kind.NOTICE:
        days = study.day_messages
        return days.session_day if row.step == SESSION_DAY else days.opens_tomorrow
    steps = {step.code: step for step in study.reminders}
    return steps.get(row.step, study.reminders[-1])
