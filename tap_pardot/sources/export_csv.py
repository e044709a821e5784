"""Reads the CSV files of export jobs.

A file has the form of reference D.9: a header with the requested fields, in any order; empty
cells for null; quotes doubled; a backslash before a leading ``=``, ``+`` or ``@``. An incomplete
file raises an error that names the file and the line. A quote after a backslash is read by
RFC 4180. It is read by PHP's rule only if the file is not valid by RFC 4180.
"""

from __future__ import annotations

import csv
from codecs import getincrementaldecoder
from contextlib import closing
from io import SEEK_END, BufferedReader, RawIOBase, TextIOWrapper
from typing import TYPE_CHECKING, Any, BinaryIO

from tap_pardot.errors import StreamFailed
from tap_pardot.records import repair
from tap_pardot.sources.cells import rows_per_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_pardot.sources.cells import Columns

_ESCAPED = ("\\=", "\\+", "\\@")
_ESCAPED_QUOTE = '\\"'
_QUOTE = "\ud800"  # stands for a quote after a backslash: no decoded file has this character
_MAX_CELL = 2**31 - 1  # the default of the csv module is 128 KiB
_MAX_ROW = 16 * 2**20  # bytes; 150 strings of Pardot's longest kind are 10 MB
_BLOCK = 65536
_MAX_BLOCK = 4 * 2**20  # bytes of the rows that are in memory at a time, but for a longer row
_MAX_ID_DIGITS = 18
_TIME_LENGTH = 19  # a shorter time was cut
_RUN_AGAIN = "run again; the export is downloaded anew."


def blocks_of_file(  # noqa: PLR0913
    file: BinaryIO,
    label: str,
    fields: Sequence[str],
    keys: int,
    *,
    on_repaired: Callable[[str], None] = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
) -> Iterator[Columns]:
    """Yield the rows of a file in blocks: columns in the order of ``fields``, ``""`` for null.

    A file that is not CSV by RFC 4180 is read again by PHP's rule, if that makes a difference.
    Its first rows are then yielded twice. Before an error, all rows before it are yielded.

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
            yield from reader.blocks()
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
        yield from reader.blocks(by_php=True)


class _FileReader:
    """Reads one file, from its start by each call; arguments as :func:`blocks_of_file`."""

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

    def blocks(self, *, by_php: bool = False) -> Iterator[Columns]:
        """Yield the rows by RFC 4180, or by PHP's rule (see :func:`_by_php`).

        Raises:
            StreamFailed: The file is not valid by that rule, or is incomplete.
        """
        self._file.seek(0)
        source = _CheckedBytes(self._file, self._label)
        # newline="": CR and LF inside a value stay as they are.
        text = TextIOWrapper(
            BufferedReader(source, _BLOCK), "utf-8-sig", "surrogateescape", newline=""
        )
        reader = csv.reader(_by_php(text) if by_php else text, strict=True)
        width, places = self._header(reader)
        for rows, lines in self._row_blocks(reader, source, width):
            table = [*zip(*rows, strict=True)]
            columns: list[Sequence[str]] = [table[place] for place in places]
            if by_php or source.needs_repair:
                columns = [*map(self._repaired, self._fields, columns)]
            if source.has_backslash:
                columns = [*map(_unescaped, columns)]
            bad = _first_without_keys(columns[: self._keys])
            if bad is None:
                yield columns
                continue
            if bad:
                yield [column[:bad] for column in columns]
            raise self._error(lines[bad], f"lacks {' or '.join(self._fields[: self._keys])}")

    def _header(self, reader: Any) -> tuple[int, list[int]]:
        """Return the number of columns, and the places of the requested fields."""
        try:
            header = next(reader, None)
        except csv.Error:
            raise self._error(reader.line_num, "is not CSV") from None
        if header is None:
            message = f"Line 1 of {self._label} is missing: the file is empty; {_RUN_AGAIN}"
            raise StreamFailed(message)
        names = [repair.repaired(name) for name in header]
        return len(names), _places(names, self._fields, self._label)

    def _row_blocks(
        self, reader: Any, source: _CheckedBytes, width: int
    ) -> Iterator[tuple[list[list[str]], list[int]]]:
        """Yield rows, and the lines that they end in. All rows before an error are yielded first.

        Raises:
            StreamFailed: A row is not CSV, or does not have as many cells as the header.
        """
        rows: list[list[str]] = []
        lines: list[int] = []
        most, start = rows_per_block(width), source.position
        failure: StreamFailed | None = None
        try:
            for cells in reader:
                source.left = _MAX_ROW
                if len(cells) != width:
                    if not cells:
                        continue  # a blank line
                    problem = f"has {len(cells)} cells instead of {width}"
                    raise self._error(reader.line_num, problem)
                rows.append(cells)
                lines.append(reader.line_num)
                if len(rows) == most or source.position - start > _MAX_BLOCK:
                    yield rows, lines
                    rows, lines, start = [], [], source.position
        except csv.Error:
            failure = self._error(reader.line_num, "is not CSV")
        except StreamFailed as error:
            failure = error
        if rows:
            yield rows, lines
        if failure is not None:
            raise failure

    def _repaired(self, field: str, column: Sequence[str]) -> list[str]:
        """Return cells with quotes restored, and without characters that a warehouse refuses."""
        result = [cell.replace(_QUOTE, '"') for cell in column]
        for place, cell in enumerate(result):
            if repair.is_refused(cell):
                result[place] = repair.repaired(cell)
                self._on_repaired(field)
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
        position: How many bytes were read.
        left: How many more bytes the row that is being read may have.
        needs_repair: Whether the bytes so far were not all UTF-8, or had a NUL.
        has_backslash: Whether the bytes so far had a backslash.
    """

    def __init__(self, file: BinaryIO, label: str) -> None:
        self._file = file
        self._label = label
        self._decoder = getincrementaldecoder("utf-8")()
        self.position = 0
        self.left = _MAX_ROW
        self.needs_repair = False
        self.has_backslash = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        number: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self.position += number
        self.left -= number
        if self.left < 0:
            raise StreamFailed(
                f"A row of {self._label} is longer than 16 MiB, longer than any row of Pardot: "
                "report it with the stream's name."
            )
        block = bytes(buffer[:number])
        self.has_backslash = self.has_backslash or b"\\" in block
        if not self.needs_repair:
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


def _places(header: list[str], fields: Sequence[str], label: str) -> list[int]:
    """Return the places of the fields; the header's spelling is in no document (D.9).

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
    return wanted


def _first_without_keys(keys: list[Sequence[str]]) -> int | None:
    """Return the place of the first row without a usable id, or with a time that was cut."""
    ids, *times = keys
    if (
        all(ids)
        and "".join(ids).isdecimal()
        and max(map(len, ids)) <= _MAX_ID_DIGITS
        and all(min(map(len, each)) >= _TIME_LENGTH for each in times)
    ):
        return None
    return next(place for place, row in enumerate(zip(*keys, strict=True)) if not _has_keys(*row))


def _has_keys(number: str, *times: str) -> bool:
    is_id = number.isdecimal() and len(number) <= _MAX_ID_DIGITS
    return is_id and all(len(time) >= _TIME_LENGTH for time in times)


def _unescaped(column: Sequence[str]) -> Sequence[str]:
    """Return cells without the backslash that Pardot puts before a formula (D.9)."""
    if "\\" not in "".join(column):
        return column
    return [cell[1:] if cell.startswith(_ESCAPED) else cell for cell in column]
