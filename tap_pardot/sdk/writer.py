"""Writes Singer messages as lines to stdout."""

from __future__ import annotations

import errno
import os
import select
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.helpers._state import StateWriter
from singer_sdk.singerlib.encoding.base import GenericSingerWriter

from tap_pardot.records.block import records_of
from tap_pardot.records.values import json_form
from tap_pardot.signals import signals_blocked

if TYPE_CHECKING:
    from typing import TextIO

    from singer_sdk.helpers.types import TapState
    from singer_sdk.singerlib import Message

    from tap_pardot.records.block import Block

_NO_STDOUT = OSError(errno.EBADF, os.strerror(errno.EBADF))
_BLOCK = 65536  # bytes; the size of a pipe


class StdoutLost(BaseException):
    """Stdout cannot be written. Not an :class:`Exception`: the SDK would log it as unhandled."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error)
        self.errno = error.errno

    def __str__(self) -> str:
        """Return the sentence for the user."""
        if self.errno == errno.EPIPE:
            return "The target closed the pipe: its own last lines say why."
        why = os.strerror(self.errno or errno.EIO)
        if self.errno == errno.EBADF:
            return f"Nothing can be written to stdout ({why}): leave it open, the data goes there."
        return (
            f"Nothing more can be written to stdout ({why}): make that possible, then run again "
            "from the last whole STATE in it."
        )


def _encode_other(value: Any) -> Any:
    """Return what is encoded for a value that JSON has no type for, such as a stream map's date."""
    return value.isoformat() if hasattr(value, "isoformat") else json_form(value)


def _row_type(names: tuple[str, ...]) -> type[msgspec.Struct] | None:
    """Return a struct that is encoded as an object with these keys, faster than a dict.

    None for keys that a struct cannot have, such as one with a quote.
    """
    fields = [f"column_{number}" for number in range(len(names))]
    try:
        return msgspec.defstruct(
            "Row", fields, rename=dict(zip(fields, names, strict=True)), gc=False
        )
    except ValueError:
        return None


class BufferedWriter(GenericSingerWriter[bytes, "Message"]):
    """Writes whole lines in blocks, and STATE after its records, even if a signal interrupts it.

    A signal handler may raise an exception anywhere in this class except inside :meth:`drain`. So
    only that method writes bytes and removes them from the buffer.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._encoder = msgspec.json.Encoder(enc_hook=_encode_other, decimal_format="number")
        self._encode_into = self._encoder.encode_into
        self._row_types: dict[tuple[str, ...], type[msgspec.Struct] | None] = {}
        self.ends_in_record = False
        """Whether no STATE followed the last record."""
        self.ends_in_state = False
        """Whether the last message is a STATE."""

    def serialize_message(self, message: Message) -> bytes:
        """Return a message as JSON."""
        return self._encoder.encode(message.to_dict())

    def write_message(self, message: Message) -> None:
        """Write a message. Records wait for a full block, all others are written at once."""
        self.append(message.to_dict())
        if message.type != "RECORD":
            self.drain()

    def append(self, message: dict[str, Any]) -> None:
        """Add a message to the block."""
        buffer = self._buffer
        self._end_line()
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

    def _end_line(self) -> None:
        """End a line whose newline is missing because a signal came before it."""
        if self._buffer and self._buffer[-1] != 10:  # noqa: PLR2004 - the newline
            self._buffer += b"\n"

    def append_records(self, stream: str, block: Block) -> None:
        """Add RECORD messages, all with the present time; they wait for a full block of bytes.

        Args:
            stream: The stream's name.
            block: The records.
        """
        lines = self._encoder.encode_lines(self._rows(block))
        head = b'{"type":"RECORD","stream":%b,"record":' % self._encoder.encode(stream)
        stamp = datetime.now(UTC).isoformat(timespec="microseconds")
        tail = b',"time_extracted":"%b"}\n' % stamp.encode()
        # JSON has no newline but between two values.
        data = head + lines[:-1].replace(b"\n", tail + head) + tail
        self._end_line()
        self._buffer += data
        self.ends_in_state, self.ends_in_record = False, True
        if len(self._buffer) > _BLOCK:
            self.drain()

    def _rows(self, block: Block) -> list[Any]:
        """Return what is encoded for the records of a block: structs, or dicts."""
        names = tuple(block)
        if names not in self._row_types:
            self._row_types[names] = _row_type(names)
        row_type = self._row_types[names]
        if row_type is None:
            return [*records_of(block)]
        return [*map(row_type, *block.values())]

    def drain(self) -> None:
        """Write the whole block to stdout, with SIGTERM and SIGINT blocked meanwhile."""
        with signals_blocked():
            write_out(bytes(self._buffer))
            self._buffer.clear()


class OrderedStateWriter(StateWriter):
    """Writes STATE if it has changed, or if records were written since the last STATE."""

    def write_state(self, state: TapState, *, is_last: bool = False) -> None:
        """Write STATE, after all records written so far.

        Args:
            state: The STATE.
            is_last: Whether nothing else follows, so that the output must end with this STATE.
        """
        writer = self._message_writer
        if isinstance(writer, BufferedWriter) and (
            writer.ends_in_record or (is_last and not writer.ends_in_state)
        ):
            self._last_emitted_state = None
        super().write_state(state)


def write_out(data: bytes) -> None:
    """Write bytes to stdout, all of them.

    Raises:
        StdoutLost: Stdout is closed or refuses them.
    """
    try:
        _write_all(data)
    except OSError as error:
        raise StdoutLost(error) from None


def _write_all(data: bytes) -> None:
    stdout: TextIO | None = sys.stdout
    if stdout is None:  # it was closed when Python started
        raise _NO_STDOUT
    try:
        handle = stdout.fileno()
    except (AttributeError, OSError):  # tests replace stdout by a text buffer
        stdout.write(data.decode())
        return
    stdout.flush()
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(handle, view) :]
        except BlockingIOError:  # the pipe is in non-blocking mode
            select.select((), (handle,), ())
