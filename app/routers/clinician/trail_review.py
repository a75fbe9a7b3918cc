"""The review of the trail: what deserves a look at a site, and who looked up to where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission, require_anywhere
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.routers.clinician.desk import FormFields, desk_page, read_date, typed
from app.routers.clinician.pictures import address_of
from app.routers.clinician.trail_words import refusal_of
from app.routers.clinician.words import KINDS, OPERATIONS, ROLES, Words
from app.routers.deps import NOBODY, AtDesk, Desk, Form, Here, Now, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import trail_reviews
from app.services.trail_reviews import SHOWN, Reviewable
from app.store import participants
from app.store.session import Session
from app.store.tables import Site
from app.store.trail_reviews import SavedRow

router = APIRouter(include_in_schema=False)
ADDRESS = "/desk/trail/review"


@router.get(ADDRESS)
def show_review(request: Request, service: Here, desk: Desk, now: Now) -> Response:
    """Show what deserves a look in the trail of a site, and the reviews done."""
    require_anywhere(desk.actor, Permission.READ_TRAIL)
    form = {name: [value] for name, value in request.query_params.items()}
    page = _Page(request, service, desk, now)
    on_refusal(request, lambda error, told: page.refused(error, told, form, is_search=True))
    return page.show(
        form, (read_date(form, "from", needed=False), read_date(form, "to", needed=False))
    )


@router.post("/desk/trail/reviews")
def note_review(
    request: Request, service: Here, session: Write, form: Form, desk: Desk, now: Now
) -> Response:
    """Say that the trail of a site was reviewed up to the change that the page knew."""
    require_anywhere(desk.actor, Permission.REVIEW_TRAIL)
    page = _Page(request, service, desk, now)
    on_refusal(request, lambda error, told: page.refused(error, told, form, is_search=False))
    site_id, until = first(form, "site"), first(form, "until_seq")
    if not until.isascii() or not until.isdigit() or len(until) > 18:
        raise InvalidInput("not_a_choice", field="until_seq", refused={"until_seq": until})
    trail_reviews.review(
        session,
        actor=desk.actor,
        site_id=site_id,
        until_seq=int(until),
        note=first(form, "note"),
        now=now,
    )
    return RedirectResponse(f"{ADDRESS}?site={site_id}#reviews", status_code=303)


@dataclass(frozen=True)
class _Page:
    """The page for one reader, as it stands at `now`."""

    request: Request
    service: Service
    desk: AtDesk
    now: datetime

    def refused(
        self, error: DomainError, told: str, form: FormFields, *, is_search: bool
    ) -> Response:
        """The page with a sentence at the field at fault, over the usual days."""
        if isinstance(error, NotFound | NotAllowed):
            return answer(self.request, error)
        field = {"words": "note", None: "review"}.get(error.field, error.field)
        values = typed(form) if is_search else {"note": first(form, "note")}
        return self.show(form, (None, None), errors={field: told}, values=values)

    def show(
        self,
        form: FormFields,
        days: tuple[date | None, date | None],
        *,
        errors: dict[str | None, str] | None = None,
        values: dict[str, str] | None = None,
    ) -> Response:
        """Answer with the page of the site asked for, else of the reader's first."""
        with self.service.database.read() as session:
            sites = self._sites(session)
            site_id = first(form, "site") or (sites[0].id if sites else "")
            found = trail_reviews.read_review(
                session,
                deployment=self.service.deployment,
                actor=self.desk.actor,
                site_id=site_id,
                days=days,
                now=self.now,
            )
        said = {
            **_said(found, Words(self.service.deployment.study, self.desk.lang)),
            "done": [self._done(one) for one in found.done],
            "sites": sites,
            "site": found.site,
            "until_seq": found.until_seq,
            "may_review": self.desk.actor.role_at(Permission.REVIEW_TRAIL, site_id) is not None,
            "errors": errors or {},
            "values": {
                "from": found.first_on.isoformat(),
                "to": found.last_on.isoformat(),
                **(values or {}),
            },
        }
        return desk_page(
            self.request, self.desk, self.service.deployment, "clinician/trail_review.html", said
        )

    def _sites(self, session: Session) -> list[Site]:
        return [
            site
            for site in participants.list_sites(session)
            if self.desk.actor.role_at(Permission.READ_TRAIL, site.id) is not None
        ]

    def _done(self, one: Any) -> dict[str, Any]:
        zone = ZoneInfo(self.service.deployment.study.tz)
        return {
            "at": one.reviewed_at.astimezone(zone),
            "who": one.reviewer,
            "until_seq": one.until_seq,
            "note": one.note,
        }


def _said(found: Reviewable, words: Words) -> dict[str, Any]:
    """The findings in words: for each its code, how many, and the lines that are shown."""
    findings = found.findings
    saved = {
        "late": findings.late,
        "at_night": findings.at_night,
        "much_edited": findings.much_edited,
        "by_site": findings.by_site,
    }
    lists: dict[str, tuple[int, Sequence[Any]]] = {
        code: (len(rows), [_saved(row, words) for row in rows[:SHOWN]])
        for code, rows in saved.items()
    }
    lists["identical"] = (len(findings.identical), findings.identical[:SHOWN])
    lists["after_sign_off"] = (
        len(findings.after_sign_off),
        [
            {
                "study_code": row.study_code,
                "address": address_of(row.study_code, row.diary_on),
                "diary_on": row.diary_on,
                "said": words.say(OPERATIONS, row.op),
            }
            for row in findings.after_sign_off[:SHOWN]
        ],
    )
    refused = [
        ("", "", refusal_of(words, code), n)
        if who == NOBODY.id
        else (who, words.say(ROLES, role), refusal_of(words, code), n)
        for who, role, code, n in findings.refused[:SHOWN]
    ]
    count = sum(n for *_which, n in findings.refused)
    return {"lists": lists, "refused": refused, "n_refused": count}


def _saved(row: SavedRow, words: Words) -> dict[str, Any]:
    return {
        "study_code": row.study_code,
        "address": f"{address_of(row.study_code, row.diary_on)}#record-{row.record_id}",
        "diary_on": row.diary_on,
        "kind": words.say(KINDS, row.kind),
        "said": words.say(OPERATIONS, row.op),
        "version": row.version,
        "saved_at": row.saved_at.astimezone(zone_named(row.tz)),
    }
