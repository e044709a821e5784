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

from tap_pardot.config.files import json_of
from tap_pardot.errors import ConfigurationError
from tap_pardot.records.times import Window, parse_instant, to_iso
from tap_pardot.state.id_set import unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_pardot.config.files import Readable

VALUE, WINDOW, CURSOR = "replication_key_value", "window", "cursor"
UNTIL = "until"
"""Append-only streams: the end of the last finished window, in UTC."""

JOBS = "jobs"
"""Export streams: the jobs that were created, as ``export_plan.Job`` writes them."""

REFUSED = "refused"
"""Fields that exports refused when these jobs were created."""

LIMITED = "limited"
"""Export streams: whether exports leave out rows that a query has; null: not known yet."""

_OURS = {VALUE, WINDOW, CURSOR, JOBS, "feed", "children"}
_OF_CHILDREN = {
    *("pending", "pending_list_emails", "named_list_emails", "seen", "marks"),
    *("known", "columns", "recent", "listed"),
}
# What the SDK itself writes into a bookmark before the first page is out.
_HARMLESS = {"starting_replication_value", "replication_key_signpost", "progress_markers"}

MELTANOS = "singer_state"
"""The key that ``meltano state get`` prints a STATE under."""

UNREADABLE = (
    "The STATE is not a JSON object with bookmarks: pass the STATE that this tap wrote last, or "
    "none to read everything from start_date again."
)


def read(file: Readable | None) -> dict[str, Any] | None:
    """Return the STATE in an open file, also in a STATE message or as Meltano prints it.

    Raises:
        ConfigurationError: It is not a JSON object.
    """
    if file is None:
        return None
    found = json_of("--state", file)
    while isinstance(found, dict):
        if found.get("type") == "STATE":
            found = found.get("value")
        elif MELTANOS in found:
            found = {} if found[MELTANOS] is None else found[MELTANOS]
        else:
            return found
    raise ConfigurationError(UNREADABLE)


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


def check(stream: str, state: Any, *, by_id: bool) -> None:
    """Refuse a bookmark that this tap cannot read.

    Args:
        stream: The stream's name.
        state: Its part of the STATE that was passed in.
        by_id: Whether its bookmark is an id rather than a time.

    Raises:
        ConfigurationError: Names the stream and the key.
    """
    if not isinstance(state, dict):
        raise _unreadable(stream, "bookmark")
    if state and not (_OURS | _HARMLESS) & set(state):
        # Another tap's: to start over silently would be worse than to stop.
        raise _unreadable(stream, ", ".join(sorted(map(str, state))))
    forms: dict[str, Callable[[Any], bool]] = {
        VALUE: _is_id if by_id else _is_instant,
        CURSOR: _is_id,
        LIMITED: _is_boolean,
        UNTIL: _is_instant,
        "end": _is_instant,
    }
    for key, is_good in forms.items():
        if state.get(key) is not None and not is_good(state[key]):
            raise _unreadable(stream, key)
    feed = state.get("feed")
    if feed:
        check(stream, feed, by_id=by_id)
    for key, is_one in (("children", _is_text), (JOBS, _is_job), (REFUSED, _is_text)):
        if not _is_list(state.get(key), is_one):
            raise _unreadable(stream, key)
    _check_window(stream, state.get(WINDOW))


def _check_window(stream: str, window: Any) -> None:
    if window is None:
        return
    bounds = [window.get("start", 0), window.get("end", 0)] if isinstance(window, dict) else [0]
    if bounds != [None, None] and not all(map(_is_instant, bounds)):
        raise _unreadable(stream, WINDOW)


def check_child(stream: str, state: Any) -> None:
    """Refuse a child's part of STATE that this tap cannot read; as :func:`check`."""
    if not isinstance(state, dict):
        raise _unreadable(stream, "bookmark")
    if state and not (_OF_CHILDREN | _HARMLESS) & set(state):
        raise _unreadable(stream, ", ".join(sorted(map(str, state))))
    seen = state.get("seen")
    if seen is not None and not (isinstance(seen, dict) and all(map(_is_instant, seen.values()))):
        raise _unreadable(stream, "seen")
    for key in ("pending", "pending_list_emails", "named_list_emails", "known"):
        if not _is_packed(state.get(key)):
            raise _unreadable(stream, key)
    for key, is_one in (("marks", _is_mark), ("recent", _is_day)):
        if not _is_list(state.get(key), is_one):
            raise _unreadable(stream, key)


def _is_list(value: Any, is_one: Callable[[Any], bool]) -> bool:
    return value is None or (isinstance(value, list) and all(map(is_one, value)))


def _is_packed(text: Any) -> bool:
    if text is None:
        return True
    if not isinstance(text, str):
        return False
    try:
        unpack(text)
    except ValueError:
        return False
    return True


def _is_mark(mark: Any) -> bool:
    return (
        isinstance(mark, dict)
        and _is_id(mark.get("id"))
        and all(_is_instant(mark.get(name)) for name in ("start", "end"))
        and isinstance(mark.get("parents"), list)
        and all(map(_is_text, mark["parents"]))
    )


def _is_day(day: Any) -> bool:
    return isinstance(day, list) and len(day) == 2 and _is_text(day[0]) and _is_packed(day[1])  # noqa: PLR2004


def _unreadable(stream: str, key: str) -> ConfigurationError:
    return ConfigurationError(
        f"The STATE of stream {stream} cannot be read ({key}): pass the STATE that this tap "
        "wrote last, or remove this stream from it to read the stream from start_date again."
    )


def _is_job(job: Any) -> bool:
    return (
        isinstance(job, dict)
        and _is_id(job.get("id"))
        and all(_is_instant(job.get(name)) for name in ("start", "end", "made"))
        and isinstance(job.get("done"), list)
        and all(map(_is_text, job["done"]))
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_id(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_instant(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parse_instant(value)
    except ValueError:
        return False
    return True
