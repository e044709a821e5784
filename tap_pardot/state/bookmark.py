"""One stream's part of STATE: what is written, and where an interrupted run resumes.

``replication_key_value``
    All rows before it are written. It is the end of the last finished window, in UTC, or the last
    id of an append-only stream. It never moves back.
``window``
    The window that is open, ``{"start": ..., "end": ...}`` in UTC; null when none is. A full-table
    sync has a window without start and end.
``cursor``
    All rows of the open window up to this id are written; null when none are.

Keys are set to null when they are no longer needed, and never removed. Meltano merges STATE
deeply, so a removed key would come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_pardot.records.times import Window, parse_instant, to_iso

if TYPE_CHECKING:
    from datetime import datetime

VALUE, WINDOW, CURSOR = "replication_key_value", "window", "cursor"
UNTIL = "until"
"""Of append-only streams: the end of the last finished window, in UTC."""

JOBS = "jobs"
"""Of exports: the jobs that were created, as ``export_plan.Job`` writes them."""

REFUSED = "refused"
"""Of exports: fields that these jobs were created without, because Pardot refused them."""

EXPORT_SECONDS = "export_seconds"
"""Of exports: seconds that the last job took; null while that is unknown."""

ROWS_START = "begin"
"""Of exports: there are no rows before this instant, in UTC; null while that is unknown."""

LIMITED = "limited"
"""Of exports: whether they leave out rows that a query returns; null while that is unknown."""

DIALECT = "dialect"
"""The dialect of the API that has written the cursor: ``v5``, or ``v4`` if the key is missing."""

AVOIDS_VERSION_5 = "avoids_version_5"
"""Whether version 5 failed after SCHEMA was out, so that the next run reads by another dialect."""


_FIRST_DIALECT = "v4"


class Bookmark:
    """Reads and moves one stream's bookmark.

    Args:
        state: The stream's dictionary in the tap's STATE. Each change is one ``update`` in place,
            so that a signal never finds a change half made.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state
        self.moved = False
        """Whether a window was finished in this run."""

    @property
    def value(self) -> Any:
        """The point before which all rows are written: an instant as a string, an id, or None."""
        return self._state.get(VALUE)

    @property
    def until(self) -> datetime | None:
        """The end of an append-only stream's last finished window."""
        text = self._state.get(UNTIL)
        return None if text is None else parse_instant(text)

    @property
    def window(self) -> Window | None:
        """The window that an interrupted run left open, unless it has no bounds."""
        stored = self._state.get(WINDOW)
        if stored is None or stored["start"] is None:
            return None
        return Window(parse_instant(stored["start"]), parse_instant(stored["end"]))

    @property
    def cursor(self) -> int:
        """The largest id of the open window that is written, or 0."""
        return self._state.get(CURSOR) or 0

    @property
    def is_whole(self) -> bool:
        """Whether an interrupted run left a full-table sync open."""
        stored = self._state.get(WINDOW)
        return stored is not None and stored["start"] is None

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The export jobs that were created and are not finished, oldest window first."""
        return list(self._state.get(JOBS) or [])

    @property
    def refused(self) -> list[str]:
        """The fields that those jobs were created without, because Pardot refused them."""
        return list(self._state.get(REFUSED) or [])

    @property
    def limited(self) -> bool | None:
        """Whether exports leave out rows that a query returns; None while that is unknown."""
        return self._state.get(LIMITED)

    def note_limited(self, *, limited: bool) -> None:
        """Store whether exports leave out rows."""
        self._state[LIMITED] = limited

    @property
    def export_seconds(self) -> int | None:
        """Seconds that the last export job took; None while that is unknown."""
        return self._state.get(EXPORT_SECONDS)

    def note_export_seconds(self, seconds: int) -> None:
        """Store how many seconds an export job took."""
        self._state[EXPORT_SECONDS] = seconds

    @property
    def rows_start(self) -> datetime | None:
        """The instant before which there are no rows; None while that is unknown."""
        text = self._state.get(ROWS_START)
        return None if text is None else parse_instant(text)

    def note_rows_start(self, start: datetime) -> None:
        """Store that there are no rows before an instant."""
        self._state[ROWS_START] = to_iso(start)

    def store_jobs(self, jobs: list[dict[str, Any]], refused: list[str]) -> None:
        """Store the export jobs and, while there are any, the fields that were refused."""
        self._state.update({JOBS: jobs or None, REFUSED: (jobs and refused) or None})

    def adopt_dialect(self, dialect: str, *, by_id: bool) -> None:
        """Drop the cursor of an open window, unless the given dialect has written it.

        One dialect reads active and deleted rows together, the other one after the other: a cursor
        of the other dialect could pass over deleted rows.

        Args:
            dialect: The dialect that reads the stream.
            by_id: Whether the bookmark is an id, where the window is read on from.
        """
        stored = self._state.get(DIALECT) or _FIRST_DIALECT
        if self._state.get(CURSOR) and stored != dialect:
            self._state[CURSOR] = self.value if by_id else None
        if DIALECT in self._state or dialect != _FIRST_DIALECT:
            self._state[DIALECT] = dialect

    @property
    def dialect(self) -> str:
        """The dialect that has read the stream last, without other streams."""
        return self._state.get(DIALECT) or _FIRST_DIALECT

    @property
    def reached(self) -> datetime | None:
        """The instant before which all rows are written; None while no window was finished."""
        return parse_instant(self.value) if isinstance(self.value, str) else self.until

    def continue_from(self, replication_key: str | None, moment: datetime, *, by_id: bool) -> None:
        """Start at an instant, because all rows before it were read through other streams."""
        place = {UNTIL: to_iso(moment), VALUE: None} if by_id else {VALUE: to_iso(moment)}
        self._state.update({"replication_key": replication_key, WINDOW: None, CURSOR: None} | place)

    def start_over(self) -> None:
        """Forget what is written, so that the stream is read from the beginning of the run."""
        self._state.update(dict.fromkeys((VALUE, UNTIL, WINDOW, CURSOR)))

    @property
    def avoids_version_5(self) -> bool:
        """Whether version 5 failed after SCHEMA was out, in the run before."""
        return bool(self._state.get(AVOIDS_VERSION_5))

    def note_failure_of_version_5(self, *, failed: bool) -> None:
        """Store whether version 5 has failed after SCHEMA was out."""
        if failed or AVOIDS_VERSION_5 in self._state:
            self._state[AVOIDS_VERSION_5] = failed or None

    def begin_anew(self) -> None:
        """Forget what is written of the open window, so that all of it is read again."""
        progress = {"file", "rows", "cursor"}
        jobs = [
            {key: value for key, value in job.items() if key not in progress} | {"done": []}
            for job in self.jobs
        ]
        self._state.update({WINDOW: None, CURSOR: None, JOBS: jobs or None})

    def open(self, window: Window | None, cursor: int | None = None) -> None:
        """Open a window, or a full-table sync (None), after a cursor."""
        bounds: dict[str, str | None] = {"start": None, "end": None}
        if window is not None:
            bounds = {"start": to_iso(window.start), "end": to_iso(window.end)}
        self._state.update({WINDOW: bounds, CURSOR: cursor})

    def begin(self, window: Window | None, cursor: int | None = None) -> None:
        """Open a window, or (None) a reading of everything, unless one is open already."""
        if self.window is None if window is not None else not self.is_whole:
            self.open(window, cursor)

    def advance(self, cursor: int) -> None:
        """Note that all rows of the open window up to this id are written."""
        self._state[CURSOR] = cursor

    def close(self, replication_key: str | None, value: Any, until: datetime | None = None) -> None:
        """Close the open window: it is written, and so are all rows before ``value``, if given."""
        self.moved = True
        done: dict[str, Any] = {WINDOW: None, CURSOR: None}
        if value is not None:
            done |= {"replication_key": replication_key, VALUE: value}
        if until is not None:
            done[UNTIL] = to_iso(until)
        self._state.update(done)
