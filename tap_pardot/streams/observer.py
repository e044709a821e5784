"""What gets the records of a stream as they pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Record = dict[str, Any]


class Observer(Protocol):
    """Gets the records of a stream as they pass, for the streams that are read through it."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns that it needs of each record."""

    def on_start(self) -> None:
        """Prepare for the stream's records; called when the first one comes."""

    def on_record(self, record: Mapping[str, Any]) -> None:
        """Take a record."""

    def on_end(self) -> None:
        """End; called when no more records come."""


def observed(
    records: Iterable[Record], observer: Observer, columns: Sequence[str]
) -> Iterator[Record]:
    """Yield records without what only their observer needs of them.

    Args:
        records: Records with all columns that the observer needs.
        observer: Gets each record before it is yielded.
        columns: The columns to emit.
    """
    extra = [name for name in observer.columns if name not in columns]
    is_first = True
    try:
        for record in records:
            if is_first:
                observer.on_start()
                is_first = False
            observer.on_record(record)
            for name in extra:
                record.pop(name, None)
            yield record
    finally:
        observer.on_end()
