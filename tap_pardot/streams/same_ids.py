"""Whether version 5 knows a stream's records by the ids that records of version 4 name."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tap_pardot.api.codes import NO_SUCH_OBJECT, UNKNOWN_RECORD
from tap_pardot.api.dialect import Filters, Lookup
from tap_pardot.errors import Outage, RequestTooLarge, StreamFailed, StreamSkipped

if TYPE_CHECKING:
    from tap_pardot.api.dialect import Request
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext

logger = logging.getLogger("tap-pardot")

SAME_IDS = "same_ids"
"""In a stream's part of STATE: whether the ids are the same. It is found out once."""

_PERIOD = timedelta(days=30)
_UNKNOWN = UNKNOWN_RECORD - {NO_SUCH_OBJECT}


def has_same_ids(stream: PardotStream, sync: SyncContext) -> bool:
    """Return whether a stream's ids are the same in all versions; log if they are not.

    The newest id that a record names is looked up in version 5, and in version 4 if version 5 does
    not know it. That is done until version 5 has listed the stream once. Without a record that
    names an id, or without an answer, the ids count as the same.
    """
    if stream.v5_named_by is None or not sync.has_version_4:
        return True
    state = stream.stream_state
    is_open = state.get(SAME_IDS) is None and stream.bookmark.until is None
    if is_open and (number := _newest_named(stream, sync)) is not None:
        by_v5: Any = stream.endpoint
        read = sync.dialect_5.lookup(Lookup(by_v5.object), number, {"fields": "id"})
        by_v4: Any = stream.v4
        is_known = _is_known(stream, sync, read)
        if is_known is False and _is_known(stream, sync, sync.dialect.lookup(by_v4, number)):
            state[SAME_IDS] = False
        elif is_known is not None:
            state[SAME_IDS] = True
    if state.get(SAME_IDS) is not False:
        return True
    logger.warning(
        "%s: versions 3 and 4 are used, because version 5 has other ids than those that "
        "activities name.",
        stream.name,
    )
    return False


def _newest_named(stream: PardotStream, sync: SyncContext) -> int | None:
    """Return the newest id that a record of the last days names; None if none is found."""
    query, field = stream.v5_named_by or (None, "")
    if query is None:
        return None
    filters = Filters("created_at", sync.end - _PERIOD, sync.end)
    try:
        rows = sync.client.call(stream.name, sync.dialect.newest(query, filters)).rows
    except (StreamFailed, StreamSkipped, RequestTooLarge, Outage):
        return None
    found = [row.get(field) for row in rows]
    return found[0] if found and isinstance(found[0], int) else None


def _is_known(stream: PardotStream, sync: SyncContext, request: Request[Any]) -> bool | None:
    """Return whether Pardot has the record that is asked for; None if it does not say."""
    try:
        return bool(sync.client.call(stream.name, request))
    except (StreamFailed, StreamSkipped, Outage) as error:
        return False if error.code in _UNKNOWN else None
