"""Time is handed in, never looked up; tests neither wait nor replace our own code.

The instant of a request is read once, at the edge. Below it, `now` is an argument, so that a day, a
window or a reminder can be tried at any moment of any year.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.house.tree import Source, sources

CLOCKS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
}
TIMELESS = ("app/domain", "app/store", "app/services", "app/exports", "app/gateways")
WAITS = {"sleep", "wait_for_timeout"}
PATCHES = {"monkeypatch.setattr", "monkeypatch.delattr", "mock.patch", "patch.object"}

EXCEPTIONS = {"tests/bench/__main__.py": "dates the table that it prints"}
"""`path` → why this file may look at the clock."""


def calls(source: Source) -> Iterator[tuple[int, str]]:
    """Each call's line and its last two names: `datetime.now`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ".".join(ast.unparse(node.func).split(".")[-2:])


def looks_at_the_clock(source: Source) -> Iterator[str]:
    """Calls that read the wall clock."""
    for line, name in calls(source):
        if name in CLOCKS and source.path not in EXCEPTIONS:
            yield f"{source.path}:{line} calls {name}"


def waits(source: Source) -> Iterator[str]:
    """Calls that let time pass instead of watching for what is awaited."""
    for line, name in calls(source):
        if name.split(".")[-1] in WAITS:
            yield f"{source.path}:{line} calls {name}"


def patches(source: Source) -> Iterator[str]:
    """Code replaced from outside: a fake is handed in instead."""
    for line, name in calls(source):
        if name in PATCHES:
            yield f"{source.path}:{line} calls {name}"
    for name in source.imports():
        if name.startswith("unittest.mock"):
            yield f"{source.path} imports {name}"


RULES = {
    "clock": (looks_at_the_clock, TIMELESS),
    "clock in tests": (looks_at_the_clock, ("tests",)),
    "wait": (waits, ("tests",)),
    "patch": (patches, ("tests",)),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_tree_keeps_the_rule(rule: str) -> None:
    check, folders = RULES[rule]
    assert [fault for source in sources(*folders) for fault in check(source)] == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("clock", "from datetime import datetime, UTC\nnow = datetime.now(UTC)"),
        ("clock", "import datetime\nnow = datetime.datetime.now()"),
        ("clock", "from datetime import date\ntoday = date.today()"),
        ("clock", "import time\nnow = time.time()"),
        ("wait", "from time import sleep\nsleep(1)"),
        ("wait", "import time\ntime.sleep(1)"),
        ("wait", "page.wait_for_timeout(500)"),
        ("patch", "def test(monkeypatch):\n    monkeypatch.setattr(diary, 'now', 1)"),
        ("patch", "from unittest import mock"),
        ("patch", "from unittest.mock import patch"),
    ],
)
def test_the_rule_can_fail(rule: str, text: str) -> None:
    check, _ = RULES[rule]
    assert list(check(Source("app/services/diary.py", text))) != []


def test_a_clock_that_is_handed_in_passes() -> None:
    text = "def verb(session, *, now):\n    return now.date() + window.time()"
    assert list(looks_at_the_clock(Source("app/services/diary.py", text))) == []
