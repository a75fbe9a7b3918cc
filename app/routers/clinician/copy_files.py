"""Making a certified copy: the files of a ZIP, in the reader's language and in the formats.

What is read and who may is decided in `services/copies`, how files are written in `exports/copy`;
here they meet. One participant is held in memory at a time.
"""

import hashlib
import json
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import IO, Any

from app import exports
from app.exports import rows
from app.exports.changes import write_line
from app.exports.copy import (
    DOSES,
    ENTRIES,
    ODM,
    PEOPLE,
    PEOPLE_COLUMNS,
    REPORTS,
    TEXT_COLUMNS,
    TEXTS,
    TRAIL,
    CopyWriter,
    Hidden,
    text_rows,
    write_hidden,
    write_rows,
)
from app.exports.dictionary import describe
from app.exports.odm import About, Place, write_snapshot
from app.rendering import LANGUAGES, STATIC, render, translations
from app.routers.clinician.copy_pages import README, index_values, participant_values
from app.routers.deps import AtDesk
from app.services import copies
from app.services.copies import Heads, Scope
from app.services.deployment import Deployment
from app.services.odm import started_on
from app.services.spreads import EVERYTHING, whole_of
from app.store.copies import list_staff
from app.store.session import Session
from app.store.tables import Participant

INDEX, STYLE, README_FILE, DICTIONARY = "index.html", "style.css", "README.txt", "dictionary.json"


@dataclass(kw_only=True)
class CopyMaker:
    """Makes one copy, as the database stands in `session`."""

    session: Session
    deployment: Deployment
    desk: AtDesk
    scope: Scope
    now: datetime
    copy_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _staff: set[tuple[str, str, str]] = field(default_factory=set)
    """Id, role and organisation of every actor in what is shown."""

    def make(self, file: IO[bytes]) -> str:
        """Write the ZIP; give the digest of its manifest."""
        heads = copies.heads_of(self.session, self.scope)
        people = copies.people_of(self.session, self.scope)
        study, lang = self.deployment.study, self.desk.lang
        writer = CopyWriter(file)
        writer.add(README_FILE, [readme()])
        writer.add(STYLE, [(STATIC / "copy.css").read_text(encoding="utf-8")])
        writer.add(DICTIONARY, [json.dumps(describe(study), ensure_ascii=False, indent=1)])
        with tempfile.SpooledTemporaryFile(2**20, "w+", encoding="utf-8", newline="") as texts:
            writer.add(TRAIL, self._trail(heads, texts))
            texts.seek(0)
            writer.add(TEXTS, iter(lambda: texts.read(2**16), ""))
        scored = [*(item.code for item in study.items), *(t.code for t in study.triggers)]
        for name, columns, make in (
            (ENTRIES, rows.entry_columns(scored), rows.entry_rows),
            (DOSES, rows.DOSE_COLUMNS, rows.dose_rows),
            (REPORTS, rows.REPORT_COLUMNS, rows.report_rows),
        ):
            writer.add(name, write_rows(columns, self._latest(people, make)))
        writer.add(ODM, self._odm(people))
        writer.add(PEOPLE, write_rows(PEOPLE_COLUMNS, self._people(people)))
        for person in people:
            values = participant_values(self.session, self.deployment, person, lang, self.now)
            page = render("copy/participant.html", values, lang=lang)
            writer.add(f"{person.study_code}.html", [page])
            self.session.expunge_all()
        index = index_values(self.deployment, self.scope, people, self.desk, self.now)
        writer.add(INDEX, [render("copy/index.html", index, lang=lang)])
        return writer.close(self._about(heads))

    def _trail(self, heads: Heads, texts: IO[str]) -> Iterator[str]:
        """Every row of the streams as a line; the words of the shown ones go into `texts`."""
        texts.writelines(write_rows(TEXT_COLUMNS, ()))
        for row in copies.rows_of(self.session, self.scope, heads):
            if row.shown is None:
                yield write_hidden(Hidden(row.stream, row.no, row.body, row.hash))
                continue
            body = json.loads(row.body)
            actor = body["actor"]
            self._staff.add((actor["id"], actor["role"], actor["organisation"]))
            if row.shown.texts:
                said = {name: value for name, (value, _) in row.shown.texts.items()}
                lines = iter(write_rows(TEXT_COLUMNS, text_rows(body, said)))
                next(lines)  # its header stands there already
                texts.writelines(lines)
            yield write_line(row.shown)

    def _latest(
        self, people: list[Participant], make: Callable[[rows.Json, rows.Json], Iterator[rows.Row]]
    ) -> Iterator[rows.Row]:
        for person in people:
            for body, payload in copies.latest_of(self.session, person):
                yield from make(body, payload)

    def _odm(self, people: list[Participant]) -> Iterator[str]:
        """The same records as CDISC ODM-XML, days without an entry with their cause."""
        session, deployment, site = self.session, self.deployment, self.scope.site
        ids = (deployment.study.id, copies.epoch_of(session), copies.end_of(session, self.scope))
        about = About(
            file_oid=".".join(map(str, filter(None, (*ids, site.id, self.scope.study_code)))),
            created_at=self.now,
            as_of=self.now.isoformat(),
            granularity="SingleSubject" if self.scope.person else "SingleSite",
        )
        return write_snapshot(
            deployment.study,
            about,
            Place({site.id: site.name}, started_on(session), deployment.base_url),
            copies.users_of(session, self.scope, people),
            (whole_of(session, deployment, one, self.now, EVERYTHING) for one in people),
        )

    def _people(self, people: list[Participant]) -> Iterator[dict[str, Any]]:
        """The legend: who the ids are, for the eyes of the site."""
        names = {
            staff.id: staff.name
            for staff in list_staff(self.session, [id_ for id_, *_ in self._staff])
        }
        for id_, role, organisation in sorted(self._staff):
            if role != "participant":
                who = {"name": names.get(id_), "role": role, "organisation": organisation}
                yield {"id": id_, "what": "staff" if id_ in names else "service", **who}
        for person in people:
            yield {
                "id": person.study_code,
                "what": "participant",
                "role": "participant",
                "site": person.site_id,
                "state": person.state,
                "trial_record_id": person.trial_record_id,
            }

    def _about(self, heads: Heads) -> dict[str, Any]:
        study, actor = self.deployment.study, self.desk.actor
        return {
            "copy_id": self.copy_id,
            "made_at": self.now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "made_by": {
                "id": actor.id,
                "name": self.desk.staff.name,
                "organisation": actor.organisation,
            },
            "scope": {"site": self.scope.site.id, "study_code": self.scope.study_code},
            "study": {"id": study.id, "version": study.version},
            "epoch": copies.epoch_of(self.session),
            "heads": {name: {"no": no, "hash": head} for name, (no, head) in heads.items()},
            "service": {"code_sha256": code_digest(), "simulated": self.deployment.demo},
            "notes": {lang: translations(lang).gettext(README[-1]) for lang in LANGUAGES},
        }


def readme() -> str:
    """What the copy is and how it is checked, in every language."""
    told = ("\n\n".join(map(translations(lang).gettext, README)) for lang in LANGUAGES)
    return "\n\n—\n\n".join(told) + "\n"


@cache
def code_digest() -> str:
    """The digest of the service's own code: which version made a copy."""
    root, total = Path(exports.__file__).parents[1], hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
