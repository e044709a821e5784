"""The record path: from a decoded record to a line on stdout.

The SDK's own path copies, checks and flushes each record; the decoder has already done that
work, so a record can go straight into a buffer. Four private hooks of the SDK are overridden
here and nowhere else (``_write_record_message``, ``_write_schema_message``,
``_generate_schema_messages``, ``_increment_stream_state``); with
:attr:`DirectRecordStream.fast` set to False, or whenever a stream map, flattening or
ACTIVATE_VERSION needs it, records take the SDK's way.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import sys
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.streams import Stream

from tap_pardot.endings import StdoutLost, signals_held
from tap_pardot.errors import StreamFailed, TapPardotError
from tap_pardot.records.values import json_form

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from typing import TextIO

    from singer_sdk import metrics
    from singer_sdk.singerlib import Message, SchemaMessage

_NO_STDOUT = OSError(errno.EBADF, os.strerror(errno.EBADF))
_BLOCK = 65536  # bytes; the size of a pipe
_RECORDS_PER_STAMP = 256


def _encode_other(value: Any) -> Any:
    """Encode what JSON has no word for: numbers with many digits, dates from a stream map."""
    return value.isoformat() if hasattr(value, "isoformat") else json_form(value)


class BufferedWriter(GenericSingerWriter[bytes, "Message"]):
    """Writes whole lines in blocks, STATE never before its records, whatever signal comes.

    A signal handler may raise anywhere in here except inside :meth:`drain`, which therefore
    is the only place where bytes leave and are forgotten.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._encoder = msgspec.json.Encoder(enc_hook=_encode_other, decimal_format="number")
        self._encode_into = self._encoder.encode_into
        self.ends_in_record = False
        """Whether no STATE followed the last record."""
        self.ends_in_state = False
        """Whether the last message is a STATE."""

    def serialize_message(self, message: Message) -> bytes:
        """Return a message as JSON."""
        return self._encoder.encode(message.to_dict())

    def write_message(self, message: Message) -> None:
        """Write any message; all but records go out at once."""
        self.append(message.to_dict())
        if message.type != "RECORD":
            self.drain()

    def append(self, message: dict[str, Any]) -> None:
        """Add one message to the block."""
        buffer = self._buffer
        if buffer and buffer[-1] != 10:  # noqa: PLR2004 - a signal came before the newline
            buffer += b"\n"
        whole = len(buffer)
        try:
            self._encode_into(message, buffer, -1)
        except Exception:
            del buffer[whole:]
            raise
        buffer += b"\n"
        self.ends_in_state = message["type"] == "STATE"
        if message["type"] != "SCHEMA":
            self.ends_in_record = not self.ends_in_state
        if len(buffer) > _BLOCK:
            self.drain()

    def drain(self) -> None:
        """Write the block to stdout, all of it, with SIGTERM and SIGINT held back meanwhile."""
        with signals_held():
            write_out(bytes(self._buffer))
            self._buffer.clear()


def write_out(data: bytes) -> None:
    """Write to stdout, all of it.

    Raises:
        StdoutLost: It takes no more.
    """
    try:
        _write_all(data)
    except OSError as error:
        raise StdoutLost(error) from None


def _write_all(data: bytes) -> None:
    stdout: TextIO | None = sys.stdout
    if stdout is None:  # so Python tells that it was closed before
        raise _NO_STDOUT
    try:
        handle = stdout.fileno()
    except (AttributeError, OSError):  # stdout is replaced by a text buffer in tests
        stdout.write(data.decode())
        return
    stdout.flush()
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(handle, view) :]
        except BlockingIOError:  # whoever made the pipe wants no call to wait
            select.select((), (handle,), ())


class DirectRecordStream(Stream):
    """A stream whose records are final when they leave ``get_records``.

    They must hold exactly the selected columns, typed and JSON-ready.
    """

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    fast = True
    """Whether records may skip the SDK's per-record work."""

    schema_written = False
    """Whether SCHEMA was written."""

    _stamp = ""
    _stamped = 0

    def generate_child_contexts(
        self, record: dict[str, Any], context: Mapping[str, Any] | None
    ) -> Iterable[Mapping[str, Any] | None]:
        """Return no contexts without children: the default copies each record."""
        return super().generate_child_contexts(record, context) if self.child_streams else ()

    def write(self, record: dict[str, Any]) -> None:
        """Write a record outside of this stream's own turn, its SCHEMA before the first."""
        self._write_schema_message()
        self._write_record_message(record)
        self._counter.increment()

    @cached_property
    def _counter(self) -> metrics.Counter:
        return super().get_record_counter()

    def get_record_counter(self, **_: Any) -> metrics.Counter:
        """Return one counter for the whole run: records come in other streams' turns, too."""
        return self._counter

    def close_counter(self) -> None:
        """Log the records that are counted and not logged yet: the stream's turn never came."""
        if self._counter.value:
            self._counter.exit()

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log; the SDK's line about an error says nothing that the report does not say."""
        if not message.startswith("An unhandled error"):
            super().log(message, *args, level=level, **kwargs)

    def _generate_schema_messages(self) -> Generator[SchemaMessage, None, None]:
        """Yield the SCHEMA messages; a bookmark column that a map renames is not in them."""
        for message in super()._generate_schema_messages():
            columns, keys = message.schema["properties"], message.bookmark_properties or []
            message.bookmark_properties = [key for key in keys if key in columns] or None
            yield message

    def _write_schema_message(self) -> None:
        """Write SCHEMA once, at the stream's turn or at its first record."""
        if not self.schema_written:
            self.schema_written = True
            super()._write_schema_message()

    def _increment_stream_state(
        self, latest_record: dict[str, Any], *, context: Mapping[str, Any] | None = None
    ) -> None:
        """Do nothing: windows move the bookmark, never the largest value seen."""

    @cached_property
    def _plain(self) -> bool:
        """Whether records go out as they are; first asked at the first record."""
        first, *further = self.stream_maps
        return (
            self.fast
            and not further
            and type(first) is SameRecordTransform
            and not first.flattening_enabled
            and self._stream_version is None
        )

    def _write_record_message(self, record: dict[str, Any]) -> None:
        writer = self._tap.message_writer
        if not (self._plain and isinstance(writer, BufferedWriter)):
            self._write_mapped(record)
            return
        if self._stamped % _RECORDS_PER_STAMP == 0:
            self._stamp = datetime.now(UTC).isoformat(timespec="microseconds")
        self._stamped += 1
        writer.append(
            {
                "type": "RECORD",
                "stream": self.name,
                "record": record,
                "time_extracted": self._stamp,
            }
        )
        self.state_manager.is_flushed = False

    def _write_mapped(self, record: dict[str, Any]) -> None:
        """Write a record as the SDK does.

        Raises:
            StreamFailed: Stream maps or flattening make of it what cannot be written.
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
