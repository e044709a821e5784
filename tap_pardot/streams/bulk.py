"""Builds the sources of streams that can be exported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_pardot.api.dialect import Query
from tap_pardot.records.times import to_iso
from tap_pardot.sources.account_start import AccountStart
from tap_pardot.sources.cheapest import CheapestSource, Chooser
from tap_pardot.sources.export import ExportSource
from tap_pardot.sources.export_creation import ExportFields
from tap_pardot.sources.export_jobs import ExportJobClient, JobSettings
from tap_pardot.sources.export_plan import chunks
from tap_pardot.sources.export_query import NoQuery, QueryInsteadOfExport
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.query import SplittingQuery, WindowQuery
from tap_pardot.sources.query_probe import QueryProbe
from tap_pardot.streams.endpoints import api_fields, api_keys, api_name, is_exported, query_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_pardot.api.dialect import Export
    from tap_pardot.records.decoder import Decoder
    from tap_pardot.records.times import Window
    from tap_pardot.sources.base import Call, Source
    from tap_pardot.state.bookmark import Bookmark
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.windows import Windows

_PROSPECTS = Query("prospect", deleted=True, fields=True)
_ROWS_PER_PAGE = 1_000
"""Rows of an export after which STATE is written, if the rows are passed to child streams."""


@dataclass(frozen=True)
class Parts:
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

    @property
    def threads(self) -> int:
        """The most requests at a time."""
        number: int = self.sync.config["max_concurrent_requests"]
        return number

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


def bulk_query(parts: Parts, endpoint: Query) -> Source:
    """Return the source that reads a stream by query although it can be exported."""
    source = _window_query(parts, endpoint)
    return QueryInsteadOfExport(source, _job_client(parts), parts.bookmark)


def _window_query(
    parts: Parts,
    endpoint: Query,
    sides: tuple[bool, ...] = (False, True),
    *,
    reads_ahead: bool = True,
) -> WindowQuery:
    return WindowQuery(
        SplittingQuery(parts.query_calls(endpoint), parts.threads if reads_ahead else 1),
        parts.bookmark,
        fields=api_fields(parts.stream, parts.columns),
        keys=api_keys(parts.stream),
        is_full_table=parts.is_full_table,
        values=parts.computed_values,
        sides=sides,
    )


def bulk_source(parts: Parts, endpoint: Export) -> Source:
    """Return the source that reads a stream by export jobs, or by query where that is cheaper.

    If ``bulk_source`` is ``query`` and the stream has no query, it is one that skips the stream.
    """
    if not is_exported(parts.stream):
        return NoQuery(parts.stream.name)
    query = query_of(parts.stream)
    if query is None or parts.sync.config["bulk_source"] != "auto":
        return _export_source(parts, endpoint, query)
    return _cheapest_source(parts, endpoint, query)


def _cheapest_source(parts: Parts, endpoint: Export, query: Query) -> Source:
    calls = parts.query_calls(query)
    fields = _export_fields(parts)
    chooser = Chooser(
        parts.stream.name,
        query=_window_query(parts, query),
        calls=calls,
        first_calls=replace(calls, call=parts.sync.call_for(parts.stream.name, store=True)),
        probe=QueryProbe(calls, endpoint.time),
        start=_account_start(parts, endpoint),
        bookmark=parts.bookmark,
        lacks=[name for name in parts.columns if name in query.lacks],
        parts=len(chunks(fields.all, fields.keys)),
        poll_interval=parts.sync.config["export_poll_interval"],
        is_full_table=parts.is_full_table,
    )
    return CheapestSource(
        parts.windows,
        parts.bookmark,
        chooser=chooser,
        sides=(False, True) if endpoint.deleted else (False,),
        new_query=lambda sides, reads_ahead: _window_query(
            parts, query, sides, reads_ahead=reads_ahead
        ),
        new_export=lambda sides, has_rows: _export_source(
            parts, endpoint, query, sides=sides, has_rows=has_rows
        ),
    )


def _export_fields(parts: Parts, sides: tuple[bool, ...] = (False, True)) -> ExportFields:
    stream, columns = parts.stream, parts.columns
    custom = () if stream.custom is None else stream.custom.columns
    return ExportFields(
        api_fields(stream, columns),
        api_keys(stream),
        tuple(api_name(stream, name) for name in custom if name in columns),
        needs_is_deleted="is_deleted" in columns,
        sides=sides,
    )


def _export_source(
    parts: Parts,
    endpoint: Export,
    query: Query | None,
    *,
    sides: tuple[bool, ...] = (False, True),
    has_rows: Callable[[Window, bool | None], bool] = lambda *_: True,
) -> ExportSource:
    return ExportSource(
        _job_client(parts),
        endpoint,
        _export_fields(parts, sides),
        parts.windows,
        parts.bookmark,
        query=None if query is None else SplittingQuery(parts.query_calls(query), parts.threads),
        values=parts.computed_values,
        on_repaired=parts.decoder.count_repaired,
        write_state=parts.sync.write_state,
        rows_per_page=_ROWS_PER_PAGE if parts.has_observer else None,
        begins=_account_start(parts, endpoint).shortened,
        has_rows=has_rows,
    )


def _account_start(parts: Parts, endpoint: Export) -> AccountStart:
    """Return the object that finds out where a stream's rows begin.

    A stream without a query goes by the prospects: nothing of an account is older than they are.
    """
    query = query_of(parts.stream) or _PROSPECTS
    probe = QueryProbe(parts.query_calls(query), endpoint.time)
    return AccountStart(parts.sync.account_begin, parts.bookmark, probe, parts.stream.name)


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
