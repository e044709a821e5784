"""What streams with two sources share, and the source that is a query (``bulk_source``).

An export and a query of one object bring the same rows in the same columns, but for what this
file declares: columns that only exports have, and rows in the recycle bin, which only some
queries tell of (reference C.0, F.1).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_pardot.errors import RequestTooLarge, StreamFailed, StreamSkipped
from tap_pardot.records.custom_fields import as_sent
from tap_pardot.records.decoder import kind_of
from tap_pardot.records.times import Window, to_iso, unambiguous_edge
from tap_pardot.streams.queries import QueryStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

_INVALID_FIELDS = 180


class BulkStream(QueryStream):
    """An object that exports and, mostly, queries can read."""

    replication_key = "updated_at"

    bounds: ClassVar[tuple[str, str]] = ("updated_after", "updated_before")
    """The arguments for a window, the same in a procedure and in a query."""

    computed: ClassVar[frozenset[str]] = frozenset({"is_deleted"})
    """Columns that Pardot does not send."""

    has_query: ClassVar[bool] = True
    query_params: ClassVar[Mapping[str, str]] = {}
    """What every query of the object asks with."""

    query_tells_deleted: ClassVar[bool] = False
    """Whether a query can be asked for the recycle bin."""

    query_takes_fields: ClassVar[bool] = False
    """Whether a query can be asked for single fields."""

    maybe_exported: ClassVar[Mapping[str, str] | None] = None
    """What else a query asks with for those rows that exports may be limited to."""

    export_only: ClassVar[frozenset[str]] = frozenset()
    """Columns that no query has."""

    refused: set[str]
    """Fields that Pardot has refused in this run."""

    not_exportable = False
    """Whether exports refuse even the keys, so that a query must do."""

    _bin = False  # which side of the recycle bin is being queried

    # --- what is asked for ---

    @property
    def reads_by_query(self) -> bool:
        """Whether the settings choose the query, or exports leave no other choice."""
        return self.not_exportable or self.config.get("bulk_source") == "query"

    @cached_property
    def columns(self) -> list[str]:
        """The columns to emit, without those that the source cannot fill.

        A column of nulls would overwrite what an export has brought before.
        """
        columns = super().columns
        if not self.reads_by_query:
            return columns
        missing = [name for name in columns if name in self.export_only]
        if missing:
            self.logger.warning(
                "%s: only exports have %s; left out, because a query is the source.",
                self.name,
                ", ".join(missing),
            )
        return [name for name in columns if name not in self.export_only]

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The fields of every answer, by which rows are told apart and put into windows."""
        names = dict.fromkeys((*self.primary_keys, self.replication_key))
        return tuple(self.api_name(name) for name in names if name is not None)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields to ask for: those of the selected columns, keys first."""
        names = [self.api_name(name) for name in self.decoded_columns if name not in self.computed]
        return tuple(dict.fromkeys((*self.keys, *names)))

    def api_name(self, column: str) -> str:
        """Return the field that a column is asked by."""
        return self.api_names.get(column, (column,))[0]

    def marks(self, deleted: bool | None) -> dict[str, Any]:  # noqa: FBT001
        """Return the computed columns of rows from one side of the recycle bin, or from both."""
        if deleted is None or "is_deleted" not in self.columns:
            return {}
        return {"is_deleted": deleted}

    # --- windows ---

    @property
    def beginning(self) -> datetime:
        """Where a reading of everything begins."""
        return self.run.start

    def window(self) -> Window | None:
        """Return what to read: by bookmark, or all of it, where that is what the catalog wants.

        A reading of everything keeps in STATE what is left of it, to the end it began with.
        """
        if self.incremental:
            return super().window()
        left, zone = self.bookmark.window, self.run.zone
        if left is not None:
            return left._replace(start=unambiguous_edge(left.start, zone))
        window = Window(self.beginning, self.run.end)
        if window.start >= window.end:
            self.line.done(f"nothing to read before {to_iso(window.end)}")
            return None
        self.bookmark.open(window)
        return window

    def passed(self, window: Window) -> None:
        """Move the bookmark: everything up to this window's end is out."""
        whole = self.bookmark.window
        if self.incremental:
            self.bookmark.close(self.replication_key, to_iso(window.end))
        elif whole is not None and window.end < whole.end:
            self.bookmark.open(Window(window.end, whole.end))
        else:
            self.bookmark.close(None, None)

    # --- the query ---

    def queried(self) -> Iterator[dict[str, Any]]:
        """Yield the rows by query, window by window, living ones first.

        STATE keeps the id cursor of the living rows; the recycle bin, which holds few, is begun
        anew by a run after an interrupted one.

        Raises:
            StreamSkipped: The object has no query.
        """
        if not self.has_query:
            raise StreamSkipped(
                f"Pardot has no query for {self.name}: set bulk_source to auto or export to read "
                "them, or deselect the stream."
            )
        while window := self.window():
            window = self.begin_window(window)
            try:
                for side in (False, True) if self.query_tells_deleted else (False,):
                    self._bin = side
                    yield from self._queried_side(window)
            except RequestTooLarge as error:
                self.bookmark.open(self.halved(window, error), self.bookmark.cursor)
                continue
            self.passed(window)
            self.save()
            self.line.done(f"up to {to_iso(window.end)}")
            if window.end >= self.run.end or not self.incremental:
                return

    def _window_params(self, window: Window) -> dict[str, str]:
        zone, (after, before) = self.run.zone, self.bounds
        if self.incremental:
            return {after: window.after(zone), before: window.before(zone)}
        # With an upper bound, a row that changes meanwhile would leave a reading of everything.
        return {before: window.before(zone)} if before == "created_before" else {}

    def _queried_side(self, window: Window) -> Iterator[dict[str, Any]]:
        params = self._window_params(window)
        if self.query_tells_deleted:
            params["deleted"] = str(self._bin).lower()
        while True:
            if self.query_takes_fields:
                params["fields"] = ",".join(
                    each for each in self.fields if each not in self.refused
                )
            try:
                yield from self._read(window, {**self.query_params, **params})
            except StreamFailed as error:
                named = [
                    name for name in self.fields if name in error.message_words - set(self.keys)
                ]
                if error.code != _INVALID_FIELDS or not named or self.refused.issuperset(named):
                    raise
                self.refused.update(named)
                self.logger.warning(
                    "%s: Pardot has no field %s (code %s); the column stays empty.",
                    self.name,
                    ", ".join(named),
                    error.code,
                )
            else:
                return

    def _read(self, window: Window, params: dict[str, str]) -> Iterator[dict[str, Any]]:
        if self._bin:
            for page in self.pages(params, window=window if self.incremental else None):
                yield from self.emit_page(page)
        elif self.incremental:
            yield from self.read_window(window, params)
        else:
            yield from self.read_by_id(params)

    def emit(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the records of a page's rows."""
        marks = self.marks(self._bin)
        for record in super().emit(map(self._unwrapped, rows)):
            record.update(marks)
            yield record

    @cached_property
    def _several(self) -> frozenset[str]:
        """The fields whose columns are arrays."""
        properties = self.schema["properties"]
        return frozenset(
            self.api_name(name) for name in self.columns if kind_of(properties[name]) == "array"
        )

    def _unwrapped(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row with the values of ``{"value": ...}`` in their place (C.15, C.16)."""
        for name, value in row.items():
            if isinstance(value, (dict, list)) and name in self.fields:
                row[name] = as_sent(value, several=name in self._several)
        return row
