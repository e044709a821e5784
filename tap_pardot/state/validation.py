"""What a STATE must look like to be read.

Pure: no I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.times import parse_instant
from tap_pardot.state.bookmark import CURSOR, JOBS, LIMITED, REFUSED, UNTIL, VALUE, WINDOW
from tap_pardot.state.id_set import unpack

if TYPE_CHECKING:
    from collections.abc import Callable

UNREADABLE = (
    "The STATE is not a JSON object with bookmarks: pass the STATE that this tap wrote last, or "
    "none to read everything from start_date again."
)


_OURS = {VALUE, WINDOW, CURSOR, JOBS, "feed", "children"}
_OF_CHILDREN = {
    *("pending", "pending_list_emails", "named_list_emails", "seen", "marks"),
    *("known", "columns", "recent", "listed"),
}
# What the SDK itself writes into a bookmark before the first page is out.
_HARMLESS = {"starting_replication_value", "replication_key_signpost", "progress_markers"}


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
