"""The interface words: every one is in every catalogue, translated, none left uncertain."""

from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from app.rendering import LANGUAGES

ROOT = Path(__file__).parents[2]
Ids = str | tuple[str, ...]


@cache
def asked_for() -> frozenset[Ids]:
    """Every message that a page or the code asks for."""
    with (ROOT / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    found = extract_from_dir(ROOT / "app", methods, options)
    return frozenset(message for _, _, message, _, _ in found)


def catalogue(lang: str) -> Catalog:
    """The catalogue of a language."""
    with (ROOT / f"app/locale/{lang}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=lang)


def faults(message: Message, words: Catalog) -> list[str]:
    """What is wrong with one translation."""
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    found = [str(error) for error in message.check(words)]
    found += ["is not translated"] if not all(strings) else []
    found += ["is fuzzy"] if message.fuzzy else []
    return [f"{message.id!r} {fault}" for fault in found]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_word_is_missing_or_left_over(lang: str) -> None:
    held = {message.id for message in catalogue(lang) if message.id}
    assert sorted(map(str, asked_for() - held)) == []
    assert sorted(map(str, held - asked_for())) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_word_is_translated_and_certain(lang: str) -> None:
    words = catalogue(lang)
    assert [fault for message in words if message.id for fault in faults(message, words)] == []


def test_the_check_can_fail() -> None:
    words = Catalog(locale="fr")
    words.add("Back", "")
    words.add("Next", "Suivant", flags=["fuzzy"])
    words.add("%(number)s days", "%(nombre)s jours", flags=["python-format"])
    assert [len(faults(message, words)) for message in words if message.id] == [1, 1, 1]
