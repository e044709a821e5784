"""Cells: the values of exports, in blocks of columns or in rows, and those of queries as cells."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from tap_pardot.records import repair
from tap_pardot.records.values import ConversionError, as_list, to_string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Row = list[str | None]
    Columns = Sequence[Sequence[str | None]]
    """A block of rows: as many columns as there are fields, as many cells as there are rows."""

_CELLS_PER_BLOCK = 5_120
"""So many stay in a processor's cache: blocks of more cost up to a quarter more CPU time."""


def rows_per_block(columns: int) -> int:
    """Return how many rows of so many columns make a block."""
    return max(_CELLS_PER_BLOCK // max(columns, 1), 16)


def rows_of(blocks: Iterable[Columns]) -> Iterator[Row]:
    """Yield the rows of blocks of cells; None for null."""
    for columns in blocks:
        for cells in zip(*columns, strict=True):
            yield [cell or None for cell in cells]


def without_rows(blocks: Iterable[Columns], number: int) -> Iterator[Columns]:
    """Yield blocks without their first rows."""
    for columns in blocks:
        left_out = min(number, len(columns[0]))
        number -= left_out
        if left_out < len(columns[0]):
            yield [column[left_out:] for column in columns] if left_out else columns


def in_parts(blocks: Iterable[Columns], size: int) -> Iterator[list[Columns]]:
    """Yield some blocks at a time, together of about ``size`` rows; a longer one is divided."""
    part: list[Columns] = []
    for block in blocks:
        for start in range(0, len(block[0]), size):
            part.append([column[start : start + size] for column in block])
            if sum(len(columns[0]) for columns in part) >= size:
                yield part
                part = []
    if part:
        yield part


def in_blocks(rows: Iterable[Row]) -> Iterator[Columns]:
    """Yield rows of cells in blocks of columns."""
    rest = iter(rows)
    for first in rest:
        yield [*zip(first, *islice(rest, rows_per_block(len(first)) - 1), strict=True)]


def cell_of(value: Any) -> str | None:
    """Return a value of a query's row as an export would write it in a cell (reference C.16)."""
    if isinstance(value, dict):
        value = value.get("value")
    try:
        values = [to_string(each) for each in as_list(value) if each is not None]
    except ConversionError:
        return None
    return repair.joined(values) if values else None


def cells_of(
    row: Mapping[str, Any], fields: Sequence[str], on_repaired: Callable[[str], None]
) -> list[str | None]:
    """Return a query's row as the cells that an export would have.

    Args:
        row: The row.
        fields: The requested fields.
        on_repaired: Called with the field's name for each cell that was repaired.
    """
    cells = [cell_of(row.get(name)) for name in fields]
    if repair.Repaired in map(type, cells):
        for place, cell in enumerate(cells):
            if type(cell) is repair.Repaired:
                cells[place] = str(cell)
                on_repaired(fields[place])
    return cells
