"""The writer: from a message to a line on stdout."""

from __future__ import annotations

import errno
import os
import select
import sys
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerWriter

from tap_pardot.endings import StdoutLost, signals_held
from tap_pardot.records.values import json_form

if TYPE_CHECKING:
    from typing import TextIO

    from singer_sdk.singerlib import Message

_NO_STDOUT = OSError(errno.EBADF, os.strerror(errno.EBADF))
_BLOCK = 65536  # bytes; the size of a pipe


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
