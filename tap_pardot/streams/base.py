"""The base classes of streams: where rows come from, and how the bookmark moves.

A stream is a declaration; everything it does is here, or in :mod:`~tap_pardot.streams.queries`
and the other modules of base classes. Which class it inherits says where its rows come from.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_pardot import query
from tap_pardot.decode import Decoder, to_timestamp
from tap_pardot.errors import (
    Outage,
    RunStopped,
    TapPardotError,
)
from tap_pardot.messages import FastRecords
from tap_pardot.state import Bookmark
from tap_pardot.windows import (
    Window,
    instant_text,
    parse_instant,
    safe_edge,
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
        if self.run.is_of_its_own(error):
            return error.of_a_stream()
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
