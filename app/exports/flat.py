"""Rows of flat files: UTF-8 CSV after RFC 4180, and safe in a spreadsheet.

A cell of text that a spreadsheet would take for a formula begins with an apostrophe. Numbers stay
what they are, an absent value is an empty cell.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

Value = str | int | float | bool | None
Cells = dict[str, str]
"""The cells of a row by column, those that are empty left out."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_QUOTED = re.compile(r'[",\r\n]')


def text_of(value: Value) -> str:
    """Write a value as text, for a format that no spreadsheet opens."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if isinstance(value, str) else repr(value)


def cell(value: Value) -> str:
    """Write a value as the text of a cell, without quotes."""
    text = text_of(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def cells(values: Mapping[str, Value]) -> Cells:
    """Write a row by column."""
    written = ((name, cell(value)) for name, value in values.items())
    return {name: text for name, text in written if text}


def write_row(row: Iterable[Value], delimiter: str = ",") -> str:
    """Write a line of values, with its end."""
    return f"{delimiter.join(_quoted(cell(value), delimiter) for value in row)}\r\n"


def write_cells(columns: Sequence[str], row: Cells) -> str:
    """Write a line of cells in the order of the columns; a cell of no column is a fault."""
    strayed = row.keys() - set(columns)
    if strayed:
        raise ValueError(f"no column for {', '.join(sorted(strayed))}")
    return f"{','.join(_quoted(row.get(name, '')) for name in columns)}\r\n"


def _quoted(text: str, delimiter: str = ",") -> str:
    is_quoted = delimiter in text or _QUOTED.search(text)
    return '"' + text.replace('"', '""') + '"' if is_quoted else text
