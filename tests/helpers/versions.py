"""Runs under ``api_version`` 4 and 5 of one account, and what they should bring."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tap_pardot.records.values import camel_case

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pardot_emulator import Emulator
    from tests.helpers.runner import Runner
    from tests.helpers.tap import Finished

V5_ONLY = {
    "list_emails": "listEmail",
    "landing_pages": "landingPage",
    "form_handlers": "formHandler",
    "form_handler_fields": "formHandlerField",
    "form_fields": "formField",
    "files": "file",
    "folders": "folder",
    "folder_contents": "folderContent",
    "layout_templates": "layoutTemplate",
    "engagement_studio_programs": "engagementStudioProgram",
    "dynamic_content_variations": "dynamicContentVariation",
    "tracker_domains": "trackerDomain",
    "bulk_actions": "bulkAction",
}
"""Streams that only version 5 has, with the emulator's rows; ``tagged_objects`` is made of rows
that versions 3 and 4 have."""


def discovered(tap: Runner, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the catalog that the settings discover."""
    catalog: dict[str, Any] = json.loads(tap.run(dict(config), "--discover").stdout)
    return catalog


def selected(
    catalog: dict[str, Any],
    streams: Collection[str] | None = None,
    *,
    without: Mapping[str, Iterable[str]] | None = None,
    only: Mapping[str, Iterable[str]] | None = None,
) -> dict[str, Any]:
    """Return a catalog with a selection, as Meltano makes one: off is what is ``unsupported``.

    Args:
        catalog: A discovered catalog; it is changed.
        streams: The streams; None for all.
        without: By stream, columns that are not selected.
        only: By stream, the only columns that are selected besides the keys.
    """
    for entry in catalog["streams"]:
        name = entry["tap_stream_id"]
        for item in entry["metadata"]:
            *_, column = item["breadcrumb"] or [None]
            if column is None:
                item["metadata"]["selected"] = streams is None or name in streams
            elif column in (without or {}).get(name, ()):
                item["metadata"]["selected"] = False
            elif name in (only or {}):
                item["metadata"]["selected"] = column in (only or {})[name]
    return catalog


def read_by_version_5(run: Finished) -> set[str]:
    """Return the streams that were read by version 5, as the log reports it."""
    found = (re.match(r"(\w+): read by version 5 of the API\.", line) for line in run.log)
    return {match[1] for match in found if match}


def calls_by_version(emulator: Emulator, *objects: str) -> dict[int, int]:
    """Return how many calls were made by each version, of some objects or of all."""
    found: dict[int, int] = {}
    for call in emulator.calls:
        if not objects or call["object"] in objects:
            found[call["version"]] = found.get(call["version"], 0) + 1
    return found


def schemas(run: Finished) -> dict[str, dict[str, Any]]:
    """Return the columns that SCHEMA names, by stream; SCHEMA comes once."""
    found: dict[str, dict[str, Any]] = {}
    for message in run.messages:
        if message["type"] == "SCHEMA":
            assert message["stream"] not in found
            found[message["stream"]] = message["schema"]["properties"]
    return found


def misfits(run: Finished) -> list[str]:
    """Return where records and SCHEMA differ: in their columns, or in the types of values."""
    found: list[str] = []
    records = run.records
    for stream, columns in schemas(run).items():
        for record in records.get(stream, ()):
            if record.keys() != columns.keys():
                found.append(f"{stream}: {sorted(record.keys() ^ columns.keys())}")
            found += [
                f"{stream}.{name}: {record[name]!r}"
                for name in record.keys() & columns.keys()
                if not fits(record[name], columns[name])
            ]
    return found


_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a value is one of a JSON Schema, with what is inside of it."""
    names = schema.get("type", [*_TYPES])
    names = [names] if isinstance(names, str) else names
    is_one = any(isinstance(value, _TYPES[name]) for name in names)
    if not is_one or (isinstance(value, bool) and "boolean" not in names):
        return False
    if isinstance(value, str) and schema.get("format") == "date-time":
        return datetime.fromisoformat(value).utcoffset() is not None
    if isinstance(value, list) and "items" in schema:
        return all(fits(each, schema["items"]) for each in value)
    if isinstance(value, dict) and "properties" in schema:
        inner = schema["properties"]
        return value.keys() == inner.keys() and all(fits(value[k], inner[k]) for k in value)
    return True


def from_row(row: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a row that the emulator stores under the names of version 5."""
    return {name: _stored(row.get(camel_case(name)), each) for name, each in columns.items()}


def _stored(value: Any, schema: Mapping[str, Any]) -> Any:
    if value is None:
        return [] if "array" in schema["type"] else None
    if schema.get("format") == "date-time":
        return iso(value)
    if "boolean" in schema["type"]:
        return bool(value)
    if "array" in schema["type"]:
        return [_stored(each, schema["items"]) for each in value]
    if "object" in schema["type"]:
        return {
            name: _stored(value.get(camel_case(name)), each)
            for name, each in schema["properties"].items()
        }
    return value


def iso(seconds: float) -> str:
    """Return an instant as records write it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def local(text: str, zone: str) -> datetime:
    """Return the local time of an instant, in which the repeated hour looks like the first one."""
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
