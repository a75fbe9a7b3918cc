"""How a form posted without script is saved, and how it comes back when it is refused.

The rule kept: what is refused comes back as it was typed, and a form sent twice is saved once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request

from app.domain.errors import DomainError
from app.domain.records import read_submission
from app.rendering import translations
from app.routers import forms
from app.routers.deps import Service, SignedIn, first
from app.routers.errors import on_refusal
from app.routers.participant.frame import open_frame
from app.services import diary
from app.services.diary import Receipt
from app.store import records
from app.store.session import Session


@dataclass(frozen=True)
class Post:
    """A form that somebody posted at an instant."""

    request: Request
    service: Service
    who: SignedIn
    form: forms.Fields
    now: datetime

    @property
    def submission_id(self) -> str:
        """The id that the form was given when it was shown."""
        return first(self.form, "submission_id")

    def is_known(self, session: Session) -> bool:
        """Whether the form was sent before: a second tap, or a page that was loaded again."""
        found = records.find_submission(session, self.submission_id)
        return found is not None and found.participant_id == self.who.person.id

    def save(self, session: Session, **fields: Any) -> Receipt:
        """Save what the form says by the one way in; `fields` gives its kind and payload."""
        deployment = self.service.deployment
        raw = forms.submission(self.form, deployment.study, self.who.person.tz, self.now, **fields)
        receipt = diary.submit(
            session,
            deployment=deployment,
            actor=self.who.actor,
            submission=read_submission(raw),
            now=self.now,
        )
        self.request.state.saved = receipt.outcome
        return receipt

    def again(self, error: DomainError, told: str) -> dict[str, Any]:
        """The form as it was typed, with what is wrong tied to its field."""
        hidden = ("record_id", "submission_id", "opened_at", "base_version")
        values: dict[str, Any] = {name: said[0] for name, said in self.form.items()}
        return {
            "values": values,
            "errors": {forms.field_of(error.field, {}): told},
            "hidden_fields": {name: values[name] for name in hidden if name in values},
        }

    def on_refusal(
        self, template: str, values: Callable[[DomainError, str], dict[str, Any]]
    ) -> None:
        """Answer refusals with the form's own page, made of `values(error, sentence)`."""

        def render(error: DomainError, told: str) -> Any:
            with self.service.database.read() as session:
                frame = open_frame(self.request, self.service, session, self.who)
            if error.code == "submission_id_reused":  # a second tap overtook the first
                _ = translations(frame.lang).gettext
                receipt = (_("Show the receipt"), f"/saved/{self.submission_id}")
                return frame.message(_("Saved"), actions=[receipt])
            return frame.page(template, values(error, told))

        on_refusal(self.request, render)
