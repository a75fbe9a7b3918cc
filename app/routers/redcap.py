"""`POST /redcap/api/`: the study as a classic REDCap project that can be read, and nothing else.

For scripts that a site has already. It speaks REDCap's protocol, refusals included, and is there
only where the settings turn it on. Its tokens open nothing else, and no other key opens it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, NotAllowed, NotFound, TooFast
from app.exports.flat import Value
from app.exports.redcap import (
    EAV,
    INSTANCE,
    INSTRUMENT,
    Projection,
    Row,
    eav_items,
    flat_columns,
    flat_items,
    forms_of,
)
from app.exports.redcap_formats import (
    MEDIA,
    Form,
    Format,
    Item,
    write_error,
    write_item,
    write_items,
)
from app.exports.redcap_project import (
    METADATA,
    Field,
    Project,
    field_name_items,
    instrument_items,
    metadata_items,
    project_item,
    project_of,
    repeating_items,
)
from app.routers.api.keys import take_turn
from app.routers.api.queries import record_reading
from app.routers.deps import Here, KeyHolder, Now, Service, address_of
from app.routers.errors import on_refusal
from app.routers.redcap_asked import (
    LOG_OPS,
    Asked,
    Refused,
    error_format,
    read_asked,
    require_reading,
)
from app.services import keys, redcap, spreads, throttles
from app.services.redcap import Wanted
from app.store.journal import Line, LineFilter
from app.store.session import ReadSession

router = APIRouter(include_in_schema=False)
SPOKEN = "14.5.5"
"""The version of REDCap whose protocol this is."""
MOST_FIELDS = 5_000
LOG = ("timestamp", "username", "action", "details", "record")
REPEAT_HEADINGS = {INSTRUMENT: "Repeat Instrument", INSTANCE: "Repeat Instance"}
FIELD_NAMES = ("original_field_name", "choice_value", "export_field_name")
_CLASSIC = {
    "formEventMapping": "You cannot export form/event mappings for classic projects",
    "arm": "You cannot export arms for classic projects",
    "event": "You cannot export events for classic projects",
}
_TOKEN = "You do not have permissions to use the API"  # noqa: S105 - REDCap's sentence for a bad one


async def _pairs(request: Request, service: Here) -> list[tuple[str, str]]:
    """The fields of the form, once it is sure that there is such a door."""
    if not service.redcap_facade:
        raise NotFound("not_found")
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    return [(name, str(value)) for name, value in form.multi_items()]


Pairs = Annotated[list[tuple[str, str]], Depends(_pairs)]


@router.post("/redcap/api/")
def answer_redcap(request: Request, service: Here, pairs: Pairs, now: Now) -> Response:
    """Answer as REDCap does."""
    refusals = error_format(pairs)
    on_refusal(request, lambda error, told: _refused(refusals, error, told))
    holder = _holder(request, service, dict(pairs).get("token", ""), now)
    try:
        require_reading(pairs)
        asked = read_asked(pairs)
        return _CONTENTS[asked.content](service, holder, asked, now)
    except Refused as fault:
        if fault.status == 403:
            raise NotAllowed("redcap_writes", sentence=fault.sentence) from None
        return _error(refusals, fault.sentence, fault.status)


def _holder(request: Request, service: Service, token: str, now: datetime) -> KeyHolder:
    """Who holds this token; refused, counted and on record when nobody does."""
    with service.database.read() as session:
        found = keys.find_redcap_actor(session, service.deployment, token, now) if token else None
    if found is None:
        source = f"key/{address_of(request)}" if token else None
        if source:
            with service.database.write() as session:
                throttles.require_patience(session, source, now)
        raise NotAllowed("redcap_token", source=source)
    request.state.actor = found[1]
    holder = KeyHolder(found[1], found[0])
    take_turn(service, holder, now)
    return holder


def _refused(format_: Format, error: DomainError, told: str) -> Response:
    """A refusal of the services in REDCap's shape, and in its words where it has some."""
    said = {"redcap_token": _TOKEN, "redcap_writes": str(error.params.get("sentence", told))}
    response = _error(format_, said.get(error.code, told), 400)
    if isinstance(error, TooFast):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _error(format_: Format, sentence: str, status: int) -> Response:
    return Response(write_error(format_, sentence), status, media_type=MEDIA[format_])


def _version(service: Service, holder: KeyHolder, asked: Asked, now: datetime) -> Response:
    return Response(SPOKEN, media_type="text/plain; charset=utf-8")


def _classic(service: Service, holder: KeyHolder, asked: Asked, now: datetime) -> Response:
    raise Refused(_CLASSIC[asked.content])


def _project(service: Service, holder: KeyHolder, asked: Asked, now: datetime) -> Response:
    item = project_item(project_of(service.deployment.study))
    numbers = frozenset(name for name, value in item.items() if isinstance(value, int))
    form = Form(asked.format, outer="items", numbers=numbers)
    return Response(write_item(form, item), media_type=MEDIA[asked.format])


def _instruments(service: Service, holder: KeyHolder, asked: Asked, now: datetime) -> Response:
    items = instrument_items(project_of(service.deployment.study))
    return _listed(asked, ("instrument_name", "instrument_label"), items, outer="items")


def _repeating(service: Service, holder: KeyHolder, asked: Asked, now: datetime) -> Response:
    items = repeating_items(project_of(service.deployment.study))
    return _listed(asked, ("form_name", "custom_form_label"), items, outer="items")


def _metadata(service: Service, holder: KeyHolder, asked: Asked, now: datetime) -> Response:
    project = project_of(service.deployment.study)
    return _listed(asked, METADATA, metadata_items(project, _chosen(project, asked)))


def _field_names(service: Service, holder: KeyHolder, asked: Asked, now: datetime) -> Response:
    project, wanted = project_of(service.deployment.study), asked.single.get("field", "")
    fields = [one for one in project.fields if wanted in ("", one.name)]
    if not fields:
        raise Refused('The value of the parameter "field" is not valid')
    items = field_name_items(fields)
    return _listed(asked, FIELD_NAMES, items, outer="fields", inner="field")


def _listed(asked: Asked, columns: Sequence[str], items: Iterable[Item], **named: str) -> Response:
    text = "".join(write_items(_form(asked, **named), columns, items))
    return Response(text, media_type=MEDIA[asked.format])


def _form(asked: Asked, **named: Any) -> Form:
    return Form(asked.format, delimiter=asked.choice("csvDelimiter"), **named)


def _chosen(project: Project, asked: Asked) -> list[Field]:
    """The fields that are asked for by name and by instrument; all when neither is."""
    fields = asked.chosen("fields", [one.name for one in project.fields])
    forms = asked.chosen("forms", project.forms)
    if fields is None and forms is None:
        return list(project.fields)
    wanted = {*(fields or ())}
    return [one for one in project.fields if one.name in wanted or one.form in (forms or ())]


def _records(service: Service, holder: KeyHolder, asked: Asked, now: datetime) -> Response:
    projection = Projection(service.deployment.study)
    project = projection.project
    asked.chosen("events", ["event_1_arm_1"])
    chosen = _chosen(project, asked)
    is_labelled = asked.choice("rawOrLabel") == "label"
    first_at, last_at = asked.range("dateRangeBegin", "dateRangeEnd", service.deployment.study.tz)
    codes, forms = asked.listed.get("records"), forms_of(chosen)
    wanted = Wanted(codes=codes, forms=forms, first_at=first_at, last_at=last_at)

    def items(session: ReadSession) -> tuple[Sequence[str], Iterator[Item]]:
        rows = _rows(service, holder, session, projection, wanted, now)
        if asked.choice("type") == "eav":
            return EAV, eav_items(project, chosen, rows, is_labelled=is_labelled)
        found = flat_items(project, chosen, rows, is_labelled=is_labelled)
        return flat_columns(chosen), found

    return _streamed(service, holder, asked, _headed(_form(asked), asked, chosen), items)


def _rows(
    service: Service,
    holder: KeyHolder,
    session: ReadSession,
    projection: Projection,
    wanted: Wanted,
    now: datetime,
) -> Iterator[Row]:
    subjects = redcap.list_subjects(
        session,
        deployment=service.deployment,
        actor=holder.actor,
        asked=spreads.Asked(),
        now=now,
        wanted=wanted,
    )
    for subject in subjects:
        for row in projection.rows(subject):
            if wanted.has(row.form):
                yield row


def _headed(form: Form, asked: Asked, chosen: Iterable[Field]) -> Form:
    if asked.choice("rawOrLabelHeaders") == "raw" or asked.choice("type") == "eav":
        return form
    named = {one.name: one.label for one in chosen}
    return replace(form, headings={**named, **REPEAT_HEADINGS})


def _log(service: Service, holder: KeyHolder, asked: Asked, now: datetime) -> Response:
    kind, tz = asked.single.get("logtype", ""), service.deployment.study.tz
    if kind not in LOG_OPS:
        raise Refused('The value of the parameter "logtype" is not valid')
    first_at, last_at = asked.range("beginTime", "endTime", tz)
    lines = LineFilter(
        first_at=first_at,
        last_at=last_at,
        study_code=asked.single.get("record") or None,
        actor_id=asked.single.get("user") or None,
        ops=LOG_OPS[kind],
    )

    def items(session: ReadSession) -> tuple[Sequence[str], Iterator[Item]]:
        found = redcap.list_log(session, actor=holder.actor, asked=lines)
        return LOG, (_log_item(line, tz) for line in found)

    return _streamed(service, holder, asked, _form(asked, outer="items"), items)


def _log_item(line: Line, tz: str) -> dict[str, Value]:
    """A change as a line of REDCap's log; what was answered does not stand there."""
    done = "Create" if line.op == "create" else "Update"
    return {
        "timestamp": f"{line.at.astimezone(zone_named(tz)):%Y-%m-%d %H:%M}",
        "username": line.actor_id,
        "action": f"{done} record {line.study_code}",
        "details": f"{line.kind} {line.diary_on}, version {line.version}: {line.op}",
        "record": line.study_code,
    }


def _streamed(
    service: Service,
    holder: KeyHolder,
    asked: Asked,
    form: Form,
    items: Callable[[ReadSession], tuple[Sequence[str], Iterator[Item]]],
) -> Response:
    """Put a reading on record, and stream it from one moment of the database."""
    said = {"content": asked.content, "format": asked.format, **_said(asked)}
    record_reading(service, holder, "redcap.exported", said)

    def body() -> Iterator[str]:
        with service.database.read() as session:
            yield from write_items(form, *items(session))

    return StreamingResponse(body(), media_type=MEDIA[asked.format])


def _said(asked: Asked) -> dict[str, str]:
    """What was asked for, as the trail keeps it: filters, and of long lists how many."""
    times = ("dateRangeBegin", "dateRangeEnd", "beginTime", "endTime", "type", "logtype")
    told = {name: asked.single[name] for name in times if asked.single.get(name)}
    return told | {name: str(len(values)) for name, values in asked.listed.items()}


Answer = Callable[[Service, KeyHolder, Asked, datetime], Response]
_CONTENTS: dict[str, Answer] = {
    "version": _version,
    "project": _project,
    "metadata": _metadata,
    "exportFieldNames": _field_names,
    "instrument": _instruments,
    "repeatingFormsEvents": _repeating,
    "record": _records,
    "log": _log,
    **dict.fromkeys(_CLASSIC, _classic),
}
