"""Writes the sources of dbt from the tap's catalog: tables, columns, descriptions and tests.

``tap-pardot --config config.json --discover | python sources.py > models/sources.yml``
"""

from __future__ import annotations

import json
import sys
from typing import Any

import yaml

TYPES = {
    "boolean": "boolean",
    "date": "date",
    "date-time": "timestamp without time zone",
    "integer": "bigint",
    "number": "numeric",
    "object": "jsonb",
    "string": "text",
}
"""By type or format in the catalog, the type of the column that target-postgres makes."""


def sources(catalog: dict[str, Any]) -> str:
    """Return the YAML of the sources, with what the catalog selects.

    Args:
        catalog: What ``tap-pardot --discover`` prints.
    """
    tables = [table(entry) for entry in catalog["streams"] if is_selected(entry)]
    source = {
        "name": "pardot",
        "schema": "{{ env_var('PARDOT_SCHEMA', 'tap_pardot') }}",
        "tables": tables,
    }
    return str(yaml.safe_dump({"version": 2, "sources": [source]}, sort_keys=False, width=100))


def table(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the table of a stream."""
    keys, schemas = entry["key_properties"], entry["schema"]["properties"]
    columns = [column(name, schemas[name], keys) for name in schemas if is_selected(entry, name)]
    found = {"name": entry["tap_stream_id"], "columns": columns}
    if len(keys) > 1:
        together = " || '-' || ".join(keys)
        found["data_tests"] = [{"unique": {"arguments": {"column_name": f"({together})"}}}]
    return found


def column(name: str, schema: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    """Return a column; the key is tested."""
    found = {
        "name": name,
        "description": schema.get("description", ""),
        "data_type": data_type(schema),
    }
    if name in keys:
        found["data_tests"] = ["not_null"] if len(keys) > 1 else ["not_null", "unique"]
    return found


def data_type(schema: dict[str, Any]) -> str:
    """Return the type of a column in PostgreSQL."""
    given = schema.get("type", [])
    kinds = [each for each in ([given] if isinstance(given, str) else given) if each != "null"]
    kind = kinds[0] if len(kinds) == 1 else "object"  # what may be anything is JSON
    if kind == "array":
        return f"{data_type(schema['items'])}[]"
    return TYPES.get(schema.get("format", ""), TYPES[kind])


def is_selected(entry: dict[str, Any], *column: str) -> bool:
    """Return whether the catalog selects a stream, or a column of it."""
    breadcrumb = ["properties", *column] if column else []
    found = next(each for each in entry["metadata"] if each["breadcrumb"] == breadcrumb)["metadata"]
    if found["inclusion"] in {"automatic", "unsupported"}:
        return bool(found["inclusion"] == "automatic")
    return bool(found.get("selected", found.get("selected-by-default", True)))


if __name__ == "__main__":
    sys.stdout.write(sources(json.load(sys.stdin)))
