"""No file names a package registry, or a place on the machine where it was written."""

import re
from collections.abc import Iterator

import pytest

from tests.house.tree import Source, sources

REGISTRY = re.compile(
    r"https?://[^\s\"'<>]*(?:pythonhosted|pypi|npmjs|unpkg|jsdelivr|deb\.debian|proxy\.golang)"
)
MACHINE = re.compile(r"(?:^|[^\w.}/-])/(?:work|root|Users)/", re.MULTILINE)


def addresses(source: Source) -> Iterator[str]:
    """Registry addresses and machine paths."""
    for pattern in (REGISTRY, MACHINE):
        for match in pattern.finditer(source.text):
            line = source.text.count("\n", 0, match.start()) + 1
            yield f"{source.path}:{line} {match[0].strip()}"


def test_no_tracked_file_names_one() -> None:
    assert [fault for source in sources(suffixes=("",)) for fault in addresses(source)] == []


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https:" + "//pypi.org/simple",
        '"resolved": "https:' + '//registry.npmjs.org/x"',
        "cd /" + "work/main && make",
        'key = "/' + 'root/.ssh/id"',
    ],
)
def test_the_rule_can_fail(text: str) -> None:
    assert list(addresses(Source("README.md", text))) != []


@pytest.mark.parametrize("text", ["app/work/list.html", "https://diary.example/work/1", "{root}/x"])
def test_other_paths_pass(text: str) -> None:
    assert list(addresses(Source("README.md", text))) == []
