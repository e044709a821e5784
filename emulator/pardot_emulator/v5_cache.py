"""Rows as they were some seconds ago: version 5 may answer from a cache (A.6)."""

# ruff: noqa: S608 -- table and column names are ours, values are bound

from __future__ import annotations

from typing import TYPE_CHECKING

from pardot_emulator.objects import OBJECTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from pardot_emulator.schema import PardotObject


class Past:
    """What rows were before they changed. A version is good until the time of the change."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._kept: set[str] = set()

    def keep(self, name: str, ids: Iterable[int], now: int) -> None:
        """Store rows as they are, because they are about to change; also that there was none."""
        if name not in self._kept:
            self._kept.add(name)
            columns = ", ".join([*_names(OBJECTS[name]), "until", "existed"])
            self._db.execute(f'CREATE TEMP TABLE "past_{name}" ({columns})')
        columns = ", ".join(_names(OBJECTS[name]))
        for one in ids:
            found = self._db.execute(
                f'INSERT INTO "past_{name}" SELECT {columns}, ?, 1 FROM "{name}" WHERE id = ?',
                (now, one),
            )
            if not found.rowcount:
                self._db.execute(
                    f'INSERT INTO "past_{name}" (id, until, existed) VALUES (?, ?, 0)', (one, now)
                )

    def source(self, name: str, at: int) -> str:
        """Return the WITH clause that makes a table of an object as it was at a time."""
        target = OBJECTS[name]
        if target.made_of is None:
            return f'WITH "{name}" AS ({self._rows(name, at)})'
        other, select = target.made_of
        columns = ", ".join(_names(target))
        return f'WITH "{other}" AS ({self._rows(other, at)}), "{name}" ({columns}) AS ({select})'

    def _rows(self, name: str, at: int) -> str:
        columns = ", ".join(_names(OBJECTS[name]))
        now = f'SELECT {columns} FROM main."{name}"'
        if name not in self._kept:
            return now
        past = f'temp."past_{name}"'
        first = f"SELECT min(rowid) FROM {past} WHERE until > {at:d} GROUP BY id"
        return (
            f"{now} WHERE id NOT IN (SELECT id FROM {past} WHERE until > {at:d}) "
            f"UNION ALL SELECT {columns} FROM {past} WHERE existed AND rowid IN ({first})"
        )


def _names(target: PardotObject) -> list[str]:
    return [*(f'"{one.name}"' for one in target.stored), "_wire"]
