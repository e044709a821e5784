"""Which selected columns the list of version 5 lacks, and how they are read by id."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Lookup, Query
from tap_pardot.records.keys import keys_by_column
from tap_pardot.sources.read_each import ROWS_PER_LIST, ReadEach
from tap_pardot.sources.requested_fields import RequestedFields
from tap_pardot.streams.fan_out.child_sources import new_lookup
from tap_pardot.streams.variants import V4, V5

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_pardot.api.dialect import Row
    from tap_pardot.sources.base import Source
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.parts import Parts
    from tap_pardot.streams.variants import Variant

logger = logging.getLogger("tap-pardot")


@dataclass(frozen=True)
class RowRead:
    """How a row of a list is read by its id.

    Attributes:
        lookup: How it is read.
        dialect: The dialect of the lookup.
        columns: The columns that are taken of it; empty if no row is read.
        names: By column, the dialect's names of its field.
        fields: The fields to request of version 5.
    """

    lookup: Lookup
    dialect: str
    columns: tuple[str, ...]
    names: Mapping[str, Sequence[str]]
    fields: RequestedFields

    @property
    def refused_columns(self) -> frozenset[str]:
        """The columns of the fields that Pardot has refused so far."""
        rejected = self.fields.rejected
        return frozenset(name for name in self.columns if self.names[name][0] in rejected)


def row_read(stream: PardotStream, variant: Variant, columns: Sequence[str]) -> RowRead | None:
    """Return how rows are read by id for the columns that their list lacks.

    One read gives them all: version 5's if it has them, else that of versions 3 and 4.

    Args:
        stream: The stream.
        variant: How it is read.
        columns: The columns to read.

    Returns:
        None if the list has all columns.
    """
    query = variant.query
    if variant.dialect != V5 or query is None or query.lacks.isdisjoint(columns):
        return None
    missing = tuple(name for name in columns if name in query.lacks)
    own = (each for each in variant.endpoints if isinstance(each, Lookup))
    lookup = next((each for each in own if each.lacks.isdisjoint(missing)), None)
    if lookup is not None:
        names = {name: variant.names[name] for name in missing}
        fields = RequestedFields(("id", *map(variant.api_name, missing)), ("id",))
        return RowRead(lookup, V5, missing, names, fields)
    by_v4 = stream.variants[V4]
    names = {name: by_v4.names.get(name, (name,)) for name in missing}
    first = by_v4.endpoints[0]
    if not isinstance(first, Lookup):
        raise TypeError(f"{stream.name}: no version of the API reads {', '.join(missing)}")
    return RowRead(first, V4, missing, names, RequestedFields((), ()))


def list_of(endpoint: Query) -> Query:
    """Return the query that lists the rows to read: STATE is written after smaller pages."""
    return replace(endpoint, page_size=min(endpoint.page_size or ROWS_PER_LIST, ROWS_PER_LIST))


def read_each(parts: Parts, listed: Source, read: RowRead) -> ReadEach:
    """Return the source that completes the rows of a list.

    Raises:
        ConfigurationError: The API user's zone is unknown, so that times of versions 3 and 4 are.
    """
    if read.dialect == V4 and parts.sync.zone_error is not None:
        raise parts.sync.zone_error
    name = parts.stream.name
    logger.info("%s: each row costs a call, for %s.", name, ", ".join(read.columns))
    ask = _by_version_5(parts, read) if read.dialect == V5 else _by_version_4(parts, read)
    keys = {key for each in keys_by_column(read.columns, read.names).values() for key, _ in each}

    def read_row(number: int) -> Row | None:
        row = ask(number)
        return None if row is None else {key: row[key] for key in keys & row.keys()}

    return ReadEach(name, listed, read_row, read.columns, parts.threads)


def _by_version_5(parts: Parts, read: RowRead) -> Callable[[int], Row | None]:
    dialect = parts.sync.dialect_5

    def ask(number: int) -> Row | None:
        return read.fields.request(
            parts.call,
            dialect.field_codes,
            lambda names: dialect.lookup(read.lookup, number, {"fields": ",".join(names)}),
        )

    return ask


def _by_version_4(parts: Parts, read: RowRead) -> Callable[[int], Row | None]:
    lookup = new_lookup(
        parts.stream.name, parts.sync, parts.sync.dialect, read.lookup, columns=read.columns
    )
    return lambda number: lookup.ask(number).row
