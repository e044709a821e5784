"""What tests of the export-backed streams share: rows, a catalog, and who is missing."""

from __future__ import annotations

from datetime import UTC, datetime
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

WITH_RECYCLE_BIN = ("prospects", "prospect_accounts", "visitors", "list_memberships")
"""Streams whose rows can be in the recycle bin."""

QUICK = {"export_poll_interval": 1, "bulk_source": "export"}
"""Settings that keep a test from waiting, and read by exports what can be exported."""


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


def jobs_of(emulator: Emulator, stream: str) -> list[dict[str, Any]]:
    """Return a stream's jobs, oldest first."""
    return [job for job in emulator.exports if job["object"] == OBJECTS[stream]]


def ops(emulator: Emulator, *names: str) -> list[dict[str, Any]]:
    """Return the calls for exports of these kinds, oldest first."""
    return [call for call in emulator.calls if call["object"] == "export" and call["op"] in names]


def missing(emulator: Emulator, run: Finished, streams: Iterable[str]) -> dict[str, set[int]]:
    """Return by stream the ids that the emulator has and a run did not emit."""
    found = {
        stream: {each["id"] for each in emulator.rows(OBJECTS[stream])} - set(run.ids(stream))
        for stream in streams
    }
    return {stream: ids for stream, ids in found.items() if ids}
