"""Catalogs as a user makes them: what the tap discovers, with streams and columns selected."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


VERSION_5 = 5
OFF = {"prospect_ids", "prospects.password", "emails.message_text", "emails.message_html"}
"""What is off under versions 3 and 4."""

_DISCOVER = """
from tap_pardot.cli import Discovery
config = {"api_version": %d, "include": %s}
print(Discovery(config=config, validate_config=False, setup_mapper=False).catalog_json_text)
"""


@cache
def _discovered(version: int, include: tuple[str, ...]) -> str:
    """Return the standard catalog of an API version; the command gives only that of the default."""
    # A process of its own: a test may have changed the tap in this one.
    command = [sys.executable, "-c", _DISCOVER % (version, json.dumps(include))]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def select(
    *streams: str,
    columns: Mapping[str, Iterable[str]] | None = None,
    methods: Mapping[str, str] | None = None,
    types: Mapping[str, Mapping[str, Any]] | None = None,
    version: int = 4,
    include: Iterable[str] = (),
) -> dict[str, Any]:
    """Return a catalog with just these streams selected.

    Args:
        streams: Names of the streams. Under versions 3 and 4 those that are off may be among them,
            as in a catalog that was discovered with ``include``.
        columns: By stream, the only columns selected besides the keys; as ``streams``.
        methods: By stream, INCREMENTAL or FULL_TABLE where it is not the default.
        types: By stream and column, the JSON Schema that the catalog gives it.
        version: The setting ``api_version`` of the discovery.
        include: The setting ``include``.
    """
    columns = columns or {}
    names = {*streams, *(f"{name}.{each}" for name in columns for each in columns[name])}
    offered = OFF & names if version < VERSION_5 else set()
    catalog: dict[str, Any] = json.loads(_discovered(version, (*sorted(offered), *include)))
    for entry in catalog["streams"]:
        name = entry["tap_stream_id"]
        only = columns.get(name)
        for item in entry["metadata"]:
            *_, column = item["breadcrumb"] or [None]
            if column is None:
                item["metadata"]["selected"] = name in streams
                if method := (methods or {}).get(name):
                    item["metadata"]["forced-replication-method"] = method
            elif only is not None:
                item["metadata"]["selected"] = column in only
        if method := (methods or {}).get(name):
            entry["replication_method"] = method
        entry["schema"]["properties"].update((types or {}).get(name, {}))
    return catalog


select_5 = partial(select, version=5)
"""Returns a catalog of version 5."""


def metadata_of(catalog: dict[str, Any], stream: str) -> dict[str, Any]:
    """Return the metadata of a stream itself, to change."""
    entry = next(each for each in catalog["streams"] if each["tap_stream_id"] == stream)
    found: dict[str, Any]
    (found,) = (each["metadata"] for each in entry["metadata"] if not each["breadcrumb"])
    return found
