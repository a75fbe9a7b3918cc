"""The tree that the house rules read: every file that is, or is about to be, under version control.

A rule is a plain function from one source to the faults it finds there, so that each can be shown a
bad sample as well as the real tree.
"""

import ast
import gc
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """One file: its path from the root, with forward slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python file."""
        # A collection in between may enter Playwright's greenlets, which the parser does not bear.
        gc.disable()
        try:
            return ast.parse(self.text, self.path)
        finally:
            gc.enable()

    @property
    def module(self) -> str:
        """The dotted name of a Python file: `app.domain.ledger`."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def imports(self) -> Iterator[str]:
        """Every name imported anywhere in the file, in full: `app.domain.ledger.link`."""
        package = self.module.split(".")
        if not self.path.endswith("__init__.py"):
            package.pop()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                near = package[: len(package) - node.level + 1] if node.level else []
                source = [*near, *([node.module] if node.module else [])]
                yield from (".".join([*source, alias.name]) for alias in node.names)


def sources(*folders: str, suffixes: tuple[str, ...] = (".py",)) -> list[Source]:
    """Read the files under `folders` (all, when none is named) that end with one of `suffixes`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = sorted(path for path in listed.stdout.split("\0") if path.endswith(suffixes))
    found = [
        Source(path, (ROOT / path).read_text(encoding="utf-8", errors="replace"))
        for path in paths
        if (ROOT / path).is_file()
    ]
    assert found, f"no file under {folders} ends with {suffixes}: the rule would guard nothing"
    return found
