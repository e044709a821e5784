"""The standard catalogs of versions 4 and 5, as the tap makes them without an account."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tap_pardot.cli import Discovery
from tap_pardot.streams.endpoints import is_child
from tap_pardot.streams.replication import INCREMENTAL, can_be_incremental, valid_keys
from tests.helpers.tables.markup import code

VERSIONS = (4, 5)


@cache
def _discovery(version: int) -> Discovery:
    return Discovery(config={"api_version": version}, validate_config=False, setup_mapper=False)


@cache
def catalog(version: int) -> dict[str, Any]:
    """Return the standard catalog of a version."""
    found: dict[str, Any] = json.loads(_discovery(version).catalog_json_text)
    return found


@cache
def _entries(version: int) -> dict[str, Any]:
    return {entry["tap_stream_id"]: entry for entry in catalog(version)["streams"]}


def has(stream: str, version: int) -> bool:
    """Return whether a version has a stream."""
    return stream in _entries(version)


def columns(stream: str, version: int) -> dict[str, Any]:
    """Return the JSON Schema of a stream's columns under a version; empty if it has no stream."""
    if not has(stream, version):
        return {}
    found: dict[str, Any] = _entries(version)[stream]["schema"]["properties"]
    return found


def off(stream: str, version: int) -> list[str]:
    """Return the columns of a stream that only the setting ``include`` brings."""
    return [column for column in columns(stream, version) if _is_off(stream, version, column)]


def is_off(stream: str, version: int) -> bool:
    """Return whether only the setting ``include`` brings a stream."""
    return has(stream, version) and _is_off(stream, version)


def _is_off(stream: str, version: int, column: str | None = None) -> bool:
    where = [] if column is None else ["properties", column]
    for item in _entries(version)[stream]["metadata"]:
        if item["breadcrumb"] == where:
            return bool(item["metadata"]["inclusion"] == "unsupported")
    raise KeyError(stream, column)


def keys(stream: str) -> list[str]:
    """Return the primary keys of a stream."""
    version = next(each for each in VERSIONS if has(stream, each))
    found: list[str] = _entries(version)[stream]["key_properties"]
    return found


def replication(stream: str, version: int) -> str:
    """Return how a stream is replicated by default, in words."""
    found = _stream(stream, version)
    if is_child(found):
        return "`FULL_TABLE`, of what its parents name"
    if not found.incremental:
        return "`FULL_TABLE`"
    key = found.replication_key
    return f"`{INCREMENTAL}`{f' by {code(key)}' if key else ''}"


def optional_key(stream: str, version: int) -> str | None:
    """Return the key by which a catalog can make a stream INCREMENTAL that is not.

    It is empty for a stream whose rows have no such key; None if the stream cannot be changed.
    """
    if not has(stream, version):
        return None
    found = _stream(stream, version)
    if found.incremental or is_child(found) or not can_be_incremental(found):
        return None
    return next(iter(valid_keys(found)), "")


def _stream(name: str, version: int) -> Any:
    return _discovery(version).streams[name]


def all_columns(stream: str) -> dict[str, Any]:
    """Return the JSON Schema of a stream's columns under any version."""
    return {**columns(stream, 4), **columns(stream, 5)}
