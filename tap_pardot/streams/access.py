"""Whether a stream may be read, for the option ``--test``. Creates no export job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_pardot.api.dialect import Record
from tap_pardot.streams.endpoints import is_child
from tap_pardot.streams.fan_out.child import Child

if TYPE_CHECKING:
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext


def probe(stream: PardotStream, sync: SyncContext) -> str:
    """Make one small call that shows whether a stream may be read; return what it shows.

    Raises:
        TapPardotError: The stream may not be read.
    """
    if is_child(stream):
        Child(stream, sync, {}).source.probe()
        return ""
    dialect = sync.dialect_of(stream.variant.dialect)
    answer = sync.client.call(stream.name, dialect.probe(stream.endpoint))
    return f": id {answer.get('id')}" if isinstance(stream.endpoint, Record) else ""
