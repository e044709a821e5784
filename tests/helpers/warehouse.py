"""What a target makes of the tap's messages, and what the emulator says should be there.

A run is judged by the tables a target ends up with, and STATE by what had reached the target
when it came: nothing else shows whether a row is lost.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pardot_emulator import Emulator


@dataclass(frozen=True)
class Table:
    """One stream's table.

    Attributes:
        object: The object in the emulator.
        version: A column that shows which version of a row arrived; named alike in the emulator.
        changed: The emulator's name of the time that windows are made of; None: no window.
        is_immutable: Whether the bookmark is an id.
    """

    object: str
    version: str
    changed: str | None = None
    is_immutable: bool = False

    def row(self, number: int, moment: str, version: str | None = None) -> dict[str, Any]:
        """Return a row for the emulator, made and last changed at a moment."""
        row: dict[str, Any] = {"id": number}
        if self.object in {"import", "export"}:
            row |= {"createdAt": moment, "updatedAt": moment}
        elif self.is_immutable:
            row["created_at"] = moment
        elif self.object != "lifecycleStage":
            row |= {"created_at": moment, "updated_at": moment}
        if version is not None:
            row[self.version] = version
        return row


WINDOWED = {
    "lists": Table("list", "name", "updated_at"),
    "tags": Table("tag", "name", "updated_at"),
    "forms": Table("form", "name", "updated_at"),
    "custom_redirects": Table("customRedirect", "name", "updated_at"),
    "dynamic_contents": Table("dynamicContent", "name", "updated_at"),
}
BY_ID = {
    "email_clicks": Table("emailClick", "url", "created_at", is_immutable=True),
    "lifecycle_histories": Table(
        "lifecycleHistory", "seconds_elapsed", "created_at", is_immutable=True
    ),
    "tag_objects": Table("tagObject", "object_id", "created_at", is_immutable=True),
}
WHOLE = {
    "campaigns": Table("campaign", "name"),
    "custom_fields": Table("customField", "name"),
    "lifecycle_stages": Table("lifecycleStage", "name"),
    "opportunities": Table("opportunity", "name"),
    "users": Table("user", "first_name"),
}
BY_OFFSET = {
    "imports": Table("import", "state", "updatedAt"),
    "exports": Table("export", "state", "updatedAt"),
}
TABLES = WINDOWED | BY_ID | WHOLE | BY_OFFSET


def utc(text: str) -> datetime:
    """Return the instant of an ISO 8601 text with an offset."""
    return datetime.fromisoformat(text)


def iso(moment: datetime) -> str:
    """Return an instant as records write it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def later(text: str, seconds: float) -> str:
    """Return the instant so many seconds after another, as records write it."""
    return iso(utc(text) + timedelta(seconds=seconds))


def by_stream(streams: Iterable[str], expected: Any) -> dict[str, Any]:
    """Return the same expectation for each stream."""
    return dict.fromkeys(streams, expected)


class Warehouse:
    """Tables that upsert by ``id``, and the STATE that came last."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        self.state: dict[str, Any] | None = None
        self.states = 0

    def load(self, lines: Iterable[str]) -> None:
        """Take lines; one without its end is not a message yet."""
        for line in lines:
            if line.endswith("\n"):
                self.take(json.loads(line))

    def take(self, message: dict[str, Any]) -> None:
        """Take one message."""
        if message["type"] == "RECORD":
            record = message["record"]
            self.tables[message["stream"]][record["id"]] = record
        elif message["type"] == "STATE":
            self.state = message["value"]
            self.states += 1

    def bookmark(self, stream: str) -> dict[str, Any]:
        """Return a stream's part of the last STATE."""
        bookmarks: dict[str, dict[str, Any]] = (self.state or {}).get("bookmarks", {})
        return bookmarks.get(stream, {})

    def missing(self, emulator: Emulator, stream: str) -> list[int]:
        """Return the ids whose present version is not here."""
        table = TABLES[stream]
        here = self.tables[stream]
        return [
            row["id"]
            for row in emulator.rows(table.object)
            if row["id"] not in here or here[row["id"]][table.version] != row[table.version]
        ]

    def all_missing(
        self, emulator: Emulator, streams: Iterable[str] = TABLES
    ) -> dict[str, list[int]]:
        """Return what is missing, by stream; streams that are complete are left out."""
        found = {stream: self.missing(emulator, stream) for stream in streams}
        return {stream: ids for stream, ids in found.items() if ids}

    def lost(self, emulator: Emulator, stream: str) -> list[int]:
        """Return the ids that the last STATE covers and that are not here.

        The emulator's rows must not have changed since the first run.
        """
        table, bookmark = TABLES[stream], self.bookmark(stream)
        here = self.tables[stream]
        return [
            row["id"]
            for row in emulator.rows(table.object)
            if covers(bookmark, table, row) and row["id"] not in here
        ]


def covers(bookmark: dict[str, Any], table: Table, row: dict[str, Any]) -> bool:
    """Whether a bookmark says that a row of the emulator is out."""
    moment = iso(datetime.fromtimestamp(row[table.changed], UTC)) if table.changed else ""
    value, cursor = bookmark.get("replication_key_value"), bookmark.get("cursor")
    if table.is_immutable:
        if value is not None and row["id"] <= value and moment < bookmark["until"]:
            return True
    elif value is not None and moment < value:
        return True
    window = bookmark.get("window")
    if window is None or cursor is None or row["id"] > cursor:
        return False
    return window["start"] is None or window["start"] <= moment < window["end"]
