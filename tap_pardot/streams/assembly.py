"""Builds the reading of a stream from its declaration: endpoint, source, windows, decoder.

This is the only module that knows which source class reads which kind of endpoint; for child
streams it is :mod:`~tap_pardot.streams.fan_out.child_sources`.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_pardot.api.dialect import Export, Query, Record
from tap_pardot.records.decoder import Decoder
from tap_pardot.records.times import EARLIEST, Window
from tap_pardot.records.values import Timestamp
from tap_pardot.sources.query import (
    AppendOnlyQuery,
    OffsetQuery,
    SingleRecord,
    SplittingQuery,
    WholeQuery,
    WindowQuery,
)
from tap_pardot.sources.query_of_each import QueryOfEach
from tap_pardot.streams.bulk import bulk_query, bulk_source
from tap_pardot.streams.emitted import string_columns
from tap_pardot.streams.endpoints import is_append_only, is_bulk
from tap_pardot.streams.parts import Parts, new_fields
from tap_pardot.streams.reads import list_of, read_each, row_read
from tap_pardot.streams.variants import V4, V5
from tap_pardot.sync.reading import Reading
from tap_pardot.sync.windows import AppendOnly, Everything, FullWindows, Incremental

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tap_pardot.api.protocols import LookupDialect
    from tap_pardot.sources.base import Source
    from tap_pardot.sources.paging import QueryCalls
    from tap_pardot.state.bookmark import Bookmark
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.variants import Variant
    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.report import StreamResult
    from tap_pardot.sync.windows import Windows

logger = logging.getLogger("tap-pardot")


def new_reading(  # noqa: PLR0913
    stream: PardotStream,
    sync: SyncContext,
    *,
    columns: Sequence[str],
    bookmark: Bookmark,
    result: StreamResult,
    windows: Windows | None = None,
    needed: Collection[str] = (),
) -> Reading:
    """Return an object that reads a stream once.

    Args:
        stream: The stream.
        sync: The context of the run.
        columns: The columns to read.
        bookmark: The bookmark that the reading moves.
        result: Counts the rows, and stores how far the stream was read.
        windows: The windows to read; None for those of the catalog's replication method.
        needed: The columns that child streams need of the records; empty if there are none.
    """
    is_full_table = windows is None and not stream.incremental
    windows = windows or _windows(stream, sync, bookmark, result)
    variant = stream.variant
    bookmark.adopt_dialect(variant.dialect, by_id=variant.is_append_only)
    read = row_read(stream, variant, columns)
    listed: Sequence[str] = columns
    if read is not None:
        variant = replace(variant, names={**variant.names, **read.names})
        listed = [name for name in columns if name not in read.columns]
    decoder = new_decoder(stream, sync, columns, needed, variant)
    cell_decoder = decoder
    if isinstance(stream.endpoint, Export) and variant.dialect != V4:  # only V4 has exports
        cell_decoder = new_decoder(stream, sync, columns, needed, stream.variants[V4])
    parts = Parts(
        stream,
        sync,
        variant,
        columns,
        bookmark,
        windows,
        cell_decoder,
        new_fields(stream, sync, variant, listed),
        is_full_table,
        bool(needed),
        read,
    )
    return Reading(
        name=stream.name,
        windows=windows,
        source=_source(parts),
        decoder=decoder,
        key=stream.replication_key,
        result=result,
        write_state=sync.write_state,
        cell_decoder=None if cell_decoder is decoder else cell_decoder,
        refused_columns=parts.refused_columns,
    )


def new_decoder(
    stream: PardotStream,
    sync: SyncContext,
    columns: Sequence[str],
    needed: Collection[str] = (),
    variant: Variant | None = None,
) -> Decoder:
    """Return the decoder of a stream's rows.

    Arguments as for :func:`new_reading`; ``variant`` is the one that reads the stream unless given.
    """
    properties: dict[str, Any] = stream.schema["properties"]
    # Records have the columns in the order of the schema that the decoder gets.
    in_order = {name: properties[name] for name in columns} | properties
    variant = variant or stream.variant
    return Decoder(
        {**stream.schema, "properties": in_order},
        Timestamp(None if _has_offsets(variant, columns) else sync.zone),
        columns,
        variant.names,
        lambda key: stream.logger.debug("%s: unknown key %r in an answer", stream.name, key),
        texts=string_columns(stream, needed),
        wrapped=variant.fields(columns) if is_bulk(stream) else (),
        values=variant.values,
    )


def _has_offsets(variant: Variant, columns: Sequence[str]) -> bool:
    """Return whether all times come with their offset: those of versions 3 and 4 are local."""
    query = variant.query
    return variant.dialect == V5 and (query is None or query.lacks.isdisjoint(columns))


def _windows(
    stream: PardotStream, sync: SyncContext, bookmark: Bookmark, result: StreamResult
) -> Windows:
    """Return the windows that the catalog's replication method asks for."""
    if not stream.incremental:
        if not is_bulk(stream):
            return Everything(bookmark)
        start = EARLIEST if stream.ignores_start_date else sync.start
        return FullWindows(bookmark, Window(start, sync.end), sync.zone, result)
    kind = AppendOnly if is_append_only(stream) else Incremental
    endpoint = stream.endpoint
    return kind(
        stream.name,
        bookmark,
        stream.replication_key,
        sync.window,
        ends_early=sync.ends_early,
        lookback=sync.lookback,
        grace=sync.grace,
        zone=sync.zone,
        result=result,
        once=isinstance(endpoint, Query) and (endpoint.time is None or endpoint.by_offset),
    )


def _source(parts: Parts) -> Source:
    """Return the source that reads a stream's endpoint.

    Raises:
        NotImplementedError: It is an endpoint of child streams.
    """
    endpoint = parts.stream.endpoint
    if isinstance(endpoint, Record):
        return SingleRecord(parts.call, _dialects(parts), endpoint, parts.fields)
    if isinstance(endpoint, Export):
        return bulk_source(parts, endpoint)
    if isinstance(endpoint, Query):
        return _query_source(parts, endpoint)
    raise NotImplementedError


def _dialects(parts: Parts) -> list[LookupDialect]:
    """Return the dialects that give parts of one record.

    Version 4 costs no call: its record is the answer that begins the run.
    """
    is_alone = parts.variant.dialect == V4 or not parts.sync.has_version_4
    return [parts.dialect] if is_alone else [parts.sync.dialect, parts.dialect]


def _query_source(parts: Parts, endpoint: Query) -> Source:
    read = parts.row_read
    if read is None:
        return _rows_of_query(parts, endpoint, parts.threads)
    # The threads read the rows, not the list.
    return read_each(parts, _rows_of_query(parts, list_of(endpoint), 1), read)


def _query_of_each(parts: Parts, whole: WholeQuery, calls: QueryCalls) -> QueryOfEach:
    others, parameter = calls.endpoint.of_each or ("", "")
    return QueryOfEach(
        whole,
        calls,
        replace(calls, endpoint=Query(others, time=None, deleted=True), fields=None),
        parameter,
        parts.bookmark,
        parts.threads,
    )


def _rows_of_query(parts: Parts, endpoint: Query, threads: int) -> Source:
    calls, sync = parts.query_calls(endpoint), parts.sync
    if endpoint.by_offset:
        return OffsetQuery(calls)
    query = SplittingQuery(calls, threads)
    if endpoint.append_only:
        return AppendOnlyQuery(query, parts.bookmark, sync.end)
    if endpoint.time is None:
        has_bound = sync.ends_early and endpoint.created and parts.variant.dialect == V4
        whole = WholeQuery(query, parts.bookmark, sync.end if has_bound else None)
        return whole if endpoint.of_each is None else _query_of_each(parts, whole, calls)
    if is_bulk(parts.stream):
        return bulk_query(parts, endpoint)
    return WindowQuery(query, parts.bookmark, deleted_filters=parts.deleted_filters(endpoint))
