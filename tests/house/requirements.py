"""The thirty requirements that a reviewer tests, and the tests that show each of them.

A test says `@pytest.mark.trust(4)`; the table in docs/DESIGN.md is made from these marks, which are
read from the files without running them.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.house.tree import Source, sources

REQUIREMENTS: dict[int, tuple[str, str]] = {
    1: ("every create, correction and void on record, field by field", "P11 11.10(e); EMA 6.2.1"),
    2: ("nothing overwritten or deleted, or `verify` names it", "P11 11.10(e)"),
    3: ("the trail cannot be switched off", "EMA 6.2.1"),
    4: ("no change without a reason", "EMA 6.2.1"),
    5: ("the whole trail exported, searched, sorted", "FDA Q12"),
    6: ("refused values of a submitted form on record", "FDA Q13"),
    7: ("exports and pulls on record", "EMA 6.2.1"),
    8: ("review of the trail, with reviewer and date", "EMA 6.2.2"),
    9: ("participants correct; the site decides later ones; no sponsor's veto", "EMA A5.1.1.4"),
    10: ("the originator of every value named", "FDA Q20"),
    11: ("a change after sign-off is shown and asks to sign again", "FDA III.E"),
    12: ("personal data typed by mistake removed, the chain still valid", "R3 4.2.2(b); GDPR"),
    13: (
        "observed, saved, received apart, whatever the clocks do",
        "R3 4.2.2(d); EMA 4.5; FDA Q22",
    ),
    14: ("acknowledged only once durable; retries do not double", "FDA Q22–23"),
    15: ("a certified copy at any time, without the sponsor", "EMA 6.6"),
    16: ("backups restored, tested, logged", "R3 4.3.3"),
    17: ("named accounts, least rights, review of rights", "P11 11.10(d)(g); R3 4.3.8"),
    18: ("attempts limited, refusals on record, idle sign-ins end", "FDA Q11; P11 11.300"),
    19: ("the participant challenged in the app", "FDA Q21; EMA"),
    20: ("a lost phone closed and replaced at once", "P11 11.300(c)"),
    21: ("two factors for whoever reaches health data", "CNIL 2025-019"),
    22: ("strong passwords and PINs, hashed, throttled", "CNIL 2022-100"),
    23: ("signatures with two components, bound to content", "P11 11.50, 11.70, 11.200"),
    24: ("contact data apart, sealed, in no output, purged", "GDPR 5, 32"),
    25: ("nothing outside the diary speaks of health", "GDPR 32"),
    26: ("withdrawal stops collection, keeps data, erases the contact", "GDPR 17(3)(d)"),
    27: ("technical logs apart and purged; the trail never", "CNIL 2021-122"),
    28: ("the scale drawn faithfully, enlarged, read aloud", "PRO guidance"),
    29: ("nothing loaded from third parties", "CNIL"),
    30: ("requirements tied to tests", "P11 11.10(a); FDA Q7"),
}
"""By number: the requirement in few words, and its clause."""


def marks_in(source: Source) -> Iterator[tuple[int, str]]:
    """The requirements that the tests of one file show: number and name of the test."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.trust":
                yield from ((ast.literal_eval(number), node.name) for number in mark.args)


def shown_by() -> dict[int, list[str]]:
    """By requirement: the tests that show it, as links to their files."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for source in sorted(sources("tests"), key=lambda one: one.path):
        for number, name in marks_in(source):
            told = name.removeprefix("test_").replace("_", " ")
            found[number].append(f"[{told}](../{source.path})")
    return dict(found)


def trace() -> list[str]:
    """The rows of the table requirement → clause → tests."""
    shown = shown_by()
    return [
        f"| {number} | {told} | {clause} | {'; '.join(shown.get(number, []))} |"
        for number, (told, clause) in REQUIREMENTS.items()
    ]
