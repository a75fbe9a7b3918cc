"""Reviewing the trail (EMA 6.2.2): what deserves a look, and who looked up to where.

What is found is no verdict: a late entry may be honest, an even score true. The rule kept: a review
names the last change that its page knew, so that nobody reviewed what came while they read.
"""

import json
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from app.domain.access import ALL_SITES, Actor, Permission, require
from app.domain.diary_day import ONE_DAY, zone_named
from app.domain.errors import InvalidInput, WrongState
from app.domain.letters import read_words
from app.domain.records import Kind
from app.services.deployment import Deployment
from app.store import feed, ledger, participants, trail_reviews, trends
from app.store.session import Session
from app.store.tables import Site, TrailReview
from app.store.trail_reviews import ReviewRow, SavedRow, SignedRow
from app.store.trends import DiaryRow

LONGEST = 100
"""The most days that one review looks at."""
USUAL = timedelta(days=30)
NIGHT_ENDS = time(5)
MUCH_EDITED = 3
"""From so many versions on, a record was edited much."""
IDENTICAL = 5
"""So many entries running with one average pain deserve a look."""
SHOWN = 50
"""How many of each finding the page lists; the rest is counted."""
REFUSALS = 5_000
_PARTICIPANT = '"type":"participant"'


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive entries of one participant with one average pain."""

    study_code: str
    first_on: date
    last_on: date
    value: int
    entries: int


@dataclass(slots=True)
class Findings:
    """What was found, each in the order of participants and days."""

    late: list[SavedRow] = field(default_factory=list)
    at_night: list[SavedRow] = field(default_factory=list)
    much_edited: list[SavedRow] = field(default_factory=list)
    by_site: list[SavedRow] = field(default_factory=list)
    identical: list[Run] = field(default_factory=list)
    after_sign_off: list[SignedRow] = field(default_factory=list)
    refused: list[tuple[str, str, str, int]] = field(default_factory=list)
    """Who, in which role, refused with which code, how often."""


@dataclass(frozen=True, slots=True)
class Reviewable:
    """A site's trail of some days, ready to be reviewed up to the change `until_seq`."""

    site: Site
    first_on: date
    last_on: date
    until_seq: int
    findings: Findings
    done: Sequence[ReviewRow]


def read_review(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    site_id: str,
    days: tuple[date | None, date | None],
    now: datetime,
) -> Reviewable:
    """Read what deserves a look at a site; the days chosen, else those since the last review.

    NotFound out of scope, NotAllowed without the right, InvalidInput for days in the wrong order or
    more than `LONGEST`.
    """
    require(actor, Permission.READ_TRAIL, site_id)
    site = participants.get_site(session, site_id)
    done = trail_reviews.list_reviews(session, [site_id])
    zone = zone_named(deployment.study.tz)
    first_on, last_on = _days(days, done, now.astimezone(zone).date(), zone)
    sites = actor.sites_with(Permission.READ_TRAIL)
    refused_at = sites if ALL_SITES in sites else {site_id}
    return Reviewable(
        site=site,
        first_on=first_on,
        last_on=last_on,
        until_seq=feed.find_last_seq(session),
        findings=_findings(session, site_id, (first_on, last_on), zone, refused_at),
        done=done,
    )


def review(
    session: Session, *, actor: Actor, site_id: str, until_seq: int, note: str, now: datetime
) -> None:
    """Say that a site's trail was reviewed up to a change.

    Raises InvalidInput for a change that is not there, WrongState when the same person reviewed up
    to there already.
    """
    role = require(actor, Permission.REVIEW_TRAIL, site_id)
    participants.get_site(session, site_id)
    words = read_words(note, needed=False)
    if trail_reviews.find_instant_of(session, until_seq) is None:
        raise InvalidInput("not_a_choice", field="until_seq")
    for one in trail_reviews.list_reviews(session, [site_id]):
        if one.until_seq >= until_seq and one.reviewer_id == actor.id:
            raise WrongState("reviewed_already", field="review")
    id_ = str(uuid.uuid4())
    change_id = ledger.queue_act(
        session,
        actor=actor,
        op="trail.reviewed",
        role=role,
        now=now,
        site=site_id,
        details={"review": id_, "until_seq": until_seq},
        texts={"note": words} if words else {},
    )
    session.add(
        TrailReview(
            id=id_,
            site_id=site_id,
            until_seq=until_seq,
            reviewed_at=now,
            reviewed_by=actor.id,
            change_id=change_id,
        )
    )


def _days(
    chosen: tuple[date | None, date | None],
    done: Sequence[ReviewRow],
    today: date,
    zone: ZoneInfo,
) -> tuple[date, date]:
    last_on = chosen[1] or today
    since_on = done[0].reviewed_at.astimezone(zone).date() if done else last_on - USUAL
    first_on = chosen[0] or max(min(since_on, last_on), last_on - ONE_DAY * (LONGEST - 1))
    if last_on < first_on:
        raise InvalidInput("dates_reversed", field="to")
    if (last_on - first_on).days >= LONGEST:
        raise InvalidInput("too_many_days", field="from", days=LONGEST)
    return first_on, last_on


def _findings(
    session: Session,
    site_id: str,
    days: tuple[date, date],
    zone: ZoneInfo,
    refused_at: Collection[str],
) -> Findings:
    """Look through some days; `refused_at` are the sites of which refusals are counted."""
    first_on, last_on = days
    found = Findings()
    for row in trail_reviews.list_saved(session, [site_id], first_on, last_on):
        _note(found, row)
    people = {p.id: p.study_code for p in participants.list_participants(session, [site_id])}
    diaries = trends.list_diaries_of(session, list(people), first_on, last_on)
    found.identical = sorted(_runs(diaries, people), key=attrgetter("study_code", "first_on"))
    found.after_sign_off = trail_reviews.list_saved_after_sign_off(
        session, [site_id], first_on, last_on, REFUSALS
    )
    begin, end = (datetime.combine(on, time(), zone).astimezone(UTC) for on in (first_on, last_on))
    refusals = trail_reviews.list_refusals(session, refused_at, begin, end + ONE_DAY, REFUSALS)
    counted = _counted(refusals)
    names = trends.names_of_staff(session, {who for who, *_rest in counted})
    found.refused = [(names.get(who, who), role, code, n) for who, role, code, n in counted]
    return found


def _note(found: Findings, row: SavedRow) -> None:
    """Note what one version has about it that deserves a look."""
    is_own = _PARTICIPANT in row.originator
    if row.version == 1:
        if row.lateness == "late":
            found.late.append(row)
        if row.kind == Kind.DIARY and is_own and _is_at_night(row):
            found.at_night.append(row)
        return
    if row.version == MUCH_EDITED:
        found.much_edited.append(row)
    elif row.version > MUCH_EDITED and found.much_edited:
        found.much_edited[-1] = row
    if not is_own:
        found.by_site.append(row)


def _is_at_night(row: SavedRow) -> bool:
    return row.saved_at.astimezone(zone_named(row.tz)).time() < NIGHT_ENDS


def _runs(diaries: Iterable[DiaryRow], people: dict[int, str]) -> Iterable[Run]:
    for participant_id, rows in groupby(diaries, key=attrgetter("participant_id")):
        scored = (row for row in rows if row.pain_average is not None)
        for value, same in groupby(scored, key=attrgetter("pain_average")):
            run = list(same)
            if len(run) >= IDENTICAL:
                on = run[0].diary_on, run[-1].diary_on
                yield Run(people[participant_id], *on, value, len(run))


def _counted(bodies: Iterable[str]) -> list[tuple[str, str, str, int]]:
    """How often whom was refused what, the most often first."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for body in map(json.loads, bodies):
        seen[body["actor"]["id"], body["actor"]["role"], body["details"]["code"]] += 1
    return [(*who, n) for who, n in seen.most_common()]
