"""What tests of the export-backed streams share: rows, a catalog, and who is missing."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pardot_emulator import Emulator
    from tests.helpers.tap import Finished

OBJECTS = {
    "visitor_activities": "visitorActivity",
    "prospects": "prospect",
    "prospect_accounts": "prospectAccount",
    "visitors": "visitor",
    "list_memberships": "listMembership",
    "external_activities": "externalActivity",
}
"""Object by stream."""

WITH_BIN = ("prospects", "prospect_accounts", "visitors", "list_memberships")
"""Streams whose rows can be in the recycle bin."""

QUICK = {"export_poll_interval": 1}
"""Settings that keep a test from waiting."""


def row(stream: str, number: int, moment: str | datetime, **fields: Any) -> dict[str, Any]:
    """Return a row for the emulator, made and last changed at a moment."""
    text = moment if isinstance(moment, str) else moment.astimezone(UTC).isoformat()
    if stream == "external_activities":
        return {"id": number, "createdAt": text, "activityDate": text, **fields}
    return {"id": number, "created_at": text, "updated_at": text, **fields}


def fill(emulator: Emulator, streams: Iterable[str], moments: Iterable[str | datetime]) -> None:
    """Add one row for each moment to each stream's object, with ids from 1."""
    listed = list(moments)
    for stream in streams:
        rows = [row(stream, number, moment) for number, moment in enumerate(listed, start=1)]
        emulator.add(OBJECTS[stream], rows)


@lru_cache(maxsize=1)
def _discovered() -> str:
    command = [sys.executable, "-m", "tap_pardot", "--discover"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def select(*streams: str, columns: dict[str, Iterable[str]] | None = None) -> dict[str, Any]:
    """Return a catalog with just these streams selected.

    Args:
        streams: Names of the streams.
        columns: By stream, the only columns selected besides the keys.
    """
    catalog: dict[str, Any] = copy.deepcopy(json.loads(_discovered()))
    for entry in catalog["streams"]:
        name = entry["tap_stream_id"]
        only = (columns or {}).get(name)
        for item in entry["metadata"]:
            *_, column = item["breadcrumb"] or [None]
            if column is None:
                item["metadata"]["selected"] = name in streams
            elif only is not None:
                item["metadata"]["selected"] = column in only
    return catalog


def jobs_of(emulator: Emulator, stream: str) -> list[dict[str, Any]]:
    """Return a stream's jobs, oldest first."""
    return [job for job in emulator.exports if job["object"] == OBJECTS[stream]]


def ops(emulator: Emulator, *names: str) -> list[dict[str, Any]]:
    """Return the calls for exports of these kinds, oldest first."""
    return [call for call in emulator.calls if call["object"] == "export" and call["op"] in names]


def missing(emulator: Emulator, run: Finished, streams: Iterable[str]) -> dict[str, set[int]]:
    """Return by stream the ids that the emulator has and a run has not brought."""
    found = {
        stream: {each["id"] for each in emulator.rows(OBJECTS[stream])} - set(run.ids(stream))
        for stream in streams
    }
    return {stream: ids for stream, ids in found.items() if ids}


def said(run: Finished, stream: str) -> str:
    """Return a stream's line of the report."""
    lines = [line.split(" | ", 3)[-1].strip() for line in run.stderr.splitlines()]
    return next(line for line in lines if line.startswith(f"{stream}: ") and " row" in line)
