"""From a stream's declaration to what reads it: endpoint, source, windows, decoder.

This is the only place that knows which source object reads which kind of endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_pardot.api.dialect import Export, Query, Record
from tap_pardot.errors import StreamSkipped
from tap_pardot.records.custom_fields import as_sent
from tap_pardot.records.decoder import Decoder, kind_of
from tap_pardot.records.times import EARLIEST, Window, to_iso
from tap_pardot.records.values import to_timestamp
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.query import (
    AppendOnlyQuery,
    OffsetQuery,
    PatientQuery,
    SingleRecord,
    WholeQuery,
    WindowQuery,
)
from tap_pardot.sync.reading import Reading
from tap_pardot.sync.windows import AppendOnly, Everything, FullWindows, Incremental

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_pardot.api.dialect import Endpoint, Row
    from tap_pardot.sources.base import Source
    from tap_pardot.state.bookmark import Bookmark
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.report import StreamResult
    from tap_pardot.sync.windows import Windows


# --- endpoints -----------------------------------------------------------------------------


def endpoints_of(stream: type[PardotStream] | PardotStream) -> tuple[Endpoint, ...]:
    """Return the ways to read a stream, the preferred one first."""
    return stream.v4 if isinstance(stream.v4, tuple) else (stream.v4,)


def endpoint_for(stream: type[PardotStream] | PardotStream, config: Mapping[str, Any]) -> Endpoint:
    """Return the way that the setting ``bulk_source`` chooses."""
    endpoints = endpoints_of(stream)
    if config.get("bulk_source") == "query":
        return next((each for each in endpoints if isinstance(each, Query)), endpoints[0])
    return endpoints[0]


def is_bulk(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream can be exported."""
    return any(isinstance(each, Export) for each in endpoints_of(stream))


def is_child(stream: type[PardotStream] | PardotStream) -> bool:  # noqa: ARG001
    """Return whether a stream is read through others."""
    return False


def is_append_only(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream's bookmark is an id."""
    first = endpoints_of(stream)[0]
    return isinstance(first, Query) and first.append_only


# --- names ---------------------------------------------------------------------------------


def api_name(stream: PardotStream, column: str) -> str:
    """Return the field that a column is asked by."""
    return stream.api_names.get(column, (column,))[0]


def api_keys(stream: PardotStream) -> tuple[str, ...]:
    """Return the fields of every answer, by which rows are told apart and put into windows."""
    names = dict.fromkeys((*stream.primary_keys, stream.replication_key))
    return tuple(api_name(stream, name) for name in names if name is not None)


def api_fields(stream: PardotStream, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the fields to ask for, keys first."""
    names = [api_name(stream, name) for name in columns if name not in stream.computed]
    return tuple(dict.fromkeys((*api_keys(stream), *names)))


# --- a reading -----------------------------------------------------------------------------


def new_reading(  # noqa: PLR0913
    stream: PardotStream,
    sync: SyncContext,
    *,
    columns: Sequence[str],
    bookmark: Bookmark,
    result: StreamResult,
    windows: Windows | None = None,
) -> Reading:
    """Return what reads a stream once.

    Args:
        stream: The stream.
        sync: What is fixed for the run.
        columns: The columns to read.
        bookmark: Where the reading goes on from.
        result: Where it is counted and reported.
        windows: What is to be read, where it is not what the catalog wants.

    Raises:
        StreamSkipped: The setting ``bulk_source`` chooses a query, and there is none.
    """
    is_full = windows is None and not stream.incremental
    own: dict[str, Any] = stream.schema["properties"]
    decoder = Decoder(
        {**stream.schema, "properties": {name: own[name] for name in columns} | own},
        to_timestamp(sync.zone),
        columns,
        stream.api_names,
        lambda key: stream.logger.debug("%s: unknown key %r in an answer", stream.name, key),
        texts=stream.string_columns(set(columns) - set(stream.columns)),
    )
    return Reading(
        name=stream.name,
        windows=windows or _windows(stream, sync, bookmark, result),
        source=_source(stream, sync, columns, bookmark, is_full=is_full),
        decoder=decoder,
        key=stream.replication_key,
        result=result,
        write_state=sync.write_state,
    )


def _windows(
    stream: PardotStream, sync: SyncContext, bookmark: Bookmark, result: StreamResult
) -> Windows:
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
        zone=sync.zone,
        result=result,
        once=isinstance(endpoint, Query) and (endpoint.time is None or endpoint.by_offset),
    )


def _source(
    stream: PardotStream,
    sync: SyncContext,
    columns: Sequence[str],
    bookmark: Bookmark,
    *,
    is_full: bool,
) -> Source:
    """Return what reads a stream's endpoint."""
    endpoint = stream.endpoint
    if isinstance(endpoint, Record):
        return SingleRecord(sync.call_for(stream.name), sync.dialect, endpoint)
    if isinstance(endpoint, Export):
        if sync.config.get("bulk_source") == "query":
            raise StreamSkipped(
                f"Pardot has no query for {stream.name}: set bulk_source to auto or export to "
                "read them, or deselect the stream."
            )
        raise NotImplementedError
    if isinstance(endpoint, Query):
        return query_source(stream, sync, endpoint, columns, bookmark, is_full=is_full)
    raise NotImplementedError


def query_source(  # noqa: PLR0913
    stream: PardotStream,
    sync: SyncContext,
    endpoint: Query,
    columns: Sequence[str],
    bookmark: Bookmark,
    *,
    is_full: bool,
) -> Source:
    """Return what reads a query."""
    calls = QueryCalls(sync.call_for(stream.name), sync.dialect, endpoint, stream.name)
    if endpoint.by_offset:
        return OffsetQuery(calls)
    query = PatientQuery(calls)
    if endpoint.append_only:
        return AppendOnlyQuery(query, bookmark, sync.end)
    if endpoint.time is None:
        bound = sync.end if sync.ends_early and endpoint.created else None
        return WholeQuery(query, bookmark, bound)
    arrays = frozenset(
        api_name(stream, name)
        for name in columns
        if kind_of(stream.schema["properties"][name]) == "array"
    )
    fields = api_fields(stream, columns)

    def shape(row: Row) -> Row:
        """Put the values of ``{"value": ...}`` in their place (C.15, C.16)."""
        for name, value in row.items():
            if isinstance(value, (dict, list)) and name in fields:
                row[name] = as_sent(value, several=name in arrays)
        return row

    return WindowQuery(
        query,
        bookmark,
        fields=fields,
        keys=api_keys(stream),
        is_full=is_full and is_bulk(stream),
        shape=shape if is_bulk(stream) else None,
        values=lambda deleted: computed_values(stream, bookmark, deleted=deleted),
    )


def computed_values(
    stream: PardotStream, bookmark: Bookmark, *, deleted: bool | None
) -> dict[str, Any]:
    """Return the computed columns of rows from one side of the recycle bin, or from both (None)."""
    values: dict[str, Any] = {}
    if deleted is not None and "is_deleted" in stream.computed & {*stream.columns}:
        values["is_deleted"] = deleted
    window = bookmark.window
    if window is not None and "listed_at" in stream.computed & {*stream.columns}:
        values["listed_at"] = to_iso(window.end)
    return values
