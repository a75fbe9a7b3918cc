"""Pages and fragments: the Jinja environments, one per language, and the answers made with them.

Templates get ready values. Whether a page or its fragment is sent is decided here, once.
"""

import hashlib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from rjsmin import jsmin  # type: ignore[import-untyped]

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
LANGUAGES = ("fr", "en")


def page(
    request: Request,
    template: str,
    values: Mapping[str, Any],
    *,
    lang: str,
    status: int = 200,
    fragment: str | None = None,
) -> HTMLResponse:
    """Answer with a page, or with its fragment when htmx asked for that part alone."""
    asked_by_htmx = request.headers.get("HX-Request") == "true"
    is_history = request.headers.get("HX-History-Restore-Request") == "true"
    name = fragment if fragment and asked_by_htmx and not is_history else template
    html = environment(lang).get_template(name).render(**values, lang=lang)
    return HTMLResponse(html, status_code=status, headers={"Vary": "HX-Request"})


def render(template: str, values: Mapping[str, Any], *, lang: str) -> str:
    """Render a template that is no HTTP answer: a mail, a document."""
    return environment(lang).get_template(template).render(**values, lang=lang)


@cache
def environment(lang: str) -> Environment:
    """The templates in one language, with the words and formats of that language."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(translations(lang), newstyle=True)  # type: ignore[attr-defined]
    made.globals["asset"] = asset
    made.globals["drawn"] = drawn
    made.filters["day"] = lambda value, form="d MMMM": format_date(value, form, locale=lang)
    made.filters["clock"] = lambda value: format_time(value, "HH:mm", locale=lang)
    made.filters["moment"] = lambda value: format_datetime(value, "d MMM y HH:mm", locale=lang)
    made.filters["number"] = lambda value, form="#,##0.#": _number(value, form, lang)
    return made


@lru_cache(maxsize=4096)
def _number(value: float, form: str, lang: str) -> str:
    """Write a number; a page of a year writes the same ones over and over."""
    return format_decimal(value, form, locale=lang)


@cache
def translations(lang: str) -> NullTranslations:
    """The catalogue of a language. A language without one is a fault of the installation."""
    found = Translations.load(_HERE / "locale", [lang])
    if not isinstance(found, Translations):
        raise RuntimeError(f"the words for {lang!r} are not compiled: run `make install`")
    return found


@cache
def asset(path: str) -> str:
    """The address of a static file; it changes with the content, so that it may be kept forever."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


@cache
def script(path: str) -> str:
    """A script as phones load it: without its comments and indentation."""
    short: str = jsmin((STATIC / path).read_text(encoding="utf-8"))
    return short


@cache
def drawn(path: str) -> str:
    """A small picture as an address that holds it: one request less where each one counts."""
    return f"data:image/svg+xml,{quote((STATIC / path).read_text(), safe=' =:/')}"


def best_language(accepted: str, languages: tuple[str, ...] = LANGUAGES) -> str:
    """The first of our languages that a browser asks for, else the study's first."""
    for part in accepted.split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code in languages:
            return code
    return languages[0]
