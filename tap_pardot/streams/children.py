"""The base class of streams that exist only through others, and what reads one of them."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from tap_pardot.api.dialect import Lookup, ParentRows, Query
from tap_pardot.records.times import to_iso
from tap_pardot.sources.lookup import IdLookup, LookupSource, RowsOfParents
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.visits import SharedVisits, VisitSource
from tap_pardot.streams.base import PardotStream
from tap_pardot.streams.child import Child
from tap_pardot.sync.reading import Reading
from tap_pardot.sync.report import Status
from tap_pardot.sync.windows import Pending

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_pardot.sources.lookup import ChildSource


class ChildStream(PardotStream):
    """A stream that takes something of other streams' records."""

    v4: ClassVar[Lookup | ParentRows]

    lookup: ClassVar[type[IdLookup]] = IdLookup
    """Which ids are read, and how one is."""

    @staticmethod
    def rows_of(row: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """Return the stream's rows in a row of its object."""
        return (dict(row),)

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records of all that parents have passed on."""
        yield from self.tap.fan_out.records_of(self)

    def probe(self) -> str:
        """Make one small call that shows whether this stream may be read."""
        new_child(self, {}).source.probe()
        return ""

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log; where the SDK announces a replication method, name the parents instead."""
        if message.startswith("Beginning sync of"):
            parents = ", ".join(self.v4.parents)
            message, args = "Beginning sync of '%s' through %s", (self.name, parents)
        super().log(message, *args, level=level, **kwargs)

    @property
    def reached_text(self) -> str | None:
        """The run's end, if all ids up to there were read."""
        return to_iso(self.run.end) if self.line.end is Status.DONE else None


def new_child(stream: ChildStream, shared: dict[str, SharedVisits]) -> Child:
    """Return a stream as a child in a run.

    Args:
        stream: The stream.
        shared: By object, what the streams of the run share that take the same answers.
    """
    child = Child(stream, stream.v4.parents)
    child.source = _source(stream, child, shared)
    child.reading = Reading(
        name=stream.name,
        windows=Pending(stream.run.end),
        source=child.source,
        decoder=stream.decoder,
        key=None,
        result=stream.line,
        write_state=stream.save,
    )
    return child


def _source(stream: ChildStream, child: Child, shared: dict[str, SharedVisits]) -> ChildSource:
    run, endpoint, state = stream.run, stream.v4, stream.stream_state
    call, dialect = partial(run.client.call, stream.name), run.client.v4.in_zone(run.zone)
    if isinstance(endpoint, ParentRows):
        return RowsOfParents(
            stream.rows_of,
            child.write,
            stream.columns,
            state,
            lambda: call(dialect.probe(endpoint)),
        )
    if endpoint.batch > 1:
        common = SharedVisits(endpoint.batch, run.max_concurrent_requests)
        return VisitSource(
            QueryCalls(call, dialect, Query(endpoint.object, sorted=False), stream.name),
            state,
            shared.setdefault(endpoint.object, common),
            rows_of=stream.rows_of,
            write_rows=child.write_rows,
            is_active=lambda: child.is_active,
            classify=stream.classify,
        )
    lookup = stream.lookup(
        stream.name,
        call,
        dialect,
        endpoint,
        state,
        stream.columns,
        run.now,
        stream.config["email_stats_days"],
    )
    return LookupSource(lookup, run.max_concurrent_requests, stream.classify)
