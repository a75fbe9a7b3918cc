"""What a copy holds, read as a data manager would: with a driver or a CSV reader, not our code."""

import csv
import json
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

JSON = ("originator", "actor", "data", "texts", "text_salt")


def held(into: str, table: str = "changes") -> list[dict[str, Any]]:
    """The rows of a copy in their order, with JSON columns opened and numbers as numbers."""
    return [_opened(row) for row in _rows(into, table)]


def told(change: dict[str, Any]) -> dict[str, Any]:
    """A change of the feed as a copy should hold it."""
    data = dict(change["data"] or {})
    texts = data.pop("texts", {})
    if "reason" in change["text_salt"]:
        texts["reason"] = change["reason"]
    left_out = ("study", "payload_digest", "reason", "data", "texts", "flags")
    return {
        **{name: value for name, value in change.items() if name not in left_out},
        "flags": " ".join(change["flags"]),
        "data": data or None,
        "texts": texts,
    }


def _rows(into: str, table: str) -> list[dict[str, Any]]:
    query = f"SELECT * FROM {table} ORDER BY seq"
    if into.startswith("postgresql"):
        with psycopg.connect(into, row_factory=dict_row) as database:
            return database.execute(query).fetchall()
    if into.startswith("sqlite"):
        file = sqlite3.connect(into.removeprefix("sqlite:///"))
        file.row_factory = sqlite3.Row
        rows = [dict(row) for row in file.execute(query)]
        file.close()
        return rows
    with (Path(into) / f"{table}.csv").open(encoding="utf-8", newline="") as csv_file:
        return list(csv.DictReader(csv_file))


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    opened: dict[str, Any] = {
        name: json.loads(value) if name in JSON and value else value or None
        for name, value in row.items()
    }
    numbers = {name: int(opened[name]) for name in ("seq", "no", "version")}
    return {**opened, **numbers, "flags": row["flags"]}
