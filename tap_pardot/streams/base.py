"""The base classes of streams: where rows come from, and how the bookmark moves.

A stream is a declaration; everything it does is here. Which class it inherits says where its
rows come from:

=====================  =======================================================================
:class:`WindowStream`  a query with an ``updated`` filter, in windows of time
:class:`IdStream`      a query of rows that never change, on from the last id
:class:`WholeStream`   a query without an ``updated`` filter, whole each time
:class:`OffsetStream`  a query without an id filter
:class:`RecordStream`  one record, read by itself
=====================  =======================================================================
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_pardot import query
from tap_pardot.decode import Decoder, to_timestamp
from tap_pardot.dialect import PAGE_SIZE
from tap_pardot.errors import (
    LoginOutage,
    Outage,
    RunStopped,
    StreamFailed,
    TapPardotError,
    TooMuch,
)
from tap_pardot.messages import FastRecords
from tap_pardot.state import Bookmark
from tap_pardot.windows import (
    Window,
    half_of,
    instant_text,
    limited,
    parse_instant,
    safe_edge,
    wall_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk.singerlib import Catalog

    from tap_pardot.report import Line
    from tap_pardot.run import Run
    from tap_pardot.tap import TapPardot

INCREMENTAL = "INCREMENTAL"


class PardotStream(FastRecords):
    """What all streams share: selection, decoding, STATE, and that one failure stays one."""

    pardot_object: ClassVar[str]
    """The object's name in the URL, and in the answer."""

    primary_keys: Sequence[str] = ("id",)

    api_names: Mapping[str, Sequence[str]] = {}
    """By column, the API's names where they differ: see :class:`~tap_pardot.decode.Decoder`."""

    bookmark_is_id: ClassVar[bool] = False

    handed: tuple[str, ...] = ()
    """Columns that children are handed, whether they are emitted or not."""

    def __init__(self, tap: TapPardot) -> None:
        super().__init__(tap)
        self.tap = tap
        self.declared_key = self.replication_key

    # --- what the catalog says ---

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take selection and replication method from a catalog; keys stay the declared ones."""
        super().apply_catalog(catalog)
        if not self.primary_keys:
            self.primary_keys = type(self).primary_keys
        if self.replication_key is None and self.replication_method == INCREMENTAL:
            # Some catalogs name the method only.
            told = "updated_at" if "updated_at" in self.schema["properties"] else None
            self.replication_key = self.declared_key or told

    def get_replication_key_signpost(self, context: Mapping[str, Any] | None = None) -> None:
        """Return None: windows end before now, so no bookmark can run ahead."""

    def compare_start_date(self, value: str, start_date_value: str) -> str:  # noqa: ARG002
        """Return the bookmark: a later ``start_date`` must not skip what was not read."""
        return value

    @cached_property
    def columns(self) -> list[str]:
        """The columns to emit: the selected ones and the keys, in the schema's order."""
        keys = {*self.primary_keys, self.replication_key}
        return [
            name
            for name in self.effective_schema["properties"]
            if name in self.schema["properties"]
            and (name in keys or self.mask.get(("properties", name), True))
        ]

    @property
    def decoded_columns(self) -> list[str]:
        """The columns to read: those to emit, and what children need of each record."""
        return [*self.columns, *(name for name in self.handed if name not in self.columns)]

    @cached_property
    def decoder(self) -> Decoder:
        """The compiled decoder of the run."""
        schema, declared = self.effective_schema, self.schema["properties"]
        handed = {name: declared[name] for name in self.handed}
        return Decoder(
            {**schema, "properties": {**handed, **schema["properties"]}},
            to_timestamp(self.run.zone),
            self.decoded_columns,
            self.api_names,
            lambda key: self.logger.debug("%s: unknown key %r in an answer", self.name, key),
        )

    # --- the run ---

    @property
    def line(self) -> Line:
        """This stream's line of the report."""
        return self.tap.report.line(self.name)

    def ended(self, error: TapPardotError) -> None:
        """Report why this stream ended early."""
        self.tap.report.ended(self.name, error)

    @property
    def run(self) -> Run:
        """What is fixed for the whole run."""
        return self.tap.run

    @property
    def source(self) -> query.Source:
        """Where this stream's pages come from."""
        return query.Source(self.run.client, self.name, self.pardot_object, self.pardot_object)

    @property
    def incremental(self) -> bool:
        """Whether the catalog wants only what is new."""
        return self.replication_method == INCREMENTAL

    @cached_property
    def bookmark(self) -> Bookmark:
        """This stream's part of STATE."""
        return Bookmark(self.stream_state)

    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Yield the records; a failure of Pardot's ends this stream only, and is reported."""
        _ = self.line
        if self.tap.report.is_over:
            return
        _ = self.run  # a run that cannot begin is not this stream's failure
        try:
            yield from self.tap.fan_out.passing(self, self.records())
        except TapPardotError as error:
            self.ended(self.judged(error))
        finally:
            self._warn_of_misfits()

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records of this stream and move its bookmark.

        Raises:
            TapPardotError: Pardot ended the stream early; the bookmark covers what was yielded.
        """
        raise NotImplementedError

    def probe(self) -> str:
        """Make one small call that shows whether this stream may be read; return what it tells.

        Raises:
            TapPardotError: It may not.
        """
        self.run.client.query(self.name, self.pardot_object, self.pardot_object, {"limit": "1"})
        return ""

    def judged(self, error: TapPardotError) -> TapPardotError:
        """Tell an outage of this stream's own from one of all of Pardot by one other call."""
        if not isinstance(error, Outage):
            return error
        if not isinstance(error, LoginOutage) and self.run.is_reachable():
            return StreamFailed(error.say, error.code)
        return RunStopped(
            f"Pardot could not be reached for about 10 minutes: {error.say} Run again later, "
            "nothing is lost.",
            error.code,
        )

    # --- for the sources below ---

    @property
    def reached(self) -> datetime | None:
        """The instant before which everything is out, or None at the first run."""
        kept = self.bookmark.value
        return None if kept is None else parse_instant(kept)

    def emit(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the records of a page's rows."""
        return map(self.decoder, rows)

    def emit_page(self, page: query.Page) -> Iterator[dict[str, Any]]:
        """Yield and count a page's records; say so when a row has no id to be known by."""
        records = list(self.emit(page.rows))
        yield from records
        self.line.rows += len(records)
        if page.without_id:
            self.logger.warning(
                "%s: %d rows without a usable id were left out.", self.name, page.without_id
            )

    def save(self) -> None:
        """Write STATE: all records before it are in the buffer already."""
        self.tap.save_state()

    def _write_state_message(self) -> None:
        """Write STATE as :meth:`save` does; the SDK's own way would leave the fan-out out."""
        self.save()

    def window(self) -> Window | None:
        """Return the window left open, or else from bookmark (or ``start_date``) to run's end.

        None, with a line in the report, when there is nothing to read yet.
        """
        run = self.run
        left, reached = self.bookmark.window, self.reached
        latest = reached if left is None else left.end
        if latest is not None and latest > run.end and not run.ends_early:
            self.logger.warning(
                "%s: Pardot's clock is behind the bookmark %s; the stream waits for a later run.",
                self.name,
                instant_text(latest),
            )
            self.line.done(f"nothing to read before {instant_text(run.end)}")
            return None
        # The run that wrote STATE may have had another time zone, with other repeated hours.
        if left is not None:
            return left._replace(start=safe_edge(left.start, run.zone))
        start = run.start
        if reached is not None:
            back = timedelta() if self.bookmark.moved else self.tap.step_back
            start = safe_edge(reached - back, run.zone)
        if start >= run.end:
            self.line.done(f"nothing to read before {instant_text(run.end)}")
            return None
        return Window(start, run.end)

    def finish(self, reached: str, value: Any = None, until: datetime | None = None) -> None:
        """Close the open window, write STATE and tell how far the stream is."""
        self.bookmark.close(self.replication_key, value, until)
        self.save()
        self.line.done(reached)

    def _warn_of_misfits(self) -> None:
        if "decoder" not in self.__dict__:
            return
        for column, number in sorted(self.decoder.misfits.items()):
            self.logger.warning(
                "%s.%s: %d value%s did not fit the column's type and became null.",
                self.name,
                column,
                number,
                "" if number == 1 else "s",
            )


class RecordStream(PardotStream):
    """One record, read by itself, each time."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the record."""
        record = self.run.client.read(self.name, (self.pardot_object, "read"), self.pardot_object)
        yield self.decoder(record)
        self.line.rows += 1
        self.finish("all rows")

    def probe(self) -> str:
        """Read the record, which tells which one it is."""
        record = self.run.client.read(self.name, (self.pardot_object, "read"), self.pardot_object)
        return f": id {record.get('id')}"


class QueryStream(PardotStream):
    """Pages of a query, by id."""

    output: ClassVar[str | None] = None
    """The ``output`` parameter, where another than the default serves better (reference A.5)."""

    widest: timedelta | None = None
    """The longest window that Pardot has time for, once a longer one has failed."""

    page_size = PAGE_SIZE
    """Rows of a page; fewer, once Pardot had no time for as many where no window is."""

    def read_by_id(self, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the records after the cursor; STATE after each page."""
        yield from self._read_on(self.pages(params, self.bookmark.cursor))

    def read_window(self, window: Window, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield the records of the open window after its cursor; STATE after each page.

        Raises:
            TooMuch: Pardot runs out of time, and the window can be halved.
        """
        yield from self._read_on(self.pages(params, self.bookmark.cursor, window))

    def _read_on(self, pages: Iterator[query.Page]) -> Iterator[dict[str, Any]]:
        for page in pages:
            yield from self.emit_page(page)
            self.bookmark.advance(page.cursor)
            self.save()

    def pages(
        self, params: Mapping[str, str], cursor: int = 0, window: Window | None = None
    ) -> Iterator[query.Page]:
        """Yield the pages after a cursor, smaller ones where Pardot runs out of time.

        Args:
            params: What to ask.
            cursor: Rows with ids up to this one are left out.
            window: The window in the parameters, where a shorter one can be asked for.

        Raises:
            TooMuch: Pardot runs out of time, and the window can be halved.
        """
        shorter = window is not None and half_of(window, self.run.zone) is not None
        while True:
            narrows = shorter or self.page_size > 1
            asked = self.with_output(params)
            try:
                for page in query.by_id(
                    self.source, asked, cursor, self.page_size, narrows=narrows
                ):
                    yield page
                    cursor = max(cursor, page.cursor)
            except TooMuch as error:
                if shorter:
                    raise
                self.page_size //= 2
                self.logger.warning("%s: %s Rows of a page: %d.", self.name, error, self.page_size)
            else:
                return

    def halved(self, window: Window, error: TooMuch) -> Window:
        """Return the first half of a window, and remember how long it is."""
        half = half_of(window, self.run.zone) or window
        self.widest = half.end - half.start
        self.logger.warning("%s: %s Windows of %s from now on.", self.name, error, self.widest)
        return half

    def begin_window(self, window: Window, cursor: int | None = None) -> Window:
        """Return the open window; of a new one, as much as Pardot has time for is opened."""
        if self.bookmark.window is None:
            window = self.fitting(window)
            self.bookmark.open(window, cursor)
        return window

    def fitting(self, window: Window) -> Window:
        """Return as much of a window as Pardot has time for."""
        return window if self.widest is None else limited(window, self.widest, self.run.zone)

    def read_whole(self, params: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Yield all rows, on from where an interrupted run was; FULL_TABLE."""
        if not self.bookmark.is_whole:
            self.bookmark.open(None)
        yield from self.read_by_id(params)
        self.finish("all rows")

    def with_output(self, params: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters with ``output``, where the stream has one."""
        return {**params, **({} if self.output is None else {"output": self.output})}


class WindowStream(QueryStream):
    """A query with an ``updated`` filter: windows [bookmark, run's end).

    FULL_TABLE reads everything instead, each time.
    """

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the window that an interrupted run left open, then the one up to now."""
        if not self.incremental:
            yield from self.read_whole({})
            return
        zone, bookmark = self.run.zone, self.bookmark
        while window := self.window():
            window = self.begin_window(window)
            bounds = {"updated_after": window.after(zone), "updated_before": window.before(zone)}
            try:
                yield from self.read_window(window, bounds)
            except TooMuch as error:
                bookmark.open(self.halved(window, error), bookmark.cursor)
                continue
            self.finish(f"up to {instant_text(window.end)}", instant_text(window.end))
            if window.end >= self.run.end:
                return


class WholeStream(QueryStream):
    """A query without an ``updated`` filter: everything, each time.

    Where rows tell when they changed, INCREMENTAL emits only those that have.
    """

    created_filter: ClassVar[bool] = True
    """Whether the object knows ``created_before`` (reference C.0)."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield all rows, or those that changed since the bookmark."""
        bounds: dict[str, str] = {}
        if self.run.ends_early and self.created_filter:
            bounds["created_before"] = wall_text(self.run.end, self.run.zone)
        if not self.incremental:
            yield from self.read_whole(bounds)
            return
        window = self.window()
        if window is None:
            return
        if self.bookmark.window is None:
            self.bookmark.open(window)
        yield from self.read_by_id(bounds)
        self.finish(f"up to {instant_text(window.end)}", instant_text(window.end))

    def emit(self, rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the records that the replication method asks for."""
        records = super().emit(rows)
        key, window = self.replication_key, self.bookmark.window
        if not self.incremental or key is None or window is None:
            return records
        start = instant_text(window.start)
        # Fixed-width UTC texts compare like instants; a row without a time is always sent.
        return (record for record in records if (record.get(key) or start) >= start)


class IdStream(QueryStream):
    """A query of rows that never change: on from the last id.

    The run's end bounds the window, so a row that is being written while a younger id is read
    already cannot be passed over. Ids are given when a row is made, and ``created_at`` may
    differ from that order: rows created since the last window but with an older id (dated into
    the future, or written late) are asked for by themselves, which is one call when there are
    none.
    """

    bookmark_is_id = True

    @property
    def reached(self) -> datetime | None:
        """The end of the last finished window; the bookmark itself is an id."""
        return self.bookmark.until

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the window that an interrupted run left open, then the one up to now."""
        bookmark, zone = self.bookmark, self.run.zone
        if not self.incremental:
            yield from self.read_whole({"created_before": wall_text(self.run.end, zone)})
            return
        while window := self.window():
            last = int(bookmark.value or 0)
            bounds: dict[str, str] = {}
            goes_on = bookmark.until is not None and last > 0
            if not goes_on:
                bounds["created_after"] = window.after(zone)
            try:
                if bookmark.window is None and goes_on:
                    window = self.fitting(window)
                    yield from self.read_older_ids(window, last)
                window = self.begin_window(window, last or None)
                bounds["created_before"] = window.before(zone)
                yield from self.read_window(window, bounds)
            except TooMuch as error:
                half = self.halved(window, error)
                if bookmark.window is not None:
                    bookmark.open(half, bookmark.cursor)
                continue
            last = max(last, bookmark.cursor)
            self.finish(f"up to id {last}", last, window.end)
            if window.end >= self.run.end:
                return

    def read_older_ids(self, window: Window, last: int) -> Iterator[dict[str, Any]]:
        """Yield the rows created in a window whose ids are not after the last one."""
        zone = self.run.zone
        bounds = {"created_after": window.after(zone), "created_before": window.before(zone)}
        for page in self.pages(bounds, window=window):
            rows = [row for row in page.rows if query.row_id(row) <= last]
            yield from self.emit_page(page._replace(rows=rows))
            if page.cursor > last:
                return


class OffsetStream(PardotStream):
    """A query without an id filter: by offset, with no upper bound.

    With an upper bound, a row that changes meanwhile would leave the range and shift the
    others out of sight; without one, rows can only enter it, and those are read again by the
    next window.
    """

    page_size: ClassVar[int]

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows changed since the bookmark."""
        params: dict[str, str] = {}
        reached, value = "all rows", None
        if self.incremental:
            window = self.window()
            if window is None:
                return
            params["updated_after"] = window.after(self.run.zone)
            value = instant_text(window.end)
            reached = f"up to {value}"
        for page in query.by_offset(self.source, params, self.page_size):
            yield from self.emit_page(page)
        self.finish(reached, value)
