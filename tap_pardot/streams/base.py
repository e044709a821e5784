"""The base class of all streams: what the catalog says, and one reading per run.

A stream declares what it is: its columns, its keys, and one line per dialect of the API that
says how it is read (``v4 = Query("list")``). Source objects do the reading.
"""

from __future__ import annotations

import logging
from collections import Counter
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_pardot.errors import Outage, StreamFailed, StreamSkipped
from tap_pardot.records.block import records_of
from tap_pardot.records.column_types import converted_block
from tap_pardot.records.values import Timestamp
from tap_pardot.sdk.records import DirectRecordStream
from tap_pardot.state.bookmark import Bookmark
from tap_pardot.streams.account_columns import CustomColumns, adopt_catalog
from tap_pardot.streams.assembly import new_reading
from tap_pardot.streams.crossing import go_on_by_version_5, unread_first
from tap_pardot.streams.declaration import Declaration
from tap_pardot.streams.emitted import conversions_of, emitted_schema, selected_columns
from tap_pardot.streams.endpoints import (
    endpoint_for,
    is_bulk,
    is_child,
    is_exported,
    parents_of,
    reached_text,
)
from tap_pardot.streams.observer import observed
from tap_pardot.streams.off import complete_metadata, has_keys, off_columns
from tap_pardot.streams.replication import (
    INCREMENTAL,
    adopt_replication,
    replication_in_catalog,
    valid_replication,
)
from tap_pardot.streams.variants import V5, columns_of_both, declared_columns, variants_of
from tap_pardot.streams.ways import (
    attempt,
    choose,
    fix_dialect,
    lacked_columns,
    late_failure,
    log_way,
)
from tap_pardot.sync.runnable import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.singerlib import Catalog, MetadataMapping

    from tap_pardot.api.dialect import Endpoint
    from tap_pardot.records.block import Block
    from tap_pardot.streams.hooks import TapHooks
    from tap_pardot.streams.observer import Observer
    from tap_pardot.streams.variants import Variant
    from tap_pardot.sync.reading import Reading

    Record = dict[str, Any]

_BEGINNING = "Beginning sync of"


class PardotStream(Declaration, DirectRecordStream):
    """A stream of Pardot's objects.

    Args:
        tap: The tap.
        hooks: What the stream needs of the tap.
        custom: The account's own columns, for a stream that has some.
        is_dropped: Whether the setting ``stream_maps`` drops the stream.
    """

    name: str = ""

    primary_keys: Sequence[str] = ("id",)

    api_names: Mapping[str, Sequence[str]] = {}
    """By column, the API's names where they differ: see ``records.decoder.Decoder``."""

    computed: ClassVar[frozenset[str]] = frozenset({"is_deleted"})
    """Columns that Pardot does not send."""

    off_by_default: ClassVar[Sequence[str]] = ()
    """Columns that are off under all versions until the setting ``include`` names them."""

    off: frozenset[str] = frozenset()
    """Columns that are off in this run: the standard catalog does not offer them."""

    custom_fields: ClassVar[bool] = False
    """Whether the account defines columns of its own."""

    ignores_start_date: ClassVar[bool] = False
    """Whether a reading of everything begins with the oldest rows, whatever the settings say."""

    refused: frozenset[str] = frozenset()
    """Columns that Pardot has refused before SCHEMA was written."""

    ignored_replication = ""
    """The catalog's replication settings that are ignored; empty if there are none."""

    def __init__(
        self,
        tap: Tap,
        *,
        hooks: TapHooks,
        custom: CustomColumns | None = None,
        is_dropped: bool = False,
    ) -> None:
        super().__init__(tap)
        self._hooks = hooks
        self._is_dropped = is_dropped
        self.custom = custom
        self.variants = variants_of(self, custom)
        columns = declared_columns(self)
        self.off = off_columns(self, hooks.include, reads_version_5=hooks.reads_version_5)
        if hooks.reads_version_5:
            columns = columns_of_both(type(self))
        else:
            self.variants.pop(V5, None)
        own = {} if custom is None else custom.columns
        # The class declares the standard columns, where the SDK has a property.
        vars(self)["schema"] = {**self.schema, "properties": {**columns, **own}}
        self.failure: Exception | None = None if custom is None else custom.failure
        self._observer: Observer | None = None
        self._catalog_replication: tuple[str | None, str | None] = (None, None)
        self._choose_way(self.schema["properties"].keys() - self.off)

    # --- what the catalog says ---

    @property
    @override
    def metadata(self) -> MetadataMapping:
        """The catalog's metadata, or the standard one with all valid replication keys."""
        is_first_access = self._metadata is None
        metadata = super().metadata
        if is_first_access and self._tap_input_catalog is None:
            complete_metadata(self, metadata, self._hooks.include)
        return metadata

    @property
    @override
    def selected(self) -> bool:
        """Whether the catalog selects the stream, and stream maps do not drop it."""
        return super().selected and not self._is_dropped

    @selected.setter
    def selected(self, value: bool | None) -> None:
        self.metadata.root.selected = value
        self._mask = self.metadata.resolve_selection()

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        """Take selection, column types and replication method; keys stay the declared ones.

        Primary keys must be columns: every target refuses others. Ignored replication settings
        are in :attr:`ignored_replication`.
        """
        super().apply_catalog(catalog)
        if not has_keys(self):
            self.primary_keys = type(self).primary_keys
        if self.custom is not None and self._input_schema is not None:
            self._input_schema = adopt_catalog(self, self.custom, self._input_schema)
        named = self.replication_key, self.forced_replication_method
        self._catalog_replication = replication_in_catalog(self, *named)
        self._choose_way(self.selected_columns)

    def _choose_way(self, columns: Collection[str]) -> None:
        """Read the stream by the dialect that has the selected columns."""
        variant = choose(self, columns)
        self.use(variant, endpoint_for(self, variant, columns))

    def use(self, variant: Variant, endpoint: Endpoint) -> None:
        """Read the stream this way from now on; SCHEMA is not written yet."""
        self.variant, self.endpoint = variant, endpoint
        self.declared_key = variant.replication_key
        self.ignored_replication = adopt_replication(self, *self._catalog_replication)
        self._reading: Reading | None = None
        self._blocks: Iterator[Block] | None = None
        vars(self).pop("_conversions", None)

    @property
    def valid_replication(self) -> str:
        """What a catalog may say of the replication, for the user."""
        return valid_replication(self)

    @property
    @override
    def knows_fields(self) -> bool:
        """Whether all columns that the stream may have are known."""
        return self.custom is None or self.custom.are_known

    @property
    def incremental(self) -> bool:
        """Whether the catalog wants only what is new."""
        return self.replication_method == INCREMENTAL

    @override
    def get_replication_key_signpost(self, context: Mapping[str, Any] | None = None) -> None:
        """Return None: windows end before now, so no bookmark can run ahead."""

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """Return the bookmark: a later ``start_date`` must not skip what was not read."""
        return value

    # --- columns ---

    @property
    def selected_columns(self) -> list[str]:
        """The selected columns and the keys, in the schema's order."""
        return selected_columns(self)

    @property
    def columns(self) -> list[str]:
        """The columns to emit: the selected ones that the source has.

        A column of nulls would overwrite what another source has brought before.
        """
        lacks = lacked_columns(self)
        return [name for name in self.selected_columns if name not in lacks]

    @property
    @override
    def emitted_schema(self) -> dict[str, Any]:
        """The schema of exactly the columns that are emitted."""
        return emitted_schema(self)

    def check_columns(self) -> None:
        """Compare the catalog's column types with the declared ones.

        Raises:
            ConfigurationError: A column cannot be emitted as the catalog declares it.
        """
        conversions_of(self, str, Counter())

    # --- the run ---

    def observe(self, observer: Observer) -> None:
        """Pass this stream's records to an observer, too; before the reading starts."""
        self._observer = observer

    def set_reading(self, reading: Reading) -> None:
        """Use this reading instead of building one; called before the stream starts."""
        self._reading = reading

    def start(self) -> Reading:
        """Return this run's reading; the first call builds it and fixes source and columns."""
        if self._reading is None and is_child(self):
            self._hooks.start_children()
        if self._reading is None:
            sync = self._hooks.open_sync()
            log_way(self, sync)
            go_on_by_version_5(self, sync)
            needed = () if self._observer is None else self._observer.columns
            self._reading = new_reading(
                self,
                sync,
                columns=[*dict.fromkeys((*self.columns, *needed))],
                bookmark=self.bookmark,
                result=sync.report.result_of(self.name),
                needed=needed,
            )
        return self._reading

    @property
    def turn(self) -> Turn:
        """When in a run the stream is read."""
        if is_child(self):
            return Turn.CHILD
        return Turn.EXPORT if is_bulk(self) else Turn.QUERY

    def fix_dialect(self) -> None:
        """Find out which dialect reads the stream, where its place in the run depends on it.

        Raises:
            TapPardotError: No dialect can read it.
        """
        if self._hooks.reads_version_5:
            fix_dialect(self, self._hooks)

    def submit(self) -> None:
        """Create export jobs, before anything is read; errors as of the source."""
        if is_exported(self):
            attempt(self, self._hooks, lambda reading: reading.source.submit())

    def settle(self) -> None:
        """Fix source and columns. By version 5 the first page is read for that, once.

        Raises:
            TapPardotError: No dialect can read the stream.
        """
        if self._blocks is not None:
            return
        attempt(self, self._hooks, lambda reading: reading.source.prepare())
        if self.variant.dialect == V5 and not is_child(self):
            attempt(self, self._hooks, self._read_first_page)

    def _read_first_page(self, reading: Reading) -> None:
        blocks = reading.blocks()
        first = next(blocks, None)
        self._blocks = blocks if first is None else chain((first,), blocks)
        self._hooks.open_sync().version_5.note_answered()
        self.refused = reading.refused_columns()

    @cached_property
    def bookmark(self) -> Bookmark:
        """This stream's part of STATE."""
        return Bookmark(self.stream_state)

    @override
    def before_schema(self) -> None:
        """Start the reading: it fixes the columns that SCHEMA names."""
        if self.failure is None:
            self.settle()
            if self._hooks.reads_version_5:  # the dialect may have changed, and with it the columns
                self._hooks.renew_maps(self)

    @override
    def get_records(self, context: Mapping[str, Any] | None) -> Iterator[Record]:
        """Yield the records of :meth:`get_blocks`, one by one; errors as of that."""
        for block in self.get_blocks():
            yield from records_of(block)

    @override
    def get_blocks(self) -> Iterator[Block]:
        """Yield the records as the catalog declares them.

        Raises:
            TapPardotError: The stream ended early; the bookmark covers what was yielded.
        """
        if self.failure is not None:
            raise self.failure
        reading = self.start()
        own = self._blocks or reading.blocks()
        blocks = unread_first(self, self._hooks.open_sync(), own)
        if self._observer is not None:
            blocks = observed(blocks, self._observer, self.columns)
        try:
            for block in blocks:
                for name in self.refused:
                    block.pop(name, None)
                yield converted_block(block, self._conversions)
        except (StreamFailed, StreamSkipped, Outage) as error:
            raise late_failure(self, self._hooks.open_sync(), error) from error
        else:
            self.bookmark.note_failure_of_version_5(failed=False)
        finally:
            reading.log_conversion_errors()

    @override
    def write_block(self, block: Block) -> None:
        """Write records while another stream is being read."""
        super().write_block(converted_block(block, self._conversions))

    @cached_property
    def _conversions(self) -> dict[str, Callable[[Any], Any]]:
        """The converters of the columns that the catalog retypes, by column."""
        reading = self.start()
        timestamp = Timestamp(self._hooks.open_sync().zone)
        return conversions_of(self, timestamp, reading.decoder.conversion_errors)

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log; where the SDK announces the replication method of a child, name its parents."""
        if is_child(self) and message.startswith(_BEGINNING):
            message = f"{_BEGINNING} '%s' through %s"
            args = (self.name, ", ".join(parents_of(self)))
        super().log(message, *args, level=level, **kwargs)

    @override
    def _write_state_message(self) -> None:
        """Write STATE; the SDK's own way would leave out what is not stored in it yet."""
        self._hooks.open_sync().write_state()

    @property
    def reached_text(self) -> str | None:
        """The instant before which all rows are written; None where all are read each time.

        For a stream that is read through others: the run's end, if all ids were read.
        """
        return reached_text(self, self._reading, self._hooks)
