"""What a phone has to load, compressed: bounds that a slow network makes felt."""

import gzip
from pathlib import Path

import pytest

from app.rendering import STATIC, script
from tests.people import Stage, Who

KIB = 1024


def weight(*contents: bytes) -> int:
    """Bytes of some files as they travel, each compressed by itself."""
    return sum(len(gzip.compress(content, compresslevel=9)) for content in contents)


def scripts() -> list[Path]:
    """All the JavaScript that a phone can ever load: every file but the desk's htmx."""
    found = sorted(STATIC.rglob("*.js"))
    assert [path.name for path in found].count("htmx.min.js") == 1
    return [path for path in found if path.name != "htmx.min.js"]


@pytest.mark.parametrize("path", ["/diary", "/flare", "/", "/history", "/settings", "/check"])
def test_a_page_with_its_style_is_at_most_14_kb(stage: Stage, path: str) -> None:
    page = stage.client(Who.OWN).get(path)
    assert page.status_code == 200
    assert weight(page.content, (STATIC / "app.css").read_bytes()) <= 14 * KIB


def test_the_style_is_at_most_6_kb() -> None:
    assert weight((STATIC / "app.css").read_bytes()) <= 6 * KIB


def test_all_script_is_at_most_20_kb() -> None:
    sent = (script(path.relative_to(STATIC).as_posix()) for path in scripts())
    assert weight(*(text.encode() for text in sent)) <= 20 * KIB


def test_a_cold_start_is_at_most_6_requests_and_50_kb(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    page = phone.get("/diary")
    asked = {part.partition('"')[0] for part in page.text.split('"/static/')[1:]}
    modules = [name.partition("?")[0] for name in asked if name.partition("?")[0].endswith(".js")]
    followed = {"js/controls.js", "js/outbox.js"} - set(modules)
    shown = {name for name in asked if not name.startswith("icon-180")}
    assert 1 + len(shown) + len(followed) <= 6
    files = [STATIC / name.partition("?")[0] for name in asked] + [STATIC / n for n in followed]
    assert weight(page.content, *(file.read_bytes() for file in files)) <= 50 * KIB
