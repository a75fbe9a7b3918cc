"""Reading a study from its folder: three TOML files in, one checked `Study` out.

The types say what is right; here a fault becomes one sentence for the person who edits the file.
The rule kept: the first fault stops the load, and names file, key and reason.
"""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.domain.errors import StudyFault
from app.domain.study.definition import Study, StudyFile
from app.domain.study.formulary import FormularyFile, unfold
from app.domain.study.wording import dotted, texts_of
from app.domain.study.zones import ZoneSet

M = TypeVar("M", bound=BaseModel)

PLAIN_REASONS = {"missing": "is missing", "extra_forbidden": "is not a known key"}


def load_study(folder: Path) -> Study:
    """Give the study of a folder holding study.toml, zones.toml and formulary.toml.

    Raises StudyFault naming file, key and reason; nothing of a faulty study is returned.
    """
    settings = _read(folder / "study.toml", StudyFile)
    zone_set = _read(folder / "zones.toml", ZoneSet)
    formulary = _read(folder / "formulary.toml", FormularyFile)
    parts = {"study.toml": settings, "zones.toml": zone_set, "formulary.toml": formulary}
    for file, part in parts.items():
        _demand_languages(file, part, settings.languages)
    own = {name: getattr(settings, name) for name in StudyFile.model_fields}
    return Study(**own, zone_set=zone_set, formulary=unfold(formulary))


def _read(path: Path, model: type[M]) -> M:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise StudyFault(path.name, "(file)", fault.strerror or "cannot be read") from fault
    except ValueError as fault:
        raise StudyFault(path.name, "(file)", f"is not valid TOML: {fault}") from fault
    try:
        return model.model_validate(_tuples(content))
    except ValidationError as faults:
        first = faults.errors(include_url=False)[0]
        reason = PLAIN_REASONS.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise StudyFault(path.name, dotted(first["loc"]) or "(file)", reason) from faults


def _tuples(value: Any) -> Any:
    """Freeze TOML's arrays, because the strict types accept only tuples."""
    if isinstance(value, dict):
        return {key: _tuples(inner) for key, inner in value.items()}
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value


def _demand_languages(file: str, part: BaseModel, languages: tuple[str, ...]) -> None:
    for key, text in texts_of(part):
        for language in languages:
            if language not in text.sentences():
                raise StudyFault(file, f"{key}.{language}", "is missing")
        for language in text.sentences():
            if language not in languages:
                raise StudyFault(file, f"{key}.{language}", "is not a language of the study")
