"""Rows -> the CSV of an export file, by the rules and open questions of D.9. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec.json

from pardot_emulator.objects import OBJECTS
from pardot_emulator.schema import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pardot_emulator.dates import WallClock
    from pardot_emulator.settings import Settings

CSV_TYPE = "text/csv"
BOM = b"\xef\xbb\xbf"
_ENDS = {"lf": "\n", "crlf": "\r\n"}
# GH21: a value with a comma, CR or LF, with quotes, or of nothing but whitespace is wrapped.
_NEEDS_QUOTES = re.compile(r'[,"\r\n]|\A\s+\Z')

_QUOTES = re.compile('"')
_PHP_QUOTES = re.compile(r'(?<!\\)"')  # fputcsv: a quote behind a backslash is not doubled


class Sheet:
    """Writes the rows of one job; compiled once, so that a switch changes later jobs only.

    ``header`` has the fields in the order of the file; names that are no columns are custom fields.
    ``columns`` are those to read from the table, in the order `lines` takes them. ``wall`` is the
    clock of the job's creator at creation.
    """

    def __init__(
        self, name: str, header: Sequence[str], settings: Settings, wall: WallClock
    ) -> None:
        target = OBJECTS[name]
        self.header = tuple(header)
        self._end = _ENDS[settings.export_line_end]
        self._backslash = settings.export_backslash
        self._quoted = settings.export_quoting in {"strings", "php"}
        self._quotes = _PHP_QUOTES if settings.export_quoting == "php" else _QUOTES
        booleans = ("0", "1") if settings.export_booleans == "digits" else ("false", "true")
        convert: dict[Kind, Callable[[Any], str]] = {
            Kind.INTEGER: str,
            Kind.FLOAT: repr,
            Kind.STRING: self._text,
            Kind.BOOLEAN: lambda value: booleans[bool(value)],
            Kind.FLAG: lambda value: booleans[bool(value)],
            # "created_at" is quoted in the sample of G.
            Kind.TIMESTAMP: (lambda at: f'"{wall.text(at)}"') if self._quoted else wall.text,
        }
        self._booleans = booleans
        kinds = {column.name: column.kind for column in target.columns if column.name != "custom"}
        plain = [one for one in header if one in kinds]
        self.columns = (*plain, *(("custom",) if len(plain) < len(self.header) else ()))
        self._plan = [
            (plain.index(one), convert[kinds[one]]) if one in kinds else (-1, one) for one in header
        ]

    def head(self, *, bom: bool) -> bytes:
        """Return the header line. Its names are never quoted (sample of G)."""
        return (BOM if bom else b"") + (",".join(self.header) + self._end).encode()

    def lines(self, rows: Sequence[tuple[Any, ...]]) -> bytes:
        """Return rows, one line each; null is an empty cell."""
        if not rows:
            return b""
        # By column rather than by row: a million rows have to be quick.
        values = list(zip(*rows, strict=True))
        documents = (
            [msgspec.json.decode(one) if one else {} for one in values[-1]]
            if (self.columns[-1:] == ("custom",))
            else []
        )
        cells: list[list[str]] = []
        for place, how in self._plan:
            if isinstance(how, str):
                cells.append([self._custom(one.get(how)) for one in documents])
            else:
                cells.append(["" if one is None else how(one) for one in values[place]])
        lines = map(",".join, zip(*cells, strict=True))
        return (self._end.join(lines) + self._end).encode("utf-8", "surrogatepass")

    def _text(self, text: str) -> str:
        if self._backslash and text[:1] in {"=", "+", "@"}:
            text = "\\" + text
        if self._quoted or not text or _NEEDS_QUOTES.search(text):
            return '"' + self._quotes.sub('""', text) + '"'
        return text

    def _custom(self, value: Any) -> str:
        if value is None or value == []:
            return ""
        if isinstance(value, bool):
            return self._booleans[value]
        if isinstance(value, list):
            # How several values look is in no document (D.8.4 [?]).
            return self._text(";".join(str(one) for one in value))
        return self._text(str(value)) if isinstance(value, str) else str(value)
