"""Blocks: the records of some rows, stored by column.

A block maps each column to its values, one of each record. All columns are equally long, and there
is at least one. Rows are decoded, filtered and written by block, because work that is done once
for a column costs less than work that is done for each of its values.

Pure: no I/O.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Block = dict[str, list[Any]]
_AFTER_ALL = "~"  # follows every digit


def size_of(block: Block) -> int:
    """Return the number of records in a block."""
    return len(next(iter(block.values())))


def records_of(block: Block) -> Iterator[dict[str, Any]]:
    """Yield the records of a block."""
    names = tuple(block)
    for values in zip(*block.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def within(block: Block, column: str, start: str | None, end: str | None) -> Block:
    """Return the records whose value of a column lies in [start, end), or is null.

    Args:
        block: The records.
        column: A column of times: ISO 8601 strings in UTC of fixed width, which compare like
            instants.
        start: The first instant; None for no bound.
        end: The instant after the last one; None for no bound.
    """
    moments: Sequence[str | None] = block.get(column, ())
    first, last = start or "", end or _AFTER_ALL
    known = [moment for moment in moments if moment is not None]
    if not known or first <= min(known) <= max(known) < last:
        return block
    inside = [moment is None or first <= moment < last for moment in moments]
    return {name: [*compress(values, inside)] for name, values in block.items()}
