"""Builds the source of a child stream from its declaration."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from tap_pardot.api.dialect import Lookup, ParentRows, Query
from tap_pardot.sources.email_lookups import (
    EmailLookup,
    EmailStatsLookup,
    EmailTemplateLookup,
    ListEmailLookup,
)
from tap_pardot.sources.lookup import IdLookup, LookupSource, RowsOfParents
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.visits import SharedVisits, VisitSource
from tap_pardot.streams.variants import V4, V5

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_pardot.api.dialect import Row
    from tap_pardot.api.protocols import LookupDialect
    from tap_pardot.sources.lookup import ChildSource
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.variants import Variant
    from tap_pardot.sync.context import SyncContext

_LOOKUPS: Mapping[tuple[str, str], type[IdLookup]] = {
    ("email", "read"): EmailLookup,
    ("email", "stats"): EmailStatsLookup,
    ("emailTemplate", "read"): EmailTemplateLookup,
    ("list-emails", "read"): ListEmailLookup,
    ("list-emails", "stats"): EmailStatsLookup,
}
"""The lookups with special rules, by object and operation."""


class ChildWriter(Protocol):
    """Writes rows and records of a child stream during the turn of another stream."""

    @property
    def is_active(self) -> bool:
        """Whether the stream has not failed."""

    def write(self, record: dict[str, Any]) -> None:
        """Write a record."""

    def write_rows(self, rows: Iterable[Row]) -> None:
        """Decode rows of the API and write the records."""


def child_source(
    stream: PardotStream,
    sync: SyncContext,
    writer: ChildWriter,
    shared: dict[str, SharedVisits],
    variant: Variant,
) -> ChildSource:
    """Return a child's source.

    Args:
        stream: The child stream.
        sync: The context of the run.
        writer: Writes the child's rows during another stream's turn.
        shared: By object, what the child streams that use the same answers share; filled here.
        variant: How the stream is read as a child.

    Raises:
        TypeError: The stream is not a child.
    """
    endpoint, dialect = variant.endpoints[0], sync.dialect_of(variant.dialect)
    columns = [name for name in stream.columns if name not in variant.lacks]
    if isinstance(endpoint, ParentRows):
        call = partial(sync.call_for(stream.name), dialect.probe(endpoint))
        return RowsOfParents(endpoint.rows_of, writer.write, columns, stream.stream_state, call)
    if not isinstance(endpoint, Lookup):
        raise TypeError(f"{stream.name} is not read through other streams")
    if endpoint.batch > 1:
        return _visit_source(stream, sync, writer, shared, endpoint)
    lookup = new_lookup(
        stream.name,
        sync,
        dialect,
        endpoint,
        columns=columns,
        state=stream.stream_state,
        other=_other_lookup(stream, sync) if variant is stream.variant else None,
    )
    threads = sync.config["max_concurrent_requests"]
    return LookupSource(lookup, threads, sync.classify)


def new_lookup(  # noqa: PLR0913
    name: str,
    sync: SyncContext,
    dialect: LookupDialect,
    endpoint: Lookup,
    *,
    columns: Sequence[str],
    state: dict[str, Any] | None = None,
    other: tuple[LookupDialect, Lookup] | None = None,
) -> IdLookup:
    """Return how ids are looked up, by the special rules of the object if it has some.

    Args:
        name: The stream.
        sync: The context of the run.
        dialect: The dialect of the endpoint.
        endpoint: The declaration.
        columns: The selected columns.
        state: The stream's part of STATE; None for a lookup of ids that come from elsewhere.
        other: As of :class:`IdLookup`.
    """
    return _LOOKUPS.get((endpoint.object, endpoint.operation), IdLookup)(
        name=name,
        call=sync.call_for(name),
        dialect=dialect,
        endpoint=endpoint,
        state={} if state is None else state,
        columns=columns,
        now=sync.now,
        recent_days=sync.config["email_stats_days"],
        other=other,
    )


def _other_lookup(stream: PardotStream, sync: SyncContext) -> tuple[LookupDialect, Lookup] | None:
    """Return how versions 3 and 4 look up the ids of a child that version 5 reads."""
    by_v4 = stream.variants.get(V4)
    if stream.variant.dialect != V5 or by_v4 is None or not sync.has_version_4:
        return None
    endpoint = by_v4.endpoints[0]
    return (sync.dialect, endpoint) if isinstance(endpoint, Lookup) else None


def _visit_source(
    stream: PardotStream,
    sync: SyncContext,
    writer: ChildWriter,
    shared: dict[str, SharedVisits],
    endpoint: Lookup,
) -> VisitSource:
    query = Query(endpoint.object, sorted=False)
    new = SharedVisits(endpoint.batch, sync.config["max_concurrent_requests"])
    return VisitSource(
        QueryCalls(sync.call_for(stream.name), sync.dialect, query, stream.name),
        stream.stream_state,
        shared.setdefault(endpoint.object, new),
        rows_of=endpoint.rows_of or (lambda visit: (dict(visit),)),
        write_rows=writer.write_rows,
        is_active=lambda: writer.is_active,
        classify=sync.classify,
    )
