"""Joins the rows of several export jobs by their id."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any, Self

from tap_pardot.api.http import disk_full

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


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
