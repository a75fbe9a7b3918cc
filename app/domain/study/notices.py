"""What a study tells participants: its messages, and the notice on their data.

The rule kept: a message may be read by others, so it holds no word of health and no answer.
"""

from typing import Annotated

from pydantic import Field

from app.domain.study.wording import Part, Text


class Message(Part):
    """What a mail says, in every language; `{link}` and `{closes}` are filled in."""

    subject: Text
    body: Text


class NoticeSection(Part):
    """One heading of a notice with its paragraphs."""

    title: Text
    paragraphs: Annotated[tuple[Text, ...], Field(min_length=1)]


class Notice(Part):
    """A notice to participants, in sections."""

    title: Text
    sections: Annotated[tuple[NoticeSection, ...], Field(min_length=1)]
