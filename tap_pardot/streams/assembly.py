"""Builds the reading of a stream from its declaration: endpoint, source, windows, decoder.

This is the only module that knows which source class reads which kind of endpoint; for child
streams it is :mod:`~tap_pardot.streams.fan_out.child_sources`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_pardot.api.dialect import Export, Lookup, ParentRows, Query, Record
from tap_pardot.records.custom_fields import field_value
from tap_pardot.records.decoder import Decoder, kind_of
from tap_pardot.records.times import EARLIEST, Window, parse_instant, to_iso
from tap_pardot.records.values import Timestamp
from tap_pardot.sources.export import ExportSource
from tap_pardot.sources.export_creation import ExportFields
from tap_pardot.sources.export_jobs import ExportJobClient, JobSettings
from tap_pardot.sources.export_query import NoQuery, QueryInsteadOfExport
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.query import (
    AppendOnlyQuery,
    OffsetQuery,
    SingleRecord,
    SplittingQuery,
    WholeQuery,
    WindowQuery,
)
from tap_pardot.streams.emitted import string_columns
from tap_pardot.sync.reading import Reading
from tap_pardot.sync.windows import AppendOnly, Everything, FullWindows, Incremental

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from tap_pardot.api.dialect import Endpoint, Row
    from tap_pardot.sources.base import Call, Source
    from tap_pardot.sources.export_creation import KeysRejected
    from tap_pardot.state.bookmark import Bookmark
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.report import StreamResult
    from tap_pardot.sync.windows import Windows

logger = logging.getLogger("tap-pardot")

_NESTED = {dict, list}
_ROWS_PER_PAGE = 1_000
"""Rows of an export after which STATE is written, if the rows are passed to child streams."""

# --- endpoints -----------------------------------------------------------------------------


def endpoints_of(stream: type[PardotStream] | PardotStream) -> tuple[Endpoint, ...]:
    """Return the endpoints that a stream declares, the preferred one first."""
    return stream.v4 if isinstance(stream.v4, tuple) else (stream.v4,)


def endpoint_for(stream: type[PardotStream] | PardotStream, config: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint to read a stream by; the setting ``bulk_source`` chooses it."""
    first = endpoints_of(stream)[0]
    return query_of(stream) or first if config.get("bulk_source") == "query" else first


def query_of(stream: type[PardotStream] | PardotStream) -> Query | None:
    """Return the query that a stream declares; None if it has none."""
    return next((each for each in endpoints_of(stream) if isinstance(each, Query)), None)


def is_exported(stream: PardotStream) -> bool:
    """Return whether a stream is read by export jobs in this run."""
    return isinstance(stream.endpoint, Export) and stream.config.get("bulk_source") != "query"


def query_instead(stream: PardotStream, refusal: KeysRejected) -> Query:
    """Return the query of a stream whose keys Pardot refuses to export, and log the change.

    It is not documented for all objects whether ``updated_at`` can be exported (D.8.5).

    Raises:
        KeysRejected: The stream has no query.
    """
    query = query_of(stream)
    if query is None:
        raise refusal
    logger.warning(
        "%s: Pardot refuses to export %s (code %s): the rows are read by query%s.",
        stream.name,
        " and ".join(api_keys(stream)),
        refusal.code,
        "" if query.deleted else ", but for those in the recycle bin",
    )
    return query


def log_missing_columns(stream: PardotStream) -> None:
    """Log which selected columns of a stream are left out because only exports have them."""
    missing = [name for name in stream.selected_columns if name not in stream.columns]
    if missing:
        logger.warning(
            "%s: only exports have %s; left out, because a query is the source.",
            stream.name,
            ", ".join(missing),
        )


def is_bulk(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream can be exported."""
    return any(isinstance(each, Export) for each in endpoints_of(stream))


def parents_of(stream: type[PardotStream] | PardotStream) -> Mapping[str, tuple[str, ...]]:
    """Return by parent stream the columns that a stream needs of its records; empty if no child."""
    first = endpoints_of(stream)[0]
    return first.parents if isinstance(first, (Lookup, ParentRows)) else {}


def is_child(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream is a child: its ids or rows come from other streams' records."""
    return bool(parents_of(stream))


def is_append_only(stream: type[PardotStream] | PardotStream) -> bool:
    """Return whether a stream's bookmark is an id."""
    first = endpoints_of(stream)[0]
    return isinstance(first, Query) and first.append_only


def reached(stream: PardotStream) -> datetime | None:
    """Return the instant before which all rows of a stream are written; None in the first run."""
    if is_append_only(stream):
        return stream.bookmark.until
    value = stream.bookmark.value
    return None if value is None else parse_instant(value)


# --- names ---------------------------------------------------------------------------------


def api_name(stream: PardotStream, column: str) -> str:
    """Return the API field to request for a column."""
    return stream.api_names.get(column, (column,))[0]


def api_keys(stream: PardotStream) -> tuple[str, ...]:
    """Return the fields that are always requested: the primary keys and the replication key."""
    names = dict.fromkeys((*stream.primary_keys, stream.replication_key))
    return tuple(api_name(stream, name) for name in names if name is not None)


def api_fields(stream: PardotStream, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the API fields to request for some columns, keys first."""
    names = [api_name(stream, name) for name in columns if name not in stream.computed]
    return tuple(dict.fromkeys((*api_keys(stream), *names)))


# --- a reading -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Parts:
    """The parts that sources are built from; see :func:`new_reading`.

    Attributes:
        is_full_table: Whether all rows are read, not only the changed ones.
        has_observer: Whether the records are passed to child streams too.
    """

    stream: PardotStream
    sync: SyncContext
    columns: Sequence[str]
    bookmark: Bookmark
    windows: Windows
    decoder: Decoder
    is_full_table: bool
    has_observer: bool

    @property
    def call(self) -> Call:
        """A function that makes calls, which are counted for the stream."""
        return self.sync.call_for(self.stream.name)

    def query_calls(self, endpoint: Query) -> QueryCalls:
        """Return the object that requests pages of a query."""
        return QueryCalls(self.call, self.sync.dialect, endpoint, self.stream.name)

    def computed_values(self, deleted: bool | None) -> dict[str, Any]:  # noqa: FBT001
        """Return the values of computed columns, by column.

        Args:
            deleted: Whether the rows are deleted or active; None for both together.
        """
        computed = self.stream.computed.intersection(self.columns)
        values: dict[str, Any] = {}
        if deleted is not None and "is_deleted" in computed:
            values["is_deleted"] = deleted
        window = self.bookmark.window
        if window is not None and "listed_at" in computed:
            values["listed_at"] = to_iso(window.end)
        return values


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
    decoder = new_decoder(stream, sync, columns, needed)
    parts = _Parts(stream, sync, columns, bookmark, windows, decoder, is_full_table, bool(needed))
    return Reading(
        name=stream.name,
        windows=windows,
        source=_source(parts),
        decoder=decoder,
        key=stream.replication_key,
        result=result,
        write_state=sync.write_state,
    )


def new_decoder(
    stream: PardotStream,
    sync: SyncContext,
    columns: Sequence[str],
    needed: Collection[str] = (),
) -> Decoder:
    """Return the decoder of a stream's rows; arguments as for :func:`new_reading`."""
    own: dict[str, Any] = stream.schema["properties"]
    return Decoder(
        {**stream.schema, "properties": {name: own[name] for name in columns} | own},
        Timestamp(sync.zone),
        columns,
        stream.api_names,
        lambda key: stream.logger.debug("%s: unknown key %r in an answer", stream.name, key),
        texts=string_columns(stream, needed),
    )


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
        zone=sync.zone,
        result=result,
        once=isinstance(endpoint, Query) and (endpoint.time is None or endpoint.by_offset),
    )


def _source(parts: _Parts) -> Source:
    """Return the source that reads a stream's endpoint."""
    endpoint = parts.stream.endpoint
    if isinstance(endpoint, Record):
        return SingleRecord(parts.call, parts.sync.dialect, endpoint)
    if isinstance(endpoint, Export):
        return _export_source(parts, endpoint)
    if isinstance(endpoint, Query):
        return _query_source(parts, endpoint)
    raise NotImplementedError


def _query_source(parts: _Parts, endpoint: Query) -> Source:
    calls, sync = parts.query_calls(endpoint), parts.sync
    if endpoint.by_offset:
        return OffsetQuery(calls)
    query = SplittingQuery(calls)
    if endpoint.append_only:
        return AppendOnlyQuery(query, parts.bookmark, sync.end)
    if endpoint.time is None:
        bound = sync.end if sync.ends_early and endpoint.created else None
        return WholeQuery(query, parts.bookmark, bound)
    if not is_bulk(parts.stream):
        return WindowQuery(query, parts.bookmark)
    source = WindowQuery(
        query,
        parts.bookmark,
        fields=api_fields(parts.stream, parts.columns),
        keys=api_keys(parts.stream),
        is_full_table=parts.is_full_table,
        flatten=_flatten(parts.stream, parts.columns),
        values=parts.computed_values,
    )
    return QueryInsteadOfExport(source, _job_client(parts), parts.bookmark)


def _flatten(stream: PardotStream, columns: Sequence[str]) -> Callable[[list[Row]], None]:
    """Return a function that replaces ``{"value": ...}`` in rows by the value (C.15, C.16)."""
    properties = stream.schema["properties"]
    fields = [*api_fields(stream, columns)]
    arrays = frozenset(
        api_name(stream, name) for name in columns if kind_of(properties[name]) == "array"
    )

    def flatten(rows: list[Row]) -> None:
        for name in fields:
            values = [row.get(name) for row in rows]
            if _NESTED.isdisjoint(map(type, values)):
                continue
            for row, value in zip(rows, values, strict=True):
                if name in row:
                    row[name] = field_value(value, several=name in arrays)

    return flatten


def _export_source(parts: _Parts, endpoint: Export) -> Source:
    """Return the source that reads a stream by export jobs.

    If ``bulk_source`` is ``query`` and the stream has no query, it is one that skips the stream.
    """
    stream, columns = parts.stream, parts.columns
    if not is_exported(stream):
        return NoQuery(stream.name)
    custom = () if stream.custom is None else stream.custom.columns
    fields = ExportFields(
        api_fields(stream, columns),
        api_keys(stream),
        tuple(api_name(stream, name) for name in custom if name in columns),
        needs_is_deleted="is_deleted" in columns,
    )
    query = query_of(stream)
    return ExportSource(
        _job_client(parts),
        endpoint,
        fields,
        parts.windows,
        parts.bookmark,
        query=None if query is None else SplittingQuery(parts.query_calls(query)),
        values=parts.computed_values,
        on_repaired=parts.decoder.count_repaired,
        write_state=parts.sync.write_state,
        rows_per_page=_ROWS_PER_PAGE if parts.has_observer else None,
    )


def _job_client(parts: _Parts) -> ExportJobClient:
    sync, config = parts.sync, parts.sync.config
    return ExportJobClient(
        parts.call,
        sync.dialect,
        stream=parts.stream.name,
        clock=sync.client.clock,
        tracker=sync.jobs,
        timezone_check=sync.timezone_check,
        settings=JobSettings(
            config["export_poll_interval"],
            config["export_timeout"],
            config["max_concurrent_requests"],
        ),
    )
