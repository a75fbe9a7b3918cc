"""Scripts as phones load them: shorter than they are written, and the same in all that they do."""

import re
from pathlib import Path

import pytest

from app.rendering import STATIC, asset, script
from tests.people import Stage, Who

SCRIPTS = sorted((STATIC / "js").glob("*.js"))
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\\])//[^\n]*", re.DOTALL)
LITERAL = re.compile(r'"[^"\n]*"|`[^`]*`|(?<=[(,=:&|!?])\s*/(?![/*])(?:\\.|[^/\n\\])+/(?=[.,;)\s])')
UNPARENTHESIZED = re.compile(r"(?:=>|\b(?:of|in|case|typeof|await|yield))\s+/(?![/*])")
"""A regular expression where the minifier takes it for a division, and its spaces for idle ones."""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_nothing_but_comments_and_space_goes(path: Path) -> None:
    written, sent = COMMENT.sub("", path.read_text()), script(f"js/{path.name}")
    literals = [found.strip() for found in LITERAL.findall(written)]
    assert [one for one in literals if one not in sent] == []
    assert UNPARENTHESIZED.findall(written) == []
    assert len(sent) < len(path.read_text())
    assert "/*" not in sent


def test_a_lost_space_would_be_noticed() -> None:
    assert UNPARENTHESIZED.search("const isAwake = () => /(^|; )awake/.test(said);")
    assert LITERAL.findall('recall("who a", `b c`, (/d; e/).test(f))') == [
        '"who a"',
        "`b c`",
        "/d; e/",
    ]


def test_a_browser_that_has_a_script_is_told_so(stage: Stage) -> None:
    client = stage.client(Who.NOBODY)
    first = client.get("/static/js/phone.js")
    assert first.text == script("js/phone.js")
    assert first.headers["content-type"].startswith("text/javascript")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/static/js/phone.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in client.get(asset("js/check.js")).headers["cache-control"]


def test_what_others_wrote_goes_as_it_is(stage: Stage) -> None:
    sent = stage.client(Who.NOBODY).get("/static/htmx.min.js").content
    assert sent == (STATIC / "htmx.min.js").read_bytes()
    assert stage.client(Who.NOBODY).get("/static/js/none.js").status_code == 404
