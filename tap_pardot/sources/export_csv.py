"""One CSV file of an export, checked cell by cell and given as rows.

The form is reference D.9: a header with the names that were asked for, in any order; empty cells
for null; quotes doubled; a backslash before a leading ``=``, ``+`` or ``@``. A file that is not
whole is an error that names file and line. Only a quote behind a backslash may have two meanings:
that of RFC 4180, or PHP's where the former makes no sense of the file.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from codecs import getincrementaldecoder
from io import SEEK_END, BufferedReader, RawIOBase, TextIOWrapper
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from tap_pardot.api.http import no_room
from tap_pardot.errors import StreamFailed
from tap_pardot.records import repair
from tap_pardot.records.values import ConversionError, as_list, to_string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Whole = Callable[[list[Any]], list[Any] | None]

_ESCAPED = ("\\=", "\\+", "\\@")
_ESCAPED_QUOTE = '\\"'
_QUOTE = "\ud800"  # stands for a quote behind a backslash: UTF-8 has no code for it
_LARGEST_CELL = 2**31 - 1  # csv refuses cells over 128 KiB unless told otherwise
_LONGEST_ROW = 16 * 2**20  # bytes; 150 texts of Pardot's longest kind are 10 MB
_BLOCK = 65536
_TOO_MANY_DIGITS = 19
_LENGTH_OF_A_TIME = 19  # less of it is what a cut leaves
_AGAIN = "run again; the export is downloaded anew."


def rows_of_file(  # noqa: PLR0913
    file: BinaryIO,
    label: str,
    fields: Sequence[str],
    keys: int,
    *,
    on_repaired: Callable[[str], None] = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
) -> Iterator[list[Any]]:
    """Yield the rows of a file as lists of cells in the order of ``fields``; None for null.

    A file that is not CSV by RFC 4180 is read again from its start by PHP's rule, if that makes
    a difference: its first rows come twice then.

    Args:
        file: The file, UTF-8 with or without a byte order mark; closed at the end.
        label: What an error calls it: "file 23191 of export 201917".
        fields: The names that were asked for.
        keys: How many of them, the first ones, no row can lack: an id, and times.
        on_repaired: Called for each cell that was repaired, with the field's name.
        warn: Called with a sentence when the file is read again.

    Raises:
        StreamFailed: The file is not the CSV that was asked for, or not whole.
    """
    csv.field_size_limit(_LARGEST_CELL)
    try:
        try:
            yield from _rows(file, label, fields, keys, on_repaired)
        except StreamFailed:
            if not _has_escaped_quote(file):
                raise
        else:
            return
        warn(
            f"{label[0].upper()}{label[1:]} is not CSV by RFC 4180 and has a backslash before a "
            "quote: it is read again from its start by PHP's rule, its first rows come twice."
        )
        yield from _rows(file, label, fields, keys, on_repaired, by_php=True)
    finally:
        file.close()


def _rows(  # noqa: PLR0913
    file: BinaryIO,
    label: str,
    fields: Sequence[str],
    keys: int,
    on_repaired: Callable[[str], None],
    *,
    by_php: bool = False,
) -> Iterator[list[Any]]:
    """Yield the rows by one rule: RFC 4180, or PHP's (see :func:`_by_php`)."""
    file.seek(0)
    source = _Bytes(file, label)
    # newline="": CR and LF inside a value are kept as they are.
    text = TextIOWrapper(BufferedReader(source, _BLOCK), "utf-8-sig", "surrogateescape", newline="")
    reader = csv.reader(_by_php(text) if by_php else text, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise StreamFailed(f"Line 1 of {label} is missing: the file is empty; {_AGAIN}")
        pick = _picker([repair.repaired(name) for name in header], fields, label)
        width = len(header)
        for cells in reader:
            source.left = _LONGEST_ROW
            if len(cells) != width:
                if not cells:
                    continue  # a blank line
                raise StreamFailed(
                    f"Line {reader.line_num} of {label} has {len(cells)} cells instead of "
                    f"{width}: {_AGAIN}"
                )
            picked = pick(cells)
            if by_php or source.needs_repair:
                picked = _mended(picked, fields, on_repaired)
            row = [
                None if not cell else cell if cell[0] != "\\" else _plain(cell) for cell in picked
            ]
            if not _has_keys(row[:keys]):
                raise StreamFailed(
                    f"Line {reader.line_num} of {label} lacks {' or '.join(fields[:keys])}: "
                    f"{_AGAIN}"
                )
            yield row
    except csv.Error:
        raise StreamFailed(f"Line {reader.line_num} of {label} is not CSV: {_AGAIN}") from None


def _by_php(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines in which a quote behind a backslash is a character like any other.

    That is how PHP's ``fputcsv`` writes it: the quote is not doubled and does not end the cell,
    and the backslash belongs to the value. A character that no decoded file holds stands for it.
    """
    return (line.replace(_ESCAPED_QUOTE, f"\\{_QUOTE}") for line in lines)


def _has_escaped_quote(file: BinaryIO) -> bool:
    file.seek(0)
    sought, end = _ESCAPED_QUOTE.encode(), b""
    while block := file.read(_BLOCK):
        if sought in end + block:
            return True
        end = block[-1:]
    return False


def _mended(
    cells: Sequence[str], fields: Sequence[str], on_repaired: Callable[[str], None]
) -> list[str]:
    """Return cells with their quotes back, and without what a warehouse refuses."""
    result = [cell.replace(_QUOTE, '"') for cell in cells]
    for place, cell in enumerate(result):
        if repair.is_refused(cell):
            result[place] = repair.repaired(cell)
            on_repaired(fields[place])
    return result


class _Bytes(RawIOBase):
    """A file's bytes: of one row, no more than a row may have.

    Attributes:
        left: Bytes that the row may still have.
        needs_repair: Whether something so far was not UTF-8, or a NUL.
    """

    def __init__(self, file: BinaryIO, label: str) -> None:
        self._file = file
        self._label = label
        self._decoder = getincrementaldecoder("utf-8")()
        self.left = _LONGEST_ROW
        self.needs_repair = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        number: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self.left -= number
        if self.left < 0:
            raise StreamFailed(
                f"A row of {self._label} is longer than 16 MiB: no row of Pardot's is; report it "
                "with the stream's name."
            )
        if not self.needs_repair:
            block = bytes(buffer[:number])
            try:
                self._decoder.decode(block, final=not number)
            except UnicodeDecodeError:
                self.needs_repair = True
            else:
                self.needs_repair = b"\0" in block
        return number


def ends_in_a_line(file: BinaryIO) -> bool:
    """Whether a file ends where a line does; one that does not may have been cut."""
    if file.seek(0, SEEK_END) == 0:
        return True
    file.seek(-1, SEEK_END)
    return file.read(1) in {b"\n", b"\r"}


def _picker(
    header: list[str], fields: Sequence[str], label: str
) -> Callable[[list[str]], Sequence[str]]:
    """Return what takes the fields out of a row; the header's spelling is in no document (D.9)."""
    places = {name.strip().lower(): place for place, name in enumerate(header)}
    places |= {name: place for place, name in enumerate(header)}
    found = [places.get(name, places.get(name.lower())) for name in fields]
    wanted = [place for place in found if place is not None]
    if len(set(wanted)) != len(fields) or len(set(header)) != len(header):
        missing = len(fields) - len(set(wanted))
        raise StreamFailed(
            f"Line 1 of {label} is not the header that was asked for ({missing} columns are "
            f"missing): {_AGAIN}"
        )
    if len(wanted) == 1:
        return lambda cells: (cells[wanted[0]],)
    return itemgetter(*wanted)


def _has_keys(keys: list[str | None]) -> bool:
    number, *times = keys
    return (
        number is not None
        and number.isdecimal()
        and len(number) < _TOO_MANY_DIGITS
        and all(time is not None and len(time) >= _LENGTH_OF_A_TIME for time in times)
    )


def _plain(cell: str) -> str:
    """Undo the backslash before what a spreadsheet would take for a formula (D.9)."""
    return cell[1:] if cell.startswith(_ESCAPED) else cell


def cell_of(value: Any) -> str | None:
    """Return a value of a query's row as the cell that an export would have (reference C.16)."""
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
        fields: The names that were asked for.
        on_repaired: Called for each cell that was repaired, with the field's name.
    """
    cells = [cell_of(row.get(name)) for name in fields]
    if repair.Repaired in map(type, cells):
        for place, cell in enumerate(cells):
            if type(cell) is repair.Repaired:
                cells[place] = str(cell)
                on_repaired(fields[place])
    return cells


class RowJoiner:
    """Rows of several files put together by their id, on disk while the files are read."""

    def __init__(self) -> None:
        self._database: sqlite3.Connection | None = None
        self._tables: dict[tuple[str, ...], int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._database is not None:
            self._database.close()

    def add(self, fields: tuple[str, ...], rows: Iterable[list[Any]]) -> None:
        """Keep the rows of another job, also when there are none; their first cell is the id."""
        if self._database is None:
            # A database without a name is a file that no kill leaves behind.
            self._database = sqlite3.connect("", isolation_level=None)
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute("BEGIN")
        number = self._tables.setdefault(fields, len(self._tables))
        try:
            self._database.execute(
                f"CREATE TABLE IF NOT EXISTS part{number} (id TEXT PRIMARY KEY, cells TEXT)"
            )
            self._database.executemany(
                f"INSERT OR REPLACE INTO part{number} VALUES (?, ?)",  # noqa: S608
                ((cells[0], json.dumps(cells)) for cells in rows),
            )
        except sqlite3.OperationalError as error:
            raise no_room(error) from error

    @property
    def parts(self) -> int:
        """How many kinds of rows there are."""
        return len(self._tables)

    def onto(self, fields: tuple[str, ...], *, lacking: bool) -> tuple[tuple[str, ...], Whole]:
        """Return the fields of a whole row, and what makes one of a row of the first file.

        The latter returns None for a row that another file lacks, unless ``lacking`` is true:
        then what is not there is null.
        """
        database = self._database
        if database is None:
            return fields, lambda cells: cells
        names = list(fields)
        picks: list[tuple[str, list[int]]] = []
        for part, number in self._tables.items():
            new = [place for place, name in enumerate(part) if name not in names]
            names += [part[place] for place in new]
            picks.append((f"SELECT cells FROM part{number} WHERE id = ?", new))  # noqa: S608

        def whole(cells: list[Any]) -> list[Any] | None:
            result = list(cells)
            for statement, places in picks:
                found = database.execute(statement, (cells[0],)).fetchone()
                if found is None and not lacking:
                    return None
                others = json.loads(found[0]) if found else {}
                result += [others[place] if found else None for place in places]
            return result

        return tuple(names), whole
