"""The shape of STATE: refuses a bookmark that this tap cannot read.

Each class describes one object in STATE. Keys that a class does not name are ignored. Null is
allowed for every key of a bookmark.

Pure: no I/O.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import msgspec

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.times import parse_instant
from tap_pardot.state.id_set import unpack, unpack_pairs

UNREADABLE = (
    "The STATE is not a JSON object with bookmarks: pass the STATE that this tap wrote last, or "
    "none to read everything from start_date again."
)


class Instant(str):
    """An ISO 8601 string; any other raises ValueError."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Return the string."""
        parse_instant(text)
        return super().__new__(cls, text)


class PackedIds(str):
    """A string of :func:`~tap_pardot.state.id_set.pack`; any other raises ValueError."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Return the string."""
        unpack(text)
        return super().__new__(cls, text)


class PackedPairs(str):
    """A string of :func:`~tap_pardot.state.id_set.pack_pairs`; any other raises ValueError."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Return the string."""
        unpack_pairs(text)
        return super().__new__(cls, text)


Id = Annotated[int, msgspec.Meta(ge=0)]


class _Window(msgspec.Struct):
    start: Instant | None
    end: Instant | None

    def __post_init__(self) -> None:
        if (self.start is None) != (self.end is None):
            raise ValueError("one bound only")


class _Job(msgspec.Struct):
    id: Id
    start: Instant
    end: Instant
    made: Instant
    done: list[str]
    file: str | None = None
    rows: Id | None = None
    cursor: Id | None = None


class _Bookmark(msgspec.Struct):
    cursor: Id | None
    limited: bool | None
    export_seconds: Id | None
    begin: Instant | None
    until: Instant | None
    end: Instant | None
    children: list[str] | None
    jobs: list[_Job] | None
    refused: list[str] | None
    window: _Window | None
    dialect: Literal["v4", "v5"] | None
    avoids_version_5: bool | None


class _TimeBookmark(_Bookmark):
    replication_key_value: Instant | None


class _IdBookmark(_Bookmark):
    replication_key_value: Id | None


class _Mark(msgspec.Struct):
    id: Id
    start: Instant
    end: Instant
    parents: list[str]


class _ChildBookmark(msgspec.Struct):
    seen: dict[str, Instant] | None
    pending: PackedIds | None
    pending_list_emails: PackedIds | None
    named_list_emails: PackedIds | None
    list_emails_of_pending: PackedPairs | None
    known: PackedIds | None
    marks: list[_Mark] | None
    recent: list[tuple[str, PackedIds | None]] | None
    same_ids: bool | None
    unread: bool | None


_OWN_KEYS = {
    *("replication_key_value", "window", "cursor", "jobs", "feed", "children"),
    *("dialect", "avoids_version_5"),
}
_OWN_CHILD_KEYS = {
    *("pending", "pending_list_emails", "named_list_emails", "seen", "marks"),
    *("known", "columns", "recent", "listed", "same_ids"),
}
# The SDK itself writes these into a bookmark before the first page is out.
_SDK_KEYS = {"starting_replication_value", "replication_key_signpost", "progress_markers"}


def check(stream: str, state: Any, *, by_id: bool | None, is_child: bool = False) -> None:
    """Refuse a part of STATE that this tap cannot read.

    Args:
        stream: The stream's name.
        state: Its part of the STATE that was passed in.
        by_id: Whether its bookmark is an id rather than a time; None if it never has one.
        is_child: Whether a dialect reads it through other streams.

    Raises:
        ConfigurationError: Names the stream and the key.
    """
    of_bookmark = set() if by_id is None else _OWN_KEYS
    _check_owner(stream, state, of_bookmark | (_OWN_CHILD_KEYS if is_child else set()))
    if by_id is not None:
        if state.get("feed"):
            check(stream, state["feed"], by_id=by_id)
        _check_shape(stream, state, _IdBookmark if by_id else _TimeBookmark)
    if is_child:
        _check_shape(stream, state, _ChildBookmark)


def _check_owner(stream: str, state: Any, own_keys: set[str]) -> None:
    """Refuse a bookmark without a key of this tap or of the SDK.

    Another tap has written it. To start over without a word would be worse than to stop.
    """
    if not isinstance(state, dict):
        raise _unreadable(stream, "bookmark")
    if state and not (own_keys | _SDK_KEYS) & set(state):
        raise _unreadable(stream, ", ".join(sorted(map(str, state))))


def _check_shape(stream: str, state: dict[str, Any], shape: type[msgspec.Struct]) -> None:
    # Key by key, because msgspec's error does not name the key in a way that code can read.
    for field in msgspec.structs.fields(shape):
        try:
            msgspec.convert(state.get(field.name), field.type, dec_hook=_parse)
        except msgspec.ValidationError:
            raise _unreadable(stream, field.name) from None


def _parse(
    kind: type[Instant | PackedIds | PackedPairs], value: Any
) -> Instant | PackedIds | PackedPairs:
    """Return a value as a type that msgspec does not know; for its ``dec_hook``.

    Raises:
        ValueError: The value does not fit the type.
    """
    if not isinstance(value, str):
        raise ValueError("not a string")  # noqa: TRY004 - msgspec expects a ValueError
    return kind(value)


def _unreadable(stream: str, key: str) -> ConfigurationError:
    return ConfigurationError(
        f"The STATE of stream {stream} cannot be read ({key}): pass the STATE that this tap "
        "wrote last, or remove this stream from it to read the stream from start_date again."
    )
