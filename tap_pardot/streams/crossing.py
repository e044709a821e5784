"""Streams that versions 3 and 4 read through others and version 5 by themselves: the change.

Where version 5 takes over, it starts at the earliest instant up to which the parents have passed
their rows on. The ids that are pending then are looked up by versions 3 and 4, before the rows of
version 5, which may be newer. STATE has ``unread`` until that is done. Where versions 3 and 4 take
over, the parents start where version 5 has stopped.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_pardot.api.dialect import Filters, Lookup, Query
from tap_pardot.errors import ENDS_RUN, Outage, StreamFailed, StreamSkipped
from tap_pardot.records.times import parse_instant, to_iso
from tap_pardot.sources.paging import QueryCalls, by_id, row_id
from tap_pardot.streams.fan_out.child import Child
from tap_pardot.streams.variants import V4, V5

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_pardot.records.block import Block
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.variants import Variant
    from tap_pardot.sync.context import SyncContext

logger = logging.getLogger("tap-pardot")

UNREAD = "unread"
"""Whether what versions 3 and 4 have left is still to be read, in the stream's part of STATE."""

_VISITORS = "visitors"
_QUERY = Query("visitor", fields=True, params={"only_identified": "false"})
_LEFT = (
    *("pending", "pending_list_emails", "named_list_emails", "list_emails_of_pending"),
    *("marks", UNREAD),
)


def parent_names(stream: PardotStream) -> set[str]:
    """Return the parents through which any version of the API reads a stream."""
    return {name for variant in stream.variants.values() for name in variant.parents}


def go_on_as_child(child: Child) -> None:
    """Let the parents of a child start where version 5 has stopped reading it."""
    bookmark, state = child.stream.bookmark, child.stream.stream_state
    if child.stream.variant.dialect == V5 or bookmark.dialect != V5:
        return
    if bookmark.reached is not None:
        for parent in child.parents:
            child.mark_synced(parent, bookmark.reached)
    bookmark.adopt_dialect(V4, by_id=isinstance(bookmark.value, int))
    state[UNREAD] = None


def go_on_by_version_5(stream: PardotStream, sync: SyncContext) -> None:
    """Let version 5 start where parents have stopped, unless it has read the stream before.

    If versions 3 and 4 cannot be asked for what they have left, version 5 reads everything.
    """
    by_v4 = _variant_of_child(stream)
    if by_v4 is None:
        return
    state, bookmark = stream.stream_state, stream.bookmark
    if bookmark.dialect != V5 and ("pending" in state or "seen" in state):
        state[UNREAD] = True
        start = _earliest(state, by_v4)
        has_begun = bookmark.window is not None or bookmark.reached is not None
        if start is not None and not has_begun:
            by_id = stream.variant.is_append_only
            bookmark.continue_from(stream.replication_key, start, by_id=by_id)
            logger.info("%s: version 5 goes on from %s.", stream.name, to_iso(start))
    if state.get(UNREAD) and not (sync.has_version_4 and sync.zone_error is None):
        _read_everything_next(stream)


def unread_first(
    stream: PardotStream, sync: SyncContext, blocks: Iterator[Block]
) -> Iterator[Block]:
    """Yield the records that versions 3 and 4 have left, then those of version 5.

    The former have only the columns of versions 3 and 4. An id that cannot be looked up stays
    pending.

    Args:
        stream: The stream.
        sync: The context of the run.
        blocks: The records of version 5.

    Raises:
        TapPardotError: As of ``blocks``, or because the run ends.
    """
    by_v4, failure = _variant_of_child(stream), None
    if by_v4 is not None and stream.stream_state.get(UNREAD):
        try:
            yield from _unread(Child(stream, sync, {}, variant=by_v4), sync)
        except (StreamSkipped, StreamFailed, Outage) as error:
            failure = sync.classify(error)
            if isinstance(failure, ENDS_RUN):
                raise failure from None
        else:
            stream.stream_state[UNREAD] = None
    yield from blocks
    if isinstance(failure, StreamSkipped):
        _read_everything_next(stream)
    elif failure is not None:
        sync.report.record_error(stream.name, failure)


def _unread(child: Child, sync: SyncContext) -> Iterator[Block]:
    """Yield the records of the ids that are pending; errors as of the source."""
    source = child.source

    def write_state() -> None:
        source.save_state()
        sync.write_state()

    reading = replace(child.reading, write_state=write_state)
    try:
        if _must_list(child.stream):
            source.complete()
        _add_moved_visitors(child, sync)
        for page in source.pages(None):
            yield from reading.page_blocks(page)
        source.close(None)
    finally:
        source.save_state()
        reading.log_conversion_errors()


def _add_moved_visitors(child: Child, sync: SyncContext) -> None:
    """Add the visitors that have changed since the parent has passed its rows on.

    A visitor who comes again while a run is at work leaves the run's window, and that run reads
    none of the visits. Older ones of them have not changed since, so version 5 would pass them by.
    """
    seen = (child.stream.stream_state.get("seen") or {}).get(_VISITORS)
    if _VISITORS not in child.parents or seen is None:
        return
    calls = QueryCalls(sync.call_for(child.name, store=True), sync.dialect, _QUERY, child.name)
    for page in by_id(calls, Filters(start=parse_instant(seen), fields=("id",))):
        for row in page.rows:
            child.source.on_parent_record(_VISITORS, {"id": row_id(row)}, None)


def _must_list(stream: PardotStream) -> bool:
    """Return whether to add the ids that no parent names.

    A list that was never read adds nothing: then version 5 starts from the beginning of the run.
    """
    return not _has_list(stream.variants[V4]) or bool(stream.stream_state.get("listed"))


def _has_list(by_v4: Variant) -> bool:
    endpoint = by_v4.endpoints[0]
    return isinstance(endpoint, Lookup) and endpoint.listing is not None


def _variant_of_child(stream: PardotStream) -> Variant | None:
    """Return how versions 3 and 4 read a stream that is a child for them only, or None."""
    by_v4 = stream.variants.get(V4)
    is_plain = stream.variant.dialect == V5 and not stream.variant.parents
    return by_v4 if is_plain and by_v4 is not None and by_v4.parents else None


def _earliest(state: dict[str, Any], by_v4: Variant) -> datetime | None:
    """Return the instant up to which all parents have passed rows on; None without one."""
    seen = state.get("seen") or {}
    if not all(seen.get(parent) for parent in by_v4.parents):
        return None
    if _has_list(by_v4) and not state.get("listed"):
        return None
    return min(parse_instant(seen[parent]) for parent in by_v4.parents)


def _read_everything_next(stream: PardotStream) -> None:
    logger.warning(
        "%s: versions 3 and 4 cannot be asked for what they have left: version 5 reads all rows "
        "from the beginning.",
        stream.name,
    )
    stream.bookmark.start_over()
    stream.stream_state.update(dict.fromkeys(_LEFT))
