"""Reads the CSV files of export jobs, and joins the rows of several files by id.

A file has the form of reference D.9: a header with the requested fields, in any order; empty
cells for null; quotes doubled; a backslash before a leading ``=``, ``+`` or ``@``. An incomplete
file raises an error that names the file and the line. A quote after a backslash is read by
RFC 4180. It is read by PHP's rule only if the file is not valid by RFC 4180.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from codecs import getincrementaldecoder
from contextlib import closing
from io import SEEK_END, BufferedReader, RawIOBase, TextIOWrapper
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from tap_pardot.api.http import disk_full
from tap_pardot.errors import StreamFailed
from tap_pardot.records import repair
from tap_pardot.records.values import ConversionError, as_list, to_string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_ESCAPED = ("\\=", "\\+", "\\@")
_ESCAPED_QUOTE = '\\"'
_QUOTE = "\ud800"  # stands for a quote after a backslash: no decoded file has this character
_MAX_CELL = 2**31 - 1  # the default of the csv module is 128 KiB
_MAX_ROW = 16 * 2**20  # bytes; 150 strings of Pardot's longest kind are 10 MB
_BLOCK = 65536
_MAX_ID_DIGITS = 18
_TIME_LENGTH = 19  # a shorter time was cut
_RUN_AGAIN = "run again; the export is downloaded anew."


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

    A file that is not CSV by RFC 4180 is read again by PHP's rule, if that makes a difference.
    Its first rows are then yielded twice.

    Args:
        file: The file, UTF-8 with or without a byte order mark; closed at the end.
        label: Its name in error messages: "file 23191 of export 201917".
        fields: The requested fields.
        keys: How many of the first fields are never null: the id, and times.
        on_repaired: Called with the field's name for each cell that was repaired.
        warn: Called with a sentence when the file is read again.

    Raises:
        StreamFailed: The file is not the requested CSV, or is incomplete.
    """
    csv.field_size_limit(_MAX_CELL)
    reader = _FileReader(file, label, fields, keys, on_repaired)
    with closing(file):
        try:
            yield from reader.rows()
        except StreamFailed:
            if not _has_escaped_quote(file):
                raise
        else:
            return
        warn(
            f"{label[0].upper()}{label[1:]} is not CSV by RFC 4180 and has a backslash before a "
            "quote: it is read again from its start by PHP's rule, its first rows are written "
            "twice."
        )
        yield from reader.rows(by_php=True)


class _FileReader:
    """Reads one file; each call of :meth:`rows` starts anew. Arguments as :func:`rows_of_file`."""

    def __init__(
        self,
        file: BinaryIO,
        label: str,
        fields: Sequence[str],
        keys: int,
        on_repaired: Callable[[str], None],
    ) -> None:
        self._file = file
        self._label = label
        self._fields = fields
        self._keys = keys
        self._on_repaired = on_repaired

    def rows(self, *, by_php: bool = False) -> Iterator[list[Any]]:
        """Yield the rows by RFC 4180, or by PHP's rule (see :func:`_by_php`).

        Raises:
            StreamFailed: The file is not valid by that rule, or is incomplete.
        """
        self._file.seek(0)
        source, keys = _CheckedBytes(self._file, self._label), self._keys
        # newline="": CR and LF inside a value stay as they are.
        text = TextIOWrapper(
            BufferedReader(source, _BLOCK), "utf-8-sig", "surrogateescape", newline=""
        )
        reader = csv.reader(_by_php(text) if by_php else text, strict=True)
        try:
            width, pick = self._header(next(reader, None))
            for cells in reader:
                source.left = _MAX_ROW
                if len(cells) != width:
                    if not cells:
                        continue  # a blank line
                    raise self._error(reader.line_num, f"has {len(cells)} cells instead of {width}")
                picked = pick(cells)
                if by_php or source.needs_repair:
                    picked = self._repaired(picked)
                row = [
                    None if not cell else cell if cell[0] != "\\" else _unescaped(cell)
                    for cell in picked
                ]
                if not _has_keys(row[:keys]):
                    raise self._error(reader.line_num, f"lacks {' or '.join(self._fields[:keys])}")
                yield row
        except csv.Error:
            raise self._error(reader.line_num, "is not CSV") from None

    def _header(self, header: list[str] | None) -> tuple[int, Callable[[list[str]], Sequence[str]]]:
        """Return the number of columns, and a function that picks the requested cells of a row."""
        if header is None:
            message = f"Line 1 of {self._label} is missing: the file is empty; {_RUN_AGAIN}"
            raise StreamFailed(message)
        names = [repair.repaired(name) for name in header]
        return len(names), _picker(names, self._fields, self._label)

    def _repaired(self, cells: Sequence[str]) -> list[str]:
        """Return cells with quotes restored, and without characters that a warehouse refuses."""
        result = [cell.replace(_QUOTE, '"') for cell in cells]
        for place, cell in enumerate(result):
            if repair.is_refused(cell):
                result[place] = repair.repaired(cell)
                self._on_repaired(self._fields[place])
        return result

    def _error(self, line: int, problem: str) -> StreamFailed:
        return StreamFailed(f"Line {line} of {self._label} {problem}: {_RUN_AGAIN}")


def _by_php(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with a placeholder for each quote after a backslash.

    PHP's ``fputcsv`` does not double such a quote. The quote does not end the cell, and the
    backslash belongs to the value.
    """
    return (line.replace(_ESCAPED_QUOTE, f"\\{_QUOTE}") for line in lines)


def _has_escaped_quote(file: BinaryIO) -> bool:
    """Return whether a file has a quote after a backslash."""
    file.seek(0)
    pattern, last_byte = _ESCAPED_QUOTE.encode(), b""
    while block := file.read(_BLOCK):
        if pattern in last_byte + block:
            return True
        last_byte = block[-1:]
    return False


class _CheckedBytes(RawIOBase):
    """The bytes of a file, with a limit for each row and a check of the encoding.

    Attributes:
        left: How many more bytes the row that is being read may have.
        needs_repair: Whether the bytes so far were not all UTF-8, or had a NUL.
    """

    def __init__(self, file: BinaryIO, label: str) -> None:
        self._file = file
        self._label = label
        self._decoder = getincrementaldecoder("utf-8")()
        self.left = _MAX_ROW
        self.needs_repair = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        number: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self.left -= number
        if self.left < 0:
            raise StreamFailed(
                f"A row of {self._label} is longer than 16 MiB, longer than any row of Pardot: "
                "report it with the stream's name."
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
    """Return whether a file is empty or ends with a line break. If not, it may have been cut."""
    if file.seek(0, SEEK_END) == 0:
        return True
    file.seek(-1, SEEK_END)
    return file.read(1) in {b"\n", b"\r"}


def _picker(
    header: list[str], fields: Sequence[str], label: str
) -> Callable[[list[str]], Sequence[str]]:
    """Return a function that picks the cells of the requested fields from a row.

    Names are compared in any case, because no document gives the header's spelling (D.9).

    Raises:
        StreamFailed: The header lacks a field.
    """
    places = {name.strip().lower(): place for place, name in enumerate(header)}
    places |= {name: place for place, name in enumerate(header)}
    found = [places.get(name, places.get(name.lower())) for name in fields]
    wanted = [place for place in found if place is not None]
    if len(set(wanted)) != len(fields) or len(set(header)) != len(header):
        missing = len(fields) - len(set(wanted))
        raise StreamFailed(
            f"Line 1 of {label} is not the requested header ({missing} columns are missing): "
            f"{_RUN_AGAIN}"
        )
    if len(wanted) == 1:
        return lambda cells: (cells[wanted[0]],)
    return itemgetter(*wanted)


def _has_keys(keys: list[str | None]) -> bool:
    number, *times = keys
    return (
        number is not None
        and number.isdecimal()
        and len(number) <= _MAX_ID_DIGITS
        and all(time is not None and len(time) >= _TIME_LENGTH for time in times)
    )


def _unescaped(cell: str) -> str:
    """Return a cell without the backslash that Pardot puts before a formula (D.9)."""
    return cell[1:] if cell.startswith(_ESCAPED) else cell


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


class RowJoiner:
    """Joins the rows of several files by their id. It stores them in a temporary database."""

    def __init__(self) -> None:
        self._database: sqlite3.Connection | None = None
        self._parts: dict[tuple[str, ...], bool] = {}
        """The stored parts by their fields: whether a row without the part is joined to nulls."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._database is not None:
            self._database.close()

    def add(
        self, fields: tuple[str, ...], rows: Iterable[list[Any]], *, is_optional: bool = False
    ) -> None:
        """Store the rows of one part.

        Args:
            fields: The fields of the rows; the first one is the id.
            rows: The rows; there can be none.
            is_optional: Whether a row without the part gets nulls. If not, it is left out.

        Raises:
            StreamFailed: The disk is full.
        """
        if self._database is None:
            # SQLite deletes a database without a name even when the process is killed.
            self._database = sqlite3.connect("", isolation_level=None)
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute("BEGIN")
        self._parts[fields] = is_optional
        table = f"part{list(self._parts).index(fields)}"
        try:
            self._database.execute(
                f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, cells TEXT)"
            )
            self._database.executemany(
                f"INSERT OR REPLACE INTO {table} VALUES (?, ?)",  # noqa: S608
                ((cells[0], json.dumps(cells)) for cells in rows),
            )
        except sqlite3.OperationalError as error:
            raise disk_full(error) from error

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to join."""
        return not self._parts

    def join(
        self, fields: tuple[str, ...], rows: Iterable[list[Any]]
    ) -> tuple[tuple[str, ...], Iterator[list[Any]]]:
        """Return the fields of the joined rows, and an iterator over these rows.

        Args:
            fields: The fields of the rows; the first one is the id.
            rows: The rows to join with the stored parts.
        """
        names = list(fields)
        parts: list[tuple[str, list[int], bool]] = []
        for number, (part, is_optional) in enumerate(self._parts.items()):
            new = [place for place, name in enumerate(part) if name not in names]
            names += [part[place] for place in new]
            select = f"SELECT cells FROM part{number} WHERE id = ?"  # noqa: S608
            parts.append((select, new, is_optional))
        return tuple(names), self._joined(rows, parts)

    def _joined(
        self, rows: Iterable[list[Any]], parts: Sequence[tuple[str, list[int], bool]]
    ) -> Iterator[list[Any]]:
        if self._database is None:
            yield from rows
            return
        find = self._database.execute
        for cells in rows:
            result = list(cells)
            for select, places, is_optional in parts:
                found = find(select, (cells[0],)).fetchone()
                if found is None and not is_optional:
                    break
                others = json.loads(found[0]) if found else {}
                result += [others[place] if found else None for place in places]
            else:
                yield result
