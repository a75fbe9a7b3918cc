"""What a study tells participants: its messages, when none goes, and the notice on their data.

The rule kept: a message may be read by others, so it holds no word of health and no answer.
"""

from datetime import time
from typing import Annotated

from pydantic import Field

from app.domain.study.wording import Part, Text


class Message(Part):
    """What a mail says, in every language; `{link}`, `{opens}` and `{closes}` are filled in."""

    subject: Text
    body: Text


class DayMessage(Message):
    """A message of the day, at a local time."""

    at: time


class DayMessages(Part):
    """The messages beside the evening's: a session on that day, a diary that opens the next."""

    session_day: DayMessage
    opens_tomorrow: DayMessage


class Digest(Message):
    """What the team is told on a working day of open work; numbers fill `{tasks}`, `{waiting}`.

    `at` is local time of the site's hours; `{link}` leads to the list. `copies` is the line of the
    trial database's copies that are behind, `{copies}` of them.
    """

    at: time
    copies: Text


class Quiet(Part):
    """The local hours in which nothing is sent, wherever the participant is; may pass midnight."""

    from_: Annotated[time, Field(alias="from")]
    until: time


class PushWords(Part):
    """What a notification says beside a message's subject, and the words of its two buttons."""

    until: Text
    waiting: Message
    in_30_minutes: Text
    in_1_hour: Text


class NoticeSection(Part):
    """One heading of a notice with its paragraphs."""

    title: Text
    paragraphs: Annotated[tuple[Text, ...], Field(min_length=1)]


class Notice(Part):
    """A notice to participants, in sections."""

    title: Text
    sections: Annotated[tuple[NoticeSection, ...], Field(min_length=1)]
