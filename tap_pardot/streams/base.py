"""The base classes of streams: where rows come from, and how the bookmark moves.

A stream is a declaration; everything it does is here, or in :mod:`~tap_pardot.streams.queries`
and the other modules of base classes. Which class it inherits says where its rows come from.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_pardot.errors import (
    ConfigurationError,
    Outage,
    RunStopped,
    TapPardotError,
)
from tap_pardot.records.column_types import (
    Mismatch,
    conversions,
    converted,
    declared_kind,
    with_nulls,
)
from tap_pardot.records.decoder import Decoder, kind_of
from tap_pardot.records.times import (
    Window,
    parse_instant,
    to_iso,
    unambiguous_edge,
)
from tap_pardot.records.values import to_timestamp
from tap_pardot.sdk.records import DirectRecordStream
from tap_pardot.sources import legacy_query as query
from tap_pardot.state.bookmark import Bookmark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk.singerlib import Catalog, MetadataMapping

    from tap_pardot.sync.context import Run
    from tap_pardot.sync.report import StreamResult
    from tap_pardot.tap import TapPardot

INCREMENTAL = "INCREMENTAL"
FULL_TABLE = "FULL_TABLE"


class PardotStream(DirectRecordStream):
    """What all streams share: selection, decoding, STATE, and that one failure stays one."""

    pardot_object: ClassVar[str]
    """The object's name in the URL, and in the answer."""

    primary_keys: Sequence[str] = ("id",)

    api_names: Mapping[str, Sequence[str]] = {}
    """By column, the API's names where they differ: see ``records.decoder.Decoder``."""

    bookmark_is_id: ClassVar[bool] = False

    filters_without_key: ClassVar[bool] = False
    """Whether Pardot filters by a time of change that is not in the rows."""

    ignored_replication = ""
    """What the catalog says of the replication that this stream does not offer."""

    handed: tuple[str, ...] = ()
    """Columns that children are handed, whether they are emitted or not."""

    def __init__(self, tap: TapPardot) -> None:
        super().__init__(tap)
        self.tap = tap
        self.declared_key = self.replication_key

    # --- what the catalog says ---

    @property
    def valid_replication_keys(self) -> tuple[str, ...]:
        """The columns by which this stream can be INCREMENTAL."""
        return () if self.declared_key is None else (self.declared_key,)

    @property
    def metadata(self) -> MetadataMapping:
        """The catalog's metadata, or the standard one with all valid replication keys."""
        fresh = self._metadata is None
        metadata = super().metadata
        if fresh and self._tap_input_catalog is None and self.valid_replication_keys:
            metadata.root.valid_replication_keys = [*self.valid_replication_keys]
        return metadata

    @property
    def selected(self) -> bool:
        """Whether the catalog selects the stream, and stream maps do not drop it."""
        return super().selected and not self.tap.maps.drops(self.name)

    @selected.setter
    def selected(self, value: bool | None) -> None:
        self.metadata.root.selected = value
        self._mask = self.metadata.resolve_selection()

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take selection, column types and replication method; keys stay the declared ones.

        Primary keys must be columns: every target refuses others. A replication key or a method
        that the stream does not offer counts as not given and is kept in
        :attr:`ignored_replication`. Rows would be lost by another key than the declared ones.
        """
        super().apply_catalog(catalog)
        if not self._are_columns(self.primary_keys):
            self.primary_keys = type(self).primary_keys
        named_key, method = self.replication_key, self.forced_replication_method
        self.replication_key, self.forced_replication_method = self.declared_key, None
        valid = self.valid_replication_keys
        ignored = []
        if named_key and named_key not in valid:  # Meltano writes null as {}
            ignored.append(f"replication key {named_key}")
        if method == FULL_TABLE:
            self.forced_replication_method = FULL_TABLE
        elif method == INCREMENTAL and (valid or self.filters_without_key):
            self.forced_replication_method = INCREMENTAL
        elif method is not None:
            ignored.append(f"replication method {method}")
        if named_key in valid or self.replication_method == INCREMENTAL:
            # Some catalogs name the method only, others only the key.
            self.replication_key = valid[0] if valid else None
        self.ignored_replication = " and ".join(ignored)

    def _are_columns(self, keys: Any) -> bool:
        """Whether these are names of columns, one or more."""
        known = self.schema["properties"].keys() & self.effective_schema["properties"]
        return (
            isinstance(keys, list)
            and bool(keys)
            and all(isinstance(key, str) and key in known for key in keys)
        )

    @property
    def valid_replication(self) -> str:
        """What a catalog may say of the replication, for the user."""
        keys = f" by {' or '.join(self.valid_replication_keys)}"
        if self.valid_replication_keys or self.filters_without_key:
            return f"INCREMENTAL{keys if self.valid_replication_keys else ''}, FULL_TABLE"
        return "FULL_TABLE"

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
    def emitted_schema(self) -> dict[str, Any]:
        """The schema of exactly the columns that are emitted."""
        schema: dict[str, Any] = self.effective_schema
        own, catalog = self.schema["properties"], schema["properties"]
        columns = {name: with_nulls(own[name], catalog[name]) for name in self.columns}
        schema = {**schema, "properties": columns}
        if "required" in schema:  # it may name columns that are not selected
            schema["required"] = [n for n in self.schema.get("required", ()) if n in columns]
        return schema

    @property
    def decoded_columns(self) -> list[str]:
        """The columns to read: those to emit, and what children need of each record."""
        return [*self.columns, *(name for name in self.handed if name not in self.columns)]

    @cached_property
    def decoder(self) -> Decoder:
        """The compiled decoder of the run, by the stream's own declaration."""
        own: dict[str, Any] = self.schema["properties"]
        return Decoder(
            {**self.schema, "properties": {name: own[name] for name in self.decoded_columns} | own},
            to_timestamp(self.run.zone),
            self.decoded_columns,
            self.api_names,
            lambda key: self.logger.debug("%s: unknown key %r in an answer", self.name, key),
            texts=self._text_columns,
        )

    @property
    def _text_columns(self) -> frozenset[str]:
        """The scalar columns that the catalog makes text of, but for those the tap itself needs."""
        needed = {*self.primary_keys, *self.handed, "created_at", "updated_at"}
        own, catalog = self.schema["properties"], self.effective_schema["properties"]
        return frozenset(
            name
            for name in self.columns
            if name not in needed
            and (kind := kind_of(own[name])) not in {"string", "array", "object", ""}
            and declared_kind(catalog[name], kind) == "string"
        )

    def check_columns(self) -> None:
        """Compare the catalog's column types with the declared ones.

        Raises:
            ConfigurationError: A column cannot be emitted as the catalog declares it.
        """
        self._conversions_by(str, Counter())

    @cached_property
    def _conversions(self) -> dict[str, Callable[[Any], Any]]:
        """By column that the catalog retypes, what makes the emitted value."""
        return self._conversions_by(to_timestamp(self.run.zone), self.decoder.conversion_errors)

    def _conversions_by(
        self, timestamp: Callable[[Any], Any], conversion_errors: Counter[str]
    ) -> dict[str, Callable[[Any], Any]]:
        own, catalog = self.schema["properties"], self.effective_schema["properties"]
        try:
            return conversions(own, catalog, self.columns, timestamp, conversion_errors)
        except Mismatch as mismatch:
            raise ConfigurationError(
                f"The catalog's types of stream {self.name} cannot be emitted: {mismatch}. Take "
                "the column's type out of the catalog (Meltano: the schema extra), or discover "
                "the catalog anew."
            ) from None

    # --- the run ---

    @property
    def line(self) -> StreamResult:
        """This stream's line of the report."""
        return self.tap.report.line(self.name)

    def ended(self, error: TapPardotError) -> None:
        """Report why this stream ended early."""
        self.tap.report.record_error(self.name, error)

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
            records = self.tap.fan_out.passing(self, self.records())
            if self._conversions:
                records = (converted(record, self._conversions) for record in records)
            yield from records
        except TapPardotError as error:
            self.ended(self.classify(error))
        finally:
            self._warn_of_conversion_errors()

    def write(self, record: dict[str, Any]) -> None:
        """Write a record outside of this stream's own turn."""
        super().write(converted(record, self._conversions))

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records of this stream, typed as it declares, and move its bookmark.

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

    def classify(self, error: TapPardotError) -> TapPardotError:
        """Tell an outage of this stream's own from one of all of Pardot by one other call."""
        if not isinstance(error, Outage):
            return error
        if self.run.is_isolated(error):
            return error.as_stream_failure()
        return RunStopped(
            f"Pardot could not be reached for about 10 minutes: {error.message} Run again later, "
            "nothing is lost.",
            error.code,
        )

    # --- for the sources below ---

    @property
    def reached(self) -> datetime | None:
        """The instant before which everything is out, or None at the first run."""
        kept = self.bookmark.value
        return None if kept is None else parse_instant(kept)

    @property
    def reached_text(self) -> str | None:
        """:attr:`reached` in UTC; None also where everything is read each time."""
        reached = self.reached if self.incremental else None
        return None if reached is None else to_iso(reached)

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
                to_iso(latest),
            )
            self.line.done(f"nothing to read before {to_iso(run.end)}")
            return None
        # The run that wrote STATE may have had another time zone, with other repeated hours.
        if left is not None:
            return left._replace(start=unambiguous_edge(left.start, run.zone))
        start = run.start
        if reached is not None:
            back = timedelta() if self.bookmark.moved else self.tap.lookback
            start = unambiguous_edge(reached - back, run.zone)
        if start >= run.end:
            self.line.done(f"nothing to read before {to_iso(run.end)}")
            return None
        return Window(start, run.end)

    def finish(self, reached: str, value: Any = None, until: datetime | None = None) -> None:
        """Close the open window, write STATE and tell how far the stream is."""
        self.bookmark.close(self.replication_key, value, until)
        self.save()
        self.line.done(reached)

    def _warn_of_conversion_errors(self) -> None:
        if "decoder" not in self.__dict__:
            return
        for column, number in sorted(self.decoder.conversion_errors.items()):
            self.logger.warning(
                "%s.%s: %d value%s did not fit the column's type and became null.",
                self.name,
                column,
                number,
                "" if number == 1 else "s",
            )
        for column, number in sorted(self.decoder.repaired.items()):
            self.logger.warning(
                "%s.%s: %d value%s changed: NUL characters were removed, because PostgreSQL "
                "refuses them, and what is not UTF-8 became U+FFFD.",
                self.name,
                column,
                number,
                " was" if number == 1 else "s were",
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
