"""One stream's part of STATE: how far it is, and where an interrupted run goes on.

``replication_key_value``
    Everything before it is out. For times the end of the last finished window, in UTC; for
    append-only streams the last id. Never moves back.
``window``
    The window being read, ``{"start": ..., "end": ...}`` in UTC; null when none is open. A
    reading of everything (FULL_TABLE) has no start and no end.
``cursor``
    Inside the open window, all rows up to this id are out; null when none are.

Keys are set to null when done and never removed: Meltano merges STATE deeply, and a removed
key would come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_pardot.records.times import Window, parse_instant, to_iso

if TYPE_CHECKING:
    from datetime import datetime

VALUE, WINDOW, CURSOR = "replication_key_value", "window", "cursor"
UNTIL = "until"
"""Append-only streams: the end of the last finished window, in UTC."""

JOBS = "jobs"
"""Export streams: the jobs that were created, as ``export_plan.Job`` writes them."""

REFUSED = "refused"
"""Fields that exports refused when these jobs were created."""

LIMITED = "limited"
"""Export streams: whether exports leave out rows that a query has; null: not known yet."""


class Bookmark:
    """Reads and moves one stream's bookmark.

    Args:
        state: The stream's dictionary in the tap's STATE; changed in place, each time by one
            ``update``, so that a signal never finds it half moved.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self.moved = False
        """Whether a window was finished in this run."""

    @property
    def value(self) -> Any:
        """Up to where everything is out: text of an instant, an id, or None."""
        return self._state.get(VALUE)

    @property
    def until(self) -> datetime | None:
        """The end of an append-only stream's last finished window."""
        text = self._state.get(UNTIL)
        return None if text is None else parse_instant(text)

    @property
    def window(self) -> Window | None:
        """The window that an interrupted run left open."""
        kept = self._state.get(WINDOW)
        if kept is None or kept["start"] is None:
            return None
        return Window(parse_instant(kept["start"]), parse_instant(kept["end"]))

    @property
    def cursor(self) -> int:
        """The largest id that is out of the open window, or 0."""
        return self._state.get(CURSOR) or 0

    @property
    def is_whole(self) -> bool:
        """Whether an interrupted run left a reading of everything open."""
        kept = self._state.get(WINDOW)
        return kept is not None and kept["start"] is None

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The export jobs that were created and are not all out yet, oldest window first."""
        return list(self._state.get(JOBS) or [])

    @property
    def refused(self) -> list[str]:
        """The fields that those jobs were created without, because exports refused them."""
        return list(self._state.get(REFUSED) or [])

    @property
    def limited(self) -> bool | None:
        """Whether exports are known to leave out rows that a query has."""
        return self._state.get(LIMITED)

    def note_limited(self, *, limited: bool) -> None:
        """Remember whether exports leave out rows."""
        self._state[LIMITED] = limited

    def keep_jobs(self, jobs: list[dict[str, Any]], refused: list[str]) -> None:
        """Remember the export jobs, and what was refused as long as there are any."""
        self._state.update({JOBS: jobs or None, REFUSED: (jobs and refused) or None})

    def begin_anew(self) -> None:
        """Forget what is out of the open window, so that all of it is read again."""
        jobs = [job | {"done": []} for job in self.jobs]
        self._state.update({WINDOW: None, CURSOR: None, JOBS: jobs or None})

    def open(self, window: Window | None, cursor: int | None = None) -> None:
        """Begin a window, or (None) a reading of everything, after a cursor."""
        bounds: dict[str, str | None] = {"start": None, "end": None}
        if window is not None:
            bounds = {"start": to_iso(window.start), "end": to_iso(window.end)}
        self._state.update({WINDOW: bounds, CURSOR: cursor})

    def begin(self, window: Window | None, cursor: int | None = None) -> None:
        """Open a window, or (None) a reading of everything, unless one is open already."""
        if self.window is None if window is not None else not self.is_whole:
            self.open(window, cursor)

    def advance(self, cursor: int) -> None:
        """All rows of the open window up to this id are out."""
        self._state[CURSOR] = cursor

    def close(self, replication_key: str | None, value: Any, until: datetime | None = None) -> None:
        """The open window is out, and everything before ``value``, if that is remembered."""
        self.moved = True
        done: dict[str, Any] = {WINDOW: None, CURSOR: None}
        if value is not None:
            done |= {"replication_key": replication_key, VALUE: value}
        if until is not None:
            done[UNTIL] = to_iso(until)
        self._state.update(done)
