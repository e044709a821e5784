"""A stream whose records go straight to the writer.

The SDK copies, checks and flushes each record. The decoder has done that work already, so a record
can go straight into the writer's buffer. Records take the SDK's own path when a stream map,
flattening or ACTIVATE_VERSION needs it.

These private hooks of the SDK are overridden here and nowhere else: ``_write_record_message``,
``_write_schema_message``, ``_generate_schema_messages``, ``_increment_stream_state``,
``_sync_records``.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.streams import Stream

from tap_pardot.errors import StreamFailed, TapPardotError
from tap_pardot.records.block import records_of, size_of
from tap_pardot.sdk.writer import BufferedWriter

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from singer_sdk import Tap, metrics
    from singer_sdk.singerlib import SchemaMessage

    from tap_pardot.records.block import Block


class DirectRecordStream(Stream):
    """A stream whose records are final when they leave ``get_records``.

    They must hold exactly the selected columns, typed and JSON-ready.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: Tap, schema: Any = None, name: str | None = None) -> None:
        super().__init__(tap, schema, name)
        self.schema_written = False
        """Whether SCHEMA was written."""

    @property
    def emitted_schema(self) -> dict[str, Any]:
        """The schema of exactly the columns that are emitted."""
        return self.effective_schema

    @property
    def knows_fields(self) -> bool:
        """Whether all columns that the stream may have are known."""
        return True

    def generate_child_contexts(
        self, record: dict[str, Any], context: Mapping[str, Any] | None
    ) -> Iterable[Mapping[str, Any] | None]:
        """Return no contexts for a stream without children; the SDK would copy each record."""
        return super().generate_child_contexts(record, context) if self.child_streams else ()

    @abstractmethod
    def get_blocks(self) -> Iterator[Block]:
        """Yield the records of :meth:`get_records` in blocks."""

    def write_block(self, block: Block) -> None:
        """Write records during another stream's turn, with SCHEMA before the first one."""
        self._write_schema_message()
        self._write_records(block)
        self._counter.increment(size_of(block))

    @cached_property
    def _counter(self) -> metrics.Counter:
        return super().get_record_counter()

    def get_record_counter(self, **_: Any) -> metrics.Counter:
        """Return one counter for the run: a child's records are written in other turns too."""
        return self._counter

    def close_counter(self) -> None:
        """Log the count of records if the stream's own turn, which logs it, never came."""
        if self._counter.value:
            self._counter.exit()

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log a message, but not the SDK's line about an error, which the report repeats."""
        if not message.startswith("An unhandled error"):
            super().log(message, *args, level=level, **kwargs)

    def _generate_schema_messages(self) -> Generator[SchemaMessage, None, None]:
        """Yield SCHEMA messages that name no bookmark column which a map has renamed."""
        for message in super()._generate_schema_messages():
            columns, keys = message.schema["properties"], message.bookmark_properties or []
            message.bookmark_properties = [key for key in keys if key in columns] or None
            yield message

    def before_schema(self) -> None:
        """Prepare what SCHEMA depends on; called just before it is written."""

    def _write_schema_message(self) -> None:
        """Write SCHEMA once, at the stream's own turn or before its first record."""
        if not self.schema_written:
            self.before_schema()
            self.schema_written = True
            super()._write_schema_message()

    def _increment_stream_state(
        self, latest_record: dict[str, Any], *, context: Mapping[str, Any] | None = None
    ) -> None:
        """Do nothing: windows move the bookmark, not the largest value of a record."""

    @cached_property
    def _can_write_directly(self) -> bool:
        """Whether nothing changes the records; evaluated at the first record."""
        first, *further = self.stream_maps
        return (
            not further
            and type(first) is SameRecordTransform
            and not first.flattening_enabled
            and self._stream_version is None
            and isinstance(self._tap.message_writer, BufferedWriter)
        )

    def _sync_records(
        self, context: Mapping[str, Any] | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], Any, Any]:
        """Write the stream's records in blocks if nothing changes them, else as the SDK does."""
        if not (write_messages and self.selected and self._can_write_directly):
            yield from super()._sync_records(context, write_messages=write_messages)
            return
        with self.get_record_counter() as counter, self.get_sync_timer():
            self._write_starting_replication_value(None)
            for block in self.get_blocks():
                self._write_directly(block)
                counter.increment(size_of(block))
        self._finalize_state(self.stream_state)
        self._write_state_message()

    def _write_records(self, block: Block) -> None:
        if self._can_write_directly:
            self._write_directly(block)
        else:
            for record in records_of(block):
                self._write_record_message(record)

    def _write_directly(self, block: Block) -> None:
        cast("BufferedWriter", self._tap.message_writer).append_records(self.name, block)
        self.state_manager.is_flushed = False

    def _write_record_message(self, record: dict[str, Any]) -> None:
        """Write a record as the SDK does.

        Raises:
            StreamFailed: Stream maps or flattening turn it into a record that cannot be written.
        """
        try:
            super()._write_record_message(record)
        except (OSError, TapPardotError):
            raise
        except Exception as error:  # noqa: BLE001 - the text of the error may hold data
            raise StreamFailed(
                f"A record of {self.name} cannot be written ({type(error).__name__}) as "
                "stream_maps or flattening_enabled change it: correct these settings."
            ) from None
