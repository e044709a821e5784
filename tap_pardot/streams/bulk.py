"""Builds the sources of streams that can be exported."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Query
from tap_pardot.sources.cheapest import CheapestSource, Chooser, separated
from tap_pardot.sources.costs import ExportCost
from tap_pardot.sources.export import ExportSource
from tap_pardot.sources.export_creation import ExportFields
from tap_pardot.sources.export_jobs import ExportJobClient, JobSettings
from tap_pardot.sources.export_plan import chunks
from tap_pardot.sources.export_query import NoQuery, QueryInsteadOfExport
from tap_pardot.sources.query import SplittingQuery, WindowQuery
from tap_pardot.sources.query_probe import QueryProbe
from tap_pardot.sources.rows_start import RowsStart
from tap_pardot.streams.endpoints import is_exported, query_of
from tap_pardot.streams.variants import V5

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_pardot.api.dialect import Export
    from tap_pardot.records.times import Window
    from tap_pardot.sources.base import Source
    from tap_pardot.sources.cheapest import DeletedFilters
    from tap_pardot.streams.parts import Parts

_PROSPECTS = Query("prospect", deleted=True, fields=True)
_ROWS_PER_PAGE = 1_000
"""Rows of an export after which STATE is written, if the rows are passed to child streams."""


def bulk_query(parts: Parts, endpoint: Query) -> Source:
    """Return the source that reads a stream by query although it can be exported."""
    source = _window_query(parts, endpoint, parts.deleted_filters(endpoint))
    return QueryInsteadOfExport(source, _job_client(parts), parts.bookmark)


def _window_query(
    parts: Parts,
    endpoint: Query,
    deleted_filters: DeletedFilters,
    *,
    reads_ahead: bool = True,
) -> WindowQuery:
    return WindowQuery(
        SplittingQuery(parts.query_calls(endpoint), parts.threads if reads_ahead else 1),
        parts.bookmark,
        is_full_table=parts.is_full_table,
        values=parts.computed_values,
        deleted_filters=deleted_filters,
    )


def bulk_source(parts: Parts, endpoint: Export) -> Source:
    """Return the source that reads a stream by export jobs, or by query where that is cheaper.

    If ``bulk_source`` is ``query`` and the stream has no query, the source skips the stream.
    """
    if not is_exported(parts.stream):
        return NoQuery(parts.stream.name)
    query = query_of(parts.stream)
    if query is None or parts.sync.config["bulk_source"] != "auto":
        return _export_source(parts, endpoint, query)
    return _cheapest_source(parts, endpoint, query)


def _cheapest_source(parts: Parts, endpoint: Export, query: Query) -> Source:
    for_exports = parts.for_exports
    calls = parts.query_calls(query)
    fields = _export_fields(for_exports)
    deleted_filters: DeletedFilters
    if parts.variant.dialect == V5:
        deleted_filters = parts.deleted_filters(query)
    else:  # what the export has; the query may lack the deleted rows
        deleted_filters = (False, True) if endpoint.deleted else (False,)
    chooser = Chooser(
        query=_window_query(parts, query, deleted_filters),
        first_calls=replace(calls, call=parts.sync.call_for(parts.stream.name, store=True)),
        probe=QueryProbe(calls, endpoint.time),
        counter=_counter(for_exports, endpoint),
        export_cost=ExportCost(
            _rows_start(for_exports, endpoint),
            parts.bookmark,
            calls.dialect.zone,
            parts=len(chunks(fields.all, fields.keys)),
            poll_interval=parts.sync.config["export_poll_interval"],
        ),
        bookmark=parts.bookmark,
        lacks=[name for name in parts.columns if name in query.lacks],
        is_full_table=parts.is_full_table,
        must_answer=parts.variant.dialect == V5,
    )
    return CheapestSource(
        parts.windows,
        parts.bookmark,
        chooser=chooser,
        deleted_filters=deleted_filters,
        new_query=lambda filters, reads_ahead: _window_query(
            parts, query, filters, reads_ahead=reads_ahead
        ),
        new_export=lambda filters, has_rows: _export_source(
            for_exports,
            endpoint,
            for_exports.variant.query,
            deleted_filters=separated(filters),
            has_rows=has_rows,
        ),
    )


def _counter(for_exports: Parts, endpoint: Export) -> QueryProbe | None:
    """Return the query of versions 3 and 4, which counts rows; None if the stream has none."""
    query = for_exports.variant.query
    return None if query is None else QueryProbe(for_exports.query_calls(query), endpoint.time)


def _export_fields(parts: Parts, deleted_filters: tuple[bool, ...] = (False, True)) -> ExportFields:
    stream, columns, variant = parts.stream, parts.columns, parts.variant
    custom = () if stream.custom is None else stream.custom.columns
    return ExportFields(
        variant.fields(columns),
        variant.api_keys,
        tuple(variant.api_name(name) for name in custom if name in columns),
        needs_is_deleted="is_deleted" in columns,
        deleted_filters=deleted_filters,
    )


def _export_source(
    parts: Parts,
    endpoint: Export,
    query: Query | None,
    *,
    deleted_filters: tuple[bool, ...] = (False, True),
    has_rows: Callable[[Window, bool | None], bool] = lambda *_: True,
) -> ExportSource:
    return ExportSource(
        _job_client(parts),
        endpoint,
        _export_fields(parts, deleted_filters),
        parts.windows,
        parts.bookmark,
        query=None if query is None else SplittingQuery(parts.query_calls(query), parts.threads),
        values=parts.computed_values,
        on_repaired=parts.cell_decoder.count_repaired,
        write_state=parts.sync.write_state,
        rows_per_page=_ROWS_PER_PAGE if parts.has_observer else None,
        shorten=_rows_start(parts, endpoint).shortened,
        has_rows=has_rows,
        grace=timedelta() if parts.sync.config.get("end_date") else parts.sync.grace,
    )


def _rows_start(parts: Parts, endpoint: Export) -> RowsStart:
    """Return the object that finds out where a stream's rows start.

    For a stream without a query, prospects are asked for: nothing of an account is older.
    """
    query = parts.variant.query or _PROSPECTS
    probe = QueryProbe(parts.query_calls(query), endpoint.time)
    return RowsStart(parts.sync.account_start, parts.bookmark, probe, parts.stream.name)


def _job_client(parts: Parts) -> ExportJobClient:
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
