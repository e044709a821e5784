"""The protocol of an observer, which gets each record of a stream before it is emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Record = dict[str, Any]


class Observer(Protocol):
    """Gets each record of a parent stream, for its child streams."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns that it needs of each record."""

    def on_start(self) -> None:
        """Prepare for records; called before the first one."""

    def on_record(self, record: Mapping[str, Any]) -> None:
        """Process a record."""

    def on_end(self) -> None:
        """Finish; called after the last record, or when the reading fails."""


def observed(
    records: Iterable[Record], observer: Observer, columns: Sequence[str]
) -> Iterator[Record]:
    """Pass each record to an observer, then yield it without the columns that only it needs.

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
