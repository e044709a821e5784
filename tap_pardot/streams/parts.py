"""The parts that the sources of one reading are built from."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_pardot.errors import RowsHidden
from tap_pardot.records.times import to_iso
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.requested_fields import RequestedFields
from tap_pardot.streams.variants import V4, V5

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_pardot.api.dialect import Query
    from tap_pardot.api.protocols import LookupDialect
    from tap_pardot.records.decoder import Decoder
    from tap_pardot.sources.base import Call
    from tap_pardot.sources.cheapest import DeletedFilters
    from tap_pardot.state.bookmark import Bookmark
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.reads import RowRead
    from tap_pardot.streams.variants import Variant
    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.windows import Windows

logger = logging.getLogger("tap-pardot")

_HIDDEN = (
    "Pardot hides rows from the API user (warning 202): give its role the ability to view "
    "prospects that are not assigned to it"
)


def new_fields(
    stream: PardotStream, sync: SyncContext, variant: Variant, columns: Sequence[str]
) -> RequestedFields:
    """Return the fields to request for some columns; those that Pardot refuses are logged."""

    def log(field: str, code: int | None) -> None:
        is_written = sync.report.result_of(stream.name).rows > 0
        fate = "is null in the rest of the run" if is_written else "is left out"
        if variant.dialect == V4:
            fate = "stays empty"
        logger.warning(
            "%s: Pardot has no field %s (code %s); the column %s.", stream.name, field, code, fate
        )

    return RequestedFields(variant.fields(columns), variant.api_keys, log)


@dataclass(frozen=True)
class Parts:
    """The parts that sources are built from; see :func:`~tap_pardot.streams.assembly.new_reading`.

    Attributes:
        stream: The stream.
        sync: The context of the run.
        variant: How the rows are read.
        columns: The columns to read.
        bookmark: The bookmark that the reading moves.
        windows: The windows to read.
        cell_decoder: Makes records of the cells of exports.
        fields: The fields to request.
        is_full_table: Whether all rows are read, not only the changed ones.
        has_observer: Whether the records are passed to child streams too.
        row_read: How each row is read by its id, too; None if it is not.
    """

    stream: PardotStream
    sync: SyncContext
    variant: Variant
    columns: Sequence[str]
    bookmark: Bookmark
    windows: Windows
    cell_decoder: Decoder
    fields: RequestedFields
    is_full_table: bool
    has_observer: bool
    row_read: RowRead | None = None

    @property
    def call(self) -> Call:
        """A function that makes calls, which are counted for the stream."""
        return self.sync.call_for(self.stream.name)

    @property
    def dialect(self) -> LookupDialect:
        """The dialect that reads the rows."""
        return self.sync.dialect_of(self.variant.dialect)

    @property
    def threads(self) -> int:
        """The most requests at a time."""
        number: int = self.sync.config["max_concurrent_requests"]
        return number

    @property
    def for_exports(self) -> Parts:
        """The parts for the exports of versions 3 and 4, and for the query of these versions."""
        variant = self.stream.variants[V4]
        if variant is self.variant:
            return self
        fields = new_fields(self.stream, self.sync, variant, self.columns)
        return replace(self, variant=variant, fields=fields)

    def deleted_filters(self, endpoint: Query) -> DeletedFilters:
        """Return the filters by which a query reads its rows, one after the other.

        Version 5 reads active and deleted rows together, unless ``is_deleted`` is selected and the
        rows do not have it: then the request tells them apart.
        """
        is_computed = "is_deleted" in self.variant.computed.intersection(self.columns)
        if self.variant.dialect == V4 or is_computed:
            return (False, True) if endpoint.deleted else (False,)
        return (None,)

    def query_calls(self, endpoint: Query) -> QueryCalls:
        """Return the object that requests pages of a query."""
        has_fields = endpoint.fields or self.variant.dialect == V5
        return QueryCalls(
            self.call,
            self.dialect,
            endpoint,
            self.stream.name,
            self.fields if has_fields else None,
            self._on_hidden,
        )

    def _on_hidden(self) -> None:
        """Note that rows are hidden from the API user.

        Raises:
            RowsHidden: Versions 3 and 4, which hide none, can read the stream.
        """
        if V4 in self.stream.variants and self.sync.has_version_4:
            raise RowsHidden(f"{_HIDDEN}.")
        result = self.sync.report.result_of(self.stream.name)
        if not result.note:
            result.note = "some rows are hidden from the API user"
            logger.warning("%s: %s; the other rows are read.", self.stream.name, _HIDDEN)

    def refused_columns(self) -> frozenset[str]:
        """Return the columns of the fields that Pardot has refused so far."""
        rejected, variant = self.fields.rejected, self.variant
        refused = frozenset(name for name in self.columns if variant.api_name(name) in rejected)
        return refused if self.row_read is None else refused | self.row_read.refused_columns

    def computed_values(self, deleted: bool | None) -> dict[str, Any]:  # noqa: FBT001
        """Return the values of computed columns, by column.

        Args:
            deleted: Whether the rows are deleted or active; None for both together.
        """
        computed = self.variant.computed.intersection(self.columns)
        values: dict[str, Any] = {}
        if deleted is not None and "is_deleted" in computed:
            values["is_deleted"] = deleted
        window = self.bookmark.window
        if window is not None and "listed_at" in computed:
            values["listed_at"] = to_iso(window.end)
        return values
