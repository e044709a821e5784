"""The protocol of an observer, which gets each record of a stream before it is emitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tap_pardot.records.block import records_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_pardot.records.block import Block


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
    blocks: Iterable[Block], observer: Observer, columns: Sequence[str]
) -> Iterator[Block]:
    """Pass each record to an observer, then yield its block without columns that only it needs.

    Args:
        blocks: Records with all columns that the observer needs.
        observer: Gets the records of a block before the block is yielded.
        columns: The columns to emit.
    """
    extra = {name for name in observer.columns if name not in columns}
    is_first = True
    try:
        for block in blocks:
            if is_first:
                observer.on_start()
                is_first = False
            for record in records_of({name: block[name] for name in observer.columns}):
                observer.on_record(record)
            yield {name: values for name, values in block.items() if name not in extra}
    finally:
        observer.on_end()
