"""Whether a stream may be read, and by which version, for the option ``--test``.

No export job is created and no record is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib import Metadata

from tap_pardot.api.dialect import Export, Filters, Query, Record
from tap_pardot.errors import Outage, RowsHidden, StreamFailed, StreamSkipped
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.query import SingleRecord
from tap_pardot.sources.requested_fields import RequestedFields
from tap_pardot.streams.endpoints import endpoint_for, is_child
from tap_pardot.streams.fan_out.child import Child
from tap_pardot.streams.variants import V4, V5
from tap_pardot.streams.ways import by_version_5_alone, way_that_is_left

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext


def check(stream: PardotStream, sync: SyncContext, needed_by: str | None = None) -> str:
    """Read one row of a stream the way that a run reads it; return what that shows, for the log.

    Under ``api_version`` 3 and 4 it is the smallest call of the object. Under 5 all selected
    columns are requested, and where version 5 refuses the stream, the others are tried.

    Raises:
        TapPardotError: The stream may not be read.
    """
    if stream.failure is not None:
        raise stream.failure
    if not sync.reads_version_5:
        return f"{_probe(stream, sync)}{_off(stream)}"
    _use_what_is_there(stream, sync)
    way = _way(stream, sync, needed_by)
    while True:
        try:
            found = (
                _read_row(stream, sync) if stream.variant.dialect == V5 else _probe(stream, sync)
            )
        except (StreamSkipped, StreamFailed, Outage) as error:
            stream.use(*way_that_is_left(stream, sync, error))
            if stream.variant.dialect == V4:
                way = " by versions 3 and 4, because version 5 refuses it"
        else:
            break
    return f"{way}{found}{_left_out(stream)}{_off(stream)}"


def _off(stream: PardotStream) -> str:
    """Return what the log says of a stream that is off."""
    is_off = stream.metadata.root.inclusion is Metadata.InclusionType.UNSUPPORTED
    return "; off unless include names it" if is_off else ""


def _use_what_is_there(stream: PardotStream, sync: SyncContext) -> None:
    """Read a stream by a version that the account has.

    Raises:
        StreamSkipped: Only another version has the stream.
        ConfigurationError: Versions 3 and 4 need the time zone, which is unknown.
    """
    by_v4 = stream.variants.get(V4)
    if sync.version_5.is_gone and stream.variant.dialect == V5:
        if by_v4 is None:
            raise StreamSkipped("Only version 5 of the API has it, which the account lacks.")
        stream.use(by_v4, endpoint_for(stream, by_v4, stream.selected_columns))
    if not sync.has_version_4:
        variant = by_version_5_alone(stream)
        stream.use(variant, variant.endpoints[0])
    if stream.variant.dialect == V4 and sync.zone_error is not None:
        raise sync.zone_error


def _way(stream: PardotStream, sync: SyncContext, needed_by: str | None) -> str:
    """Return which version reads a stream, and why."""
    by_v5 = stream.variants.get(V5)
    if stream.variant.dialect == V5:
        exports = isinstance(stream.endpoint, Export)
        return f" by version 5{', or by exports where they cost fewer calls' if exports else ''}"
    if by_v5 is None:
        why = "only they have it"
    elif sync.version_5.is_gone:
        why = "the account lacks version 5"
    elif isinstance(by_v5.endpoints[0], Record):
        why = "no column that only version 5 has is selected"
    elif columns := by_v5.lacks.intersection(stream.selected_columns):
        why = f"only they have {_listed(stream, columns)}"
    elif needed_by is not None:
        why = f"{needed_by} needs it from them"
    else:
        why = "bulk_source is export"
    return f" by versions 3 and 4, because {why}"


def _left_out(stream: PardotStream) -> str:
    """Return which selected columns are left out, and why."""
    columns = {*stream.columns}
    missing = [name for name in stream.selected_columns if name not in columns]
    refused = [name for name in missing if name in stream.refused]
    others = [name for name in missing if name not in stream.refused]
    found = f"; left out, because Pardot refuses the field: {', '.join(refused)}" if refused else ""
    return f"{found}; left out: {', '.join(others)}" if others else found


def _listed(stream: PardotStream, columns: Collection[str]) -> str:
    return ", ".join(name for name in stream.selected_columns if name in columns)


def _read_row(stream: PardotStream, sync: SyncContext) -> str:
    """Read a row of a stream by version 5, with all selected columns; return what it shows.

    Raises:
        TapPardotError: Pardot refuses that.
    """
    if is_child(stream):
        found = _probe(stream, sync)
    else:
        variant, query = stream.variant, stream.variant.query
        columns = _of_a_row(stream.columns, query)
        fields = RequestedFields(variant.fields(columns), variant.api_keys)
        found = _read_by(stream, sync, query, fields)
        rejected = fields.rejected
        stream.refused = frozenset(name for name in columns if variant.api_name(name) in rejected)
    sync.version_5.note_answered()
    return found


def _of_a_row(columns: Iterable[str], query: Query | None) -> list[str]:
    """Return the columns that come with a query; a call for each row gives the others."""
    lacks = () if query is None else query.lacks
    return [name for name in columns if name not in lacks]


def _read_by(
    stream: PardotStream, sync: SyncContext, query: Query | None, fields: RequestedFields
) -> str:
    call = sync.call_for(stream.name)
    if isinstance(stream.endpoint, Record):
        page = next(iter(SingleRecord(call, [sync.dialect_5], stream.endpoint, fields).pages(None)))
        return "".join(f": id {row['id']}" for rows in page.blocks for row in rows if "id" in row)
    if query is None:
        raise NotImplementedError(stream.name)
    query = stream.endpoint if isinstance(stream.endpoint, Query) else query
    filters = Filters()
    if query.time is not None:
        filters = Filters(query.time, sync.start, sync.end)
    hidden = lambda: _on_hidden(stream, sync)  # noqa: E731
    QueryCalls(call, sync.dialect_5, query, stream.name, fields, hidden).page(filters, limit=1)
    return ""


def _on_hidden(stream: PardotStream, sync: SyncContext) -> None:
    """Note that Pardot hides rows from the API user.

    Raises:
        RowsHidden: Versions 3 and 4, which hide none, can read the stream.
    """
    if V4 in stream.variants and sync.has_version_4:
        raise RowsHidden("Pardot hides rows from the API user (warning 202).")


def _probe(stream: PardotStream, sync: SyncContext) -> str:
    """Make one small call that shows whether a stream may be read; return what it shows.

    Raises:
        TapPardotError: The stream may not be read.
    """
    if is_child(stream):
        Child(stream, sync, {}).source.probe()
        return ""
    dialect = sync.dialect_of(stream.variant.dialect)
    answer = sync.client.call(stream.name, dialect.probe(stream.endpoint))
    return f": id {answer.get('id')}" if isinstance(stream.endpoint, Record) else ""
