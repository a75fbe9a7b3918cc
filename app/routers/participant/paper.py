"""The diary's form as ready values: what is asked of one person on one evening, and read back.

The rule kept: a fresh form holds no earlier answer; a correction starts from that entry alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from app.domain.errors import DomainError, InvalidInput, NotFound
from app.domain.records import DiaryPayload, Kind, Snapshot, read_payload
from app.domain.review import contradictions
from app.domain.study import Study
from app.domain.study.wording import LimbName, Side
from app.rendering import translations
from app.routers import forms
from app.routers.deps import Service, SignedIn
from app.routers.participant import shelf
from app.routers.participant.posts import Post
from app.routers.participant.shelf import Logged
from app.routers.participant.words import Words
from app.services import today
from app.services.today import Stage, Today
from app.store import records
from app.store.session import Session
from app.store.tables import Record


@dataclass(frozen=True)
class Paper:
    """What a diary form is made of, for one person at one instant."""

    service: Service
    who: SignedIn
    now: datetime
    seen: Today
    listed: dict[str, Snapshot]
    logged: list[Logged]

    @property
    def is_practice(self) -> bool:
        """Whether the answers will not be kept: before the first diary day."""
        return self.seen.stage is Stage.BEFORE

    def read(self, form: forms.Fields) -> tuple[dict[str, Any], list[str]]:
        """Read a posted form; give its payload and the contradictions not settled yet."""
        study, medicines = self.service.deployment.study, shelf.as_sent(self.listed)
        payload = forms.diary(form, study, self.who.person.scale, medicines)
        try:
            typed = cast(DiaryPayload, read_payload(Kind.DIARY, payload))
        except InvalidInput as fault:
            field = forms.field_of(fault.field, payload)
            raise InvalidInput(fault.code, field=field, refused=fault.refused) from None
        found = contradictions(typed, has_logged_dose=bool(self.logged))
        kept = found & set(typed.kept)
        return {**payload, "kept": sorted(kept)}, sorted(found - kept)

    def fresh(self, mode: str, action: str) -> dict[str, Any]:
        """The values of an empty form."""
        return self._page(mode, action, {}, {**forms.ids(), **self._opened()})

    def again(
        self, mode: str, action: str, post: Post, typed: dict[str, Any], error: DomainError
    ) -> dict[str, Any]:
        """The values of a form that was refused: `typed` as it was, and what is wrong."""
        form = post.form
        values = typed["values"] | {name: form.get(name, []) for name in ("zones", "kept")}
        shown = self._page(mode, action, values, typed["hidden_fields"])
        unsettled = error.params.get("codes", ())
        return {**shown, "errors": typed["errors"], "contradictions": unsettled}

    def correction(self, session: Session, entry: Record, action: str) -> dict[str, Any]:
        """The values of tonight's entry, to be changed."""
        version = records.get_version(session, entry.record_id, entry.version)
        if version is None or version.payload is None:
            raise NotFound("not_found")
        texts = records.texts_of(session, [version.change_id]).get(version.change_id, {})
        said = {name: text for name, (text, _) in texts.items() if text}
        values = forms.diary_values(DiaryPayload.model_validate_json(version.payload), said)
        base = {"record_id": entry.record_id, "base_version": str(entry.version)}
        shown = self._page("correction", action, values, forms.ids() | base | self._opened())
        shown["document"] |= {"record_id": entry.record_id, "base_version": entry.version}
        return shown

    def _opened(self) -> dict[str, str]:
        return {"opened_at": self.now.isoformat()}

    def _page(
        self, mode: str, action: str, values: dict[str, Any], hidden: dict[str, str]
    ) -> dict[str, Any]:
        study, person = self.service.deployment.study, self.who.person
        words = Words(study, self.who.lang)
        limb: LimbName = "hand" if person.limb == "hand" else "foot"
        side: Side = "left" if person.side == "left" else "right"
        profile = {
            "limb": study.limbs.words(limb, side).in_(words.lang),
            "limb_kind": limb,
            "side": side,
            "scale": person.scale,
            "medicines": shelf.medicines(self.listed, words, values),
            "logged": [words.dose(dose.payload) for dose in self.logged],
        }
        return {
            "profile": profile,
            "mode": mode,
            "action": action,
            "values": values,
            "errors": {},
            "contradictions": (),
            "hidden_fields": hidden | ({"flare": "1"} if mode == "flare" else {}),
            "item_labels": words.item_labels(),
            "is_practice": self.is_practice,
            "document": self._document(mode, words.lang),
        }

    def _document(self, mode: str, lang: str) -> dict[str, Any]:
        """What the script must know to make the submission by itself."""
        return document_of(self.service.deployment.study, lang) | {
            "mode": mode,
            "practice": self.is_practice,
            "on": self.seen.diary_on.isoformat(),
            "scale": self.who.person.scale,
            "medicines": shelf.as_sent(self.listed),
            "logged": bool(self.logged),
        }


def document_of(study: Study, lang: str) -> dict[str, Any]:
    """What the script must know of the study, whoever answers."""
    _ = translations(lang).gettext
    return {
        "form_version": study.version,
        "items": [item.code for item in study.asked_items],
        "triggers": [trigger.code for trigger in study.asked_triggers],
        "zone_set": study.zone_set.version,
        "words": {
            "answered": _("answered"),
            "unanswered": _("no answer"),
            "diary": _("Your diary"),
        },
    }


def paper_for(session: Session, service: Service, who: SignedIn, now: datetime) -> Paper:
    """Gather what the form of this instant is made of."""
    seen = today.look(session, deployment=service.deployment, person=who.person, now=now)
    return Paper(
        service,
        who,
        now,
        seen,
        shelf.snapshots(session, who.person, seen.diary_on),
        shelf.logged_doses(session, who.person, seen.diary_on),
    )
