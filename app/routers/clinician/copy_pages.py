"""The pages inside a certified copy, and the words that explain it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.figures import FACTOR_TABLE, cause_of, study_day
from app.exports.figures import figures_of
from app.routers.clinician.history import said_record
from app.routers.clinician.words import CAUSES, LIMBS, STATES, Words
from app.routers.deps import AtDesk
from app.services.copies import Scope
from app.services.deployment import Deployment
from app.services.history import read_days
from app.services.trends import trend_of
from app.store import participants
from app.store.session import Session
from app.store.tables import Participant


def _(message: str) -> str:
    return message


README: tuple[str, ...] = (
    _("CERTIFIED COPY OF A DIARY"),
    _("Unpack the ZIP first, then open index.html in a browser. It prints well."),
    _(
        "index.html and one page for each participant: every diary day with every version of "
        "every record, who saved it, when and why, and the figures with their formulas."
    ),
    _(
        "entries.csv, doses.csv, reports.csv: the latest versions, one row a diary, a dose or an "
        "item of a report. In doses.csv, what an evening says of a scheduled medicine includes the "
        "doses logged that day: do not add the two. dictionary.json explains codes."
    ),
    _(
        "odm.xml: the same records, and the days without one, as CDISC ODM-XML 1.3.2: what each "
        "question asked, and for each record who saved it, where, when and why."
    ),
    _("texts.csv: what people wrote. people.csv: who the ids in the trail are."),
    _(
        "trail.ndjson: the whole trail, from its first row to its head. Rows about others stand "
        "as number, digest and hash, so that the chain can be followed to its end."
    ),
    _(
        "manifest.json: the SHA-256 of every file, where the trail ends, when and by whom it was "
        "made."
    ),
    _(
        "To check it on any computer with the diary's software, without a network: "
        "python -m app verify COPY.zip"
    ),
    _(
        "Not in this copy: contact data, which are kept apart, and the treatment, which the diary "
        "never knew."
    ),
)
"""What a copy is, paragraph by paragraph; the last one says what is left out."""


def participant_values(
    session: Session, deployment: Deployment, person: Participant, lang: str, now: datetime
) -> dict[str, Any]:
    """What the page of a participant in a copy shows."""
    words = Words(deployment.study, lang)
    trend = trend_of(session, deployment, person, now)
    causes = {day.day.diary_on: cause_of(day.day) for day in trend.days}
    days = {found.diary_on: found for found in read_days(session, person=person)}
    return {
        "study": deployment.study,
        "person": person,
        "state": words.say(STATES, person.state),
        "limb": words.say(LIMBS, f"{person.limb} {person.side}"),
        "zones": participants.list_zones(session, person.id),
        "pauses": participants.list_pauses(session, person.id),
        "sessions": participants.list_sessions(session, person.id),
        "figures": figures_of(trend),
        "factor_table": FACTOR_TABLE,
        "days": [
            {
                "on": on,
                "study_day": study_day(on, person.inclusion_on),
                "cause": words.say(CAUSES, str(causes[on])) if causes.get(on) else "",
                "records": [said_record(one, words) for one in days[on].records]
                if on in days
                else [],
            }
            for on in sorted({*causes, *days})
        ],
        **_made(deployment, now),
    }


def index_values(
    deployment: Deployment,
    scope: Scope,
    people: list[Participant],
    desk: AtDesk,
    now: datetime,
) -> dict[str, Any]:
    """What the first page of a copy shows."""
    words = Words(deployment.study, desk.lang)
    return {
        "study": deployment.study,
        "site": scope.site,
        "people": [(person, words.say(STATES, person.state)) for person in people],
        "by": desk.staff,
        "readme": README[1:],
        **_made(deployment, now),
    }


def _made(deployment: Deployment, now: datetime) -> dict[str, Any]:
    return {
        "made_at": now.astimezone(ZoneInfo(deployment.study.tz)),
        "tz": deployment.study.tz,
        "simulated": deployment.demo,
    }
