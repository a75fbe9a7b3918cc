"""No word is written into a page by hand: each comes from a catalogue, from the study or from data.

The pages are made by a copy of the application whose catalogues say ⟦Save⟧ for Save. What stands
outside of ⟦ ⟧ must be the study's wording, or data of the scene: codes, names, numbers, dates.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
from babel import Locale
from babel.dates import get_timezone_location
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.domain.figures import FACTORS_PER_MG
from app.rendering import LANGUAGES
from tests.people import STAFF

ROOT = Path(__file__).parents[2]
LANG = "fr"
"""Words written by hand are English here as a rule: they stand out among French study wording."""
SPOKEN = {"aria-label", "title", "placeholder", "alt", "content", "label"}
SILENT = {"script", "style", "template-data"}
PLACEHOLDER = re.compile(r"\*\*|\{\w+\}")
DATA = re.compile(
    r"""
    \bMS-[A-Z0-9]{5}\b                              # study codes
    | \b[0-9a-f]{8}-[0-9a-f-]{27}\b | \b[0-9a-f]{12}\b  # ids of records, numbers of requests
    | \b[2-9A-Z]{4}\b                               # receipts
    | https?://\S+ | \S+@\S+\.\w+ | \w+…@\w+…\S*    # addresses, also covered ones
    | \b\d+\s?(?:mg|µg/h|mL|g|cm²)(?!\w)
    """,
    re.VERBOSE,
)
"""What a scene puts into a page that no dictionary knows."""
ADDRESS = re.compile(r"\S+@\S+\.\w+")
"""Looked for first: a part of it may be a name."""
NAMES = {
    *(
        *STAFF,
        *(f"Dr {who}" for who in STAFF),
        *(who.replace(" ", ".") for who in STAFF),
        *("CHU lyon", "lyon", "lille"),
        *("Alex Martin", "Camille Durand"),
        *("trial database", "warehouse", "statistics"),
        *FACTORS_PER_MG,
        "CDC-2022",
        "testclient",
        "Lyrica",
        "Durogesic",
    ),
    *("CHU", "CSV", "NDJSON", "ODM-XML", "REDCap", "Python", "curl"),
    *("SMS", "SD", "MME", "QR", "iPhone", "iPad", "Android"),
    "J’avais pris deux comprimés, pas un.",
    "La séance de vendredi est à 9 h. À bientôt !",
    "C’est corrigé, merci.",
    "Le cahier du centre note 75 ce soir-là. Est-ce bien 57 ?",
    "Oui au toucher, mais un seul déclencheur : est-ce complet ?",
    "Oui, vérifié au téléphone.",
}


DATA_TAGS = {"script", "style", "q", "code", "pre"}
DATA_CLASSES = {"written", "code"}


class Words(HTMLParser):
    """The words of a page that stand outside of ⟦ ⟧, in pieces, each with where it stands."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pieces: list[tuple[str, str]] = []
        self._inside: list[tuple[str, bool]] = []
        self._depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what attributes say."""
        classes = set((dict(attrs).get("class") or "").split())
        # What is quoted was typed by somebody, and what is code is for machines.
        self._inside.append((tag, tag in DATA_TAGS or bool(classes & DATA_CLASSES)))
        for name, value in attrs:
            is_words = name in SPOKEN or (name.startswith("data-") and " " in (value or ""))
            if value and is_words and name != "data-document" and tag != "meta":
                self.pieces += [(f"{tag} {name}", text) for text in outside(value, 0)[0]]

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Note what the page shows."""
        texts, self._depth = outside(data, self._depth)
        if not any(is_data for _, is_data in self._inside):
            where = self._inside[-1][0] if self._inside else ""
            self.pieces += [(where, text) for text in texts]


def outside(text: str, depth: int) -> tuple[list[str], int]:
    """The parts of a text that no ⟦ ⟧ holds; a message may go over several elements."""
    found, piece = [], ""
    for sign in text:
        if sign in "⟦⟧":
            depth += 1 if sign == "⟦" else -1
            found.append(piece)
            piece = ""
        elif depth == 0:
            piece += sign
    return [one for one in (*found, piece) if one.strip()], depth


def strings(value: Any) -> Iterator[str]:
    """Every text in a tree."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


@cache
def known() -> re.Pattern[str]:
    """What the study and its dictionary say, the calendar's names, time zones and languages.

    The longest come first.
    """
    found = set(NAMES)
    studies, dictionary = ROOT / "app/studies/meso_sdrc", ROOT / "app/exports/dictionary.toml"
    for file in (*studies.glob("*.toml"), dictionary):
        for text in strings(tomllib.loads(file.read_text())):
            found.update(" ".join(part.split()) for part in PLACEHOLDER.split(text))
            found.add(text.split(" (")[0])
    locale = Locale.parse(LANG)
    for calendar in (locale.months, locale.days):
        found.update(strings(json.loads(json.dumps(calendar, default=dict))))
    found.update(str(Locale.parse(code).get_display_name()).capitalize() for code in LANGUAGES)
    for zone in available_timezones():
        found |= {zone, get_timezone_location(zone, LANG, return_city=True)}
    words = sorted((re.escape(one) for one in found if re.search(r"\w", one)), key=len)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(reversed(words))})(?![\w-])", re.IGNORECASE)


def left_over(text: str) -> str:
    """What of a text is neither the study's nor data; empty when nothing with letters is left."""
    told = " ".join(text.split())
    rest = DATA.sub(" ", known().sub(" ", ADDRESS.sub(" ", told)))
    return " ".join(rest.split()) if re.search(r"[^\W\d_]{2}", rest) else ""


def faults(name: str, html: str) -> set[str]:
    """The words of a page that somebody wrote into it by hand."""
    return {
        f"{name}: {where}: {rest}"
        for where, text in Words(html).pieces
        if (rest := left_over(text))
    }


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Every page, made by a copy of the application with pseudo-words."""
    folder = tmp_path_factory.mktemp("pseudo")
    for part in ("app", "alembic"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for lang in LANGUAGES:
        write_pseudo_words(folder / f"app/locale/{lang}/LC_MESSAGES")
    made = subprocess.run(
        [sys.executable, "-m", "tests.web.pseudo", LANG],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        timeout=300,
    )
    told: dict[str, str] = json.loads(made.stdout)
    return told


def write_pseudo_words(folder: Path) -> None:
    """Put every message of a catalogue into ⟦ ⟧, its own words unchanged."""
    with (folder / "messages.po").open("rb") as file:
        words = read_po(file)
    for message in words:
        if message.id:
            message.string = pseudo(message)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, words)


def pseudo(message: Message) -> str | tuple[str, ...]:
    """⟦message⟧, in every plural form."""
    if isinstance(message.id, str):
        return f"⟦{message.id}⟧"
    return tuple(f"⟦{message.id[-1]}⟧" for _ in message.string or ())


def test_no_word_is_written_into_a_page_by_hand(pages: dict[str, str]) -> None:
    silent = [name for name, html in pages.items() if "⟦" not in html]
    assert silent == []  # the copy speaks its own words, or nothing would be shown below
    found = {fault for name, html in pages.items() for fault in faults(name, html)}
    assert not found, "\n".join(sorted(found))


def test_the_check_can_fail() -> None:
    page = (
        '<p>⟦Saved at <b>20:14</b>.⟧</p><p>Pouce</p><button aria-label="Close">×</button> Send it'
    )
    assert faults("page", page) == {"page: button aria-label: Close", "page: : Send it"}
