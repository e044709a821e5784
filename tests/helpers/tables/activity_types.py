"""The table of activity types, made from the CSV that a warehouse can load."""

from __future__ import annotations

import csv

from tests.helpers.tables.markup import DOCS, code, table

FILE = DOCS / "modeling" / "activity-types.csv"


def text() -> str:
    """Return the CSV as it is."""
    return FILE.read_text(encoding="utf-8")


def types() -> list[dict[str, str]]:
    """Return the rows of the CSV."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def id_columns(row: dict[str, str]) -> list[str]:
    """Return the columns that name the asset of an activity of a type."""
    return [name for name in row["id_column"].split(", ") if name]


def types_table() -> str:
    """Return one row per activity type."""
    heads = ("`type`", "Name", "`type_name`", "Asset in", "`details`")
    rows = (
        (row["type"], row["name"], row["type_name"], code(*id_columns(row)), row["details"])
        for row in types()
    )
    return table(heads, rows)
