"""The STATE of an earlier run: checks it, migrates it and adapts it to this run."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.times import to_iso
from tap_pardot.state.bookmark import Bookmark
from tap_pardot.state.migration import (
    A_DAY,
    VERSION,
    StateOrigin,
    changes,
    check_version,
    is_singer_io,
    reached_by_singer_io,
    zone_changed,
)
from tap_pardot.state.validation import UNREADABLE, check
from tap_pardot.streams.endpoints import is_child
from tap_pardot.streams.variants import variants_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from tap_pardot.streams.base import PardotStream

logger = logging.getLogger("tap-pardot")

_TOP_LEVEL = {"calls", "settings", "timezone_check", "version"}
"""Parts of STATE besides the bookmarks."""


class StoredState:
    """The STATE that a run was given.

    Args:
        given: The STATE; empty at the first run.
        streams: The tap's streams, by name.

    Raises:
        ConfigurationError: A part of it cannot be read.
    """

    def __init__(self, given: dict[str, Any], streams: Mapping[str, type[PardotStream]]) -> None:
        check_version(given)
        self._given = given
        self._streams = streams
        self._origin: StateOrigin | None = None
        bookmarks = given.get("bookmarks")
        if bookmarks is None and set(given) <= {"bookmarks", *_TOP_LEVEL}:
            bookmarks = {}
        if not isinstance(bookmarks, dict):
            raise ConfigurationError(UNREADABLE)
        self.bookmarks: dict[str, Any] = bookmarks
        self._legacy = {name: each for name, each in bookmarks.items() if is_singer_io(each)}
        for name, stream in streams.items():
            if name not in bookmarks or name in self._legacy:
                continue
            check(name, bookmarks[name], by_id=_by_id(stream), is_child=was_child(stream))

    def copy_to(self, state: dict[str, Any]) -> None:
        """Copy everything but the bookmarks into the tap's STATE."""
        calls = self._given.get("calls")
        if isinstance(calls, dict) and type(calls.get("made")) is int:
            state["calls"] = calls
        check = self._given.get("timezone_check")
        if isinstance(check, dict):
            state["timezone_check"] = check
        if self.bookmarks:
            state["version"] = VERSION
        if "settings" in self._given:
            state["settings"] = self._given["settings"]

    def adopt(
        self, state: dict[str, Any], business_unit: str, zone: ZoneInfo, start: datetime
    ) -> timedelta:
        """Adapt the tap's STATE to the settings of this run, and migrate bookmarks of singer-io.

        Args:
            state: The tap's STATE, changed in place.
            business_unit: Setting ``pardot_business_unit_id``.
            zone: The API user's zone.
            start: The start of the run's window.

        Returns:
            How far before their bookmarks streams start in this run.

        Raises:
            ConfigurationError: It belongs to another business unit.
        """
        origin = StateOrigin(business_unit, zone.key, to_iso(start))
        before = state.get("settings")
        for sentence in changes(before, origin):
            logger.warning("%s", sentence)
        self._origin = origin
        lookback = timedelta()
        if zone_changed(before, origin):
            lookback = A_DAY
            for name, stream in self._streams.items():
                bookmark = state["bookmarks"].get(name)
                if bookmark and not is_child(stream):
                    # In the earlier zone, the bounds of an open window were other instants.
                    Bookmark(bookmark).begin_anew()
        else:
            state["settings"] = origin.to_state()
        state["version"] = VERSION
        for name, bookmark in self._legacy.items():
            state["bookmarks"][name] = self._migrated(name, bookmark, zone)
        return lookback

    def note_complete(self, state: dict[str, Any]) -> None:
        """Store this run's settings in STATE, because the run was complete with them."""
        if self._origin is not None:
            state["settings"] = self._origin.to_state()

    def _migrated(self, name: str, bookmark: dict[str, Any], zone: ZoneInfo) -> dict[str, Any]:
        """Return the bookmark to use for one of singer-io's tap; empty to start over."""
        stream = self._streams.get(name)
        reached = reached_by_singer_io(bookmark, zone)
        if stream is None:
            logger.warning("%s: not a stream of this tap; its bookmark is dropped.", name)
        elif reached is None or getattr(stream, "replication_key", None) != "updated_at":
            logger.warning(
                "%s: the bookmark of singer-io's tap cannot be used: the stream starts over.",
                name,
            )
        else:
            logger.info("%s: continues from %s, where singer-io's tap stopped.", name, reached)
            return {"replication_key": "updated_at", "replication_key_value": reached}
        return {}


def _by_id(stream: type[PardotStream]) -> bool | None:
    """Return whether a stream's bookmark is an id; None if no dialect gives it a bookmark."""
    own = [each for each in variants_of(stream).values() if not each.parents]
    return any(each.is_append_only for each in own) if own else None


def was_child(stream: type[PardotStream]) -> bool:
    """Return whether a dialect reads a stream through other streams."""
    return any(each.parents for each in variants_of(stream).values())
