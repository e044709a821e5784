"""From the declaration of a stream that is read through others to its source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from tap_pardot.api.dialect import Lookup, ParentRows, Query
from tap_pardot.sources.email_lookups import EmailLookup, EmailStatsLookup, EmailTemplateLookup
from tap_pardot.sources.lookup import IdLookup, LookupSource, RowsOfParents
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.visits import SharedVisits, VisitSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_pardot.api.dialect import Row
    from tap_pardot.sources.lookup import ChildSource
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext

_SPECIAL: Mapping[tuple[str, str], type[IdLookup]] = {
    ("email", "read"): EmailLookup,
    ("email", "stats"): EmailStatsLookup,
    ("emailTemplate", "read"): EmailTemplateLookup,
}
"""By object and operation, which ids are read and how one is, where that is special."""


class Outlet(Protocol):
    """Where rows go that come in another stream's turn."""

    @property
    def is_active(self) -> bool:
        """Whether the stream has not failed."""

    def write(self, record: dict[str, Any]) -> None:
        """Write a record."""

    def write_rows(self, rows: Iterable[Row]) -> None:
        """Write rows of the API."""


def child_source(
    stream: PardotStream, sync: SyncContext, outlet: Outlet, shared: dict[str, SharedVisits]
) -> ChildSource:
    """Return a child's source.

    Args:
        stream: The stream.
        sync: What is fixed for the run.
        outlet: Where rows go that come in another stream's turn.
        shared: By object, what the streams of the run share that take the same answers.
    """
    endpoint = stream.endpoint
    if isinstance(endpoint, ParentRows):
        call = partial(sync.call_for(stream.name), sync.dialect.probe(endpoint))
        return RowsOfParents(
            endpoint.rows_of, outlet.write, stream.columns, stream.stream_state, call
        )
    if not isinstance(endpoint, Lookup):
        raise TypeError(f"{stream.name} is not read through other streams")
    if endpoint.batch > 1:
        return _visits(stream, sync, outlet, shared, endpoint)
    lookup = _SPECIAL.get((endpoint.object, endpoint.operation), IdLookup)(
        name=stream.name,
        call=sync.call_for(stream.name),
        dialect=sync.dialect,
        endpoint=endpoint,
        state=stream.stream_state,
        columns=stream.columns,
        now=sync.now,
        recent_days=sync.config["email_stats_days"],
    )
    threads = sync.config["max_concurrent_requests"]
    return LookupSource(lookup, threads, sync.classify)


def _visits(
    stream: PardotStream,
    sync: SyncContext,
    outlet: Outlet,
    shared: dict[str, SharedVisits],
    endpoint: Lookup,
) -> VisitSource:
    query = Query(endpoint.object, sorted=False)
    common = SharedVisits(endpoint.batch, sync.config["max_concurrent_requests"])
    return VisitSource(
        QueryCalls(sync.call_for(stream.name), sync.dialect, query, stream.name),
        stream.stream_state,
        shared.setdefault(endpoint.object, common),
        rows_of=endpoint.rows_of or (lambda visit: (dict(visit),)),
        write_rows=outlet.write_rows,
        is_active=lambda: outlet.is_active,
        classify=sync.classify,
    )
