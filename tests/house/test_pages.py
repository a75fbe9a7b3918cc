"""Pages carry no script or style of their own and name no other host: the CSP would refuse both."""

import re
from collections.abc import Iterator

import pytest

from tests.house.tree import Source, sources

INLINE = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "inline handler": re.compile(r"<[^>]*\s(?:on[a-z]+|hx-on[:\w-]*)\s*=", re.IGNORECASE),
    "script address": re.compile(r"javascript:", re.IGNORECASE),
    "htmx expression": re.compile(r"[\"']js:"),
}
ELSEWHERE = re.compile(
    r"""(?:src|srcset|href|action|poster|data|hx-\w+)\s*=\s*["']?\s*(?:https?:)?//"""
    r"""|url\(\s*["']?(?:https?:)?//"""
    r"""|(?:import|from)\s*\(?\s*["'](?:https?:)?//"""
    r"""|(?:fetch|importScripts|WebSocket|EventSource)\(\s*["'](?:https?:|wss?:)?//""",
    re.IGNORECASE,
)


def inline_code(source: Source) -> Iterator[str]:
    """Script or style written into a page."""
    for what, pattern in INLINE.items():
        for match in pattern.finditer(source.text):
            line = source.text.count("\n", 0, match.start()) + 1
            yield f"{source.path}:{line} {what}"


def elsewhere(source: Source) -> Iterator[str]:
    """Something that a browser would fetch from another host."""
    for match in ELSEWHERE.finditer(source.text):
        line = source.text.count("\n", 0, match.start()) + 1
        yield f"{source.path}:{line} {match[0]}"


PAGES = (".html", ".svg")
RULES = {
    "inline": (inline_code, ("app/templates",), PAGES),
    "elsewhere": (elsewhere, ("app/templates", "app/static"), (*PAGES, ".css", ".js")),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_tree_keeps_the_rule(rule: str) -> None:
    check, folders, suffixes = RULES[rule]
    found = sources(*folders, suffixes=suffixes)
    assert [fault for source in found for fault in check(source)] == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("inline", "<script>alert(1)</script>"),
        ("inline", "<script type=module>alert(1)</script>"),
        ("inline", "<style>p { color: red }</style>"),
        ("inline", '<p class="a" style="color: red">'),
        ("inline", "<button\n  onclick=go()>"),
        ("inline", '<form hx-on:htmx:after-swap="go()">'),
        ("inline", '<a href="javascript:go()">'),
        ("inline", """<form hx-vals="js:{a: 1}">"""),
        ("elsewhere", '<script src="https://cdn.example/x.js"></script>'),
        ("elsewhere", "<img src=//cdn.example/x.png>"),
        ("elsewhere", "p { background: url('https://cdn.example/x.png') }"),
        ("elsewhere", 'import x from "https://cdn.example/x.js"'),
        ("elsewhere", 'fetch("https://elsewhere.example/")'),
    ],
)
def test_the_rule_can_fail(rule: str, text: str) -> None:
    check, _, _ = RULES[rule]
    assert list(check(Source("app/templates/page.html", text))) != []


@pytest.mark.parametrize(
    "text",
    [
        '<script type="module" src="{{ asset(\'page.js\') }}"></script>',
        '<svg xmlns="http://www.w3.org/2000/svg">',
        '<link rel="stylesheet" href="/static/app.css">',
        '<form action="/entries" method="post" hx-post="/entries">',
    ],
)
def test_what_pages_need_passes(text: str) -> None:
    page = Source("app/templates/page.html", text)
    assert [*inline_code(page), *elsewhere(page)] == []
