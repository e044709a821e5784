"""The rows: one SQLite table per object, so that filters, sorts and limits are a database's."""

# ruff: noqa: S608 -- table and column names are ours, values are bound

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any

from pardot_emulator.dates import parse_instant
from pardot_emulator.objects import OBJECTS
from pardot_emulator.schema import ID, Kind
from pardot_emulator.v5_cache import Past

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from pardot_emulator.query import Selection
    from pardot_emulator.schema import Column, PardotObject

Row = dict[str, Any]
# Values in the order of the columns, the override of the wire last.
RawRow = tuple[Any, ...]

# 2024-01-01T00:00:00Z: the times of a row that does not name its own.
DEFAULT_TIME = 1_704_067_200
# The times every row has; all others are null unless given.
_OWN_TIMES = frozenset({"created_at", "updated_at", "createdAt", "updatedAt", "activityDate"})
BATCH = 5_000
_AFFINITY = {
    **dict.fromkeys((Kind.INTEGER, Kind.BOOLEAN, Kind.FLAG, Kind.TIMESTAMP), "INTEGER"),
    Kind.FLOAT: "REAL",
}

# Objects whose rows are made of an object's rows.
_MADE_OF: Mapping[str, list[str]] = {
    target.made_of[0]: [name] for name, target in OBJECTS.items() if target.made_of
}

# A column of every table: {"set": {key: value}, "drop": [key]} changes the row on the wire only,
# for tests of what a tap does with values and keys that the reference does not know.
WIRE = "_wire"


class Model:
    """All rows of one account. The caller holds the emulator's lock."""

    def __init__(self, database: str = ":memory:") -> None:
        """Open a database file, or one in memory, and make missing tables."""
        self._db = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        # The rows are made up, so speed counts more than safety from a crash of the machine.
        self._db.execute("PRAGMA journal_mode = MEMORY")
        self._db.execute("PRAGMA synchronous = OFF")
        # Called before rows change: an export that is due must take them as they were.
        self.before_change: Callable[[], None] = lambda: None
        # The time of a change while what was before it has to be kept, else None.
        self.past_clock: Callable[[], int | None] = lambda: None
        self._past = Past(self._db)
        # Objects whose rows must be made anew.
        self._stale = {name for name, target in OBJECTS.items() if target.made_of}
        self._binders = {name: _binder(target) for name, target in OBJECTS.items()}
        for target in OBJECTS.values():
            self._create(target)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def add(self, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Insert rows, replacing those with the same id; return how many.

        Fields that a row leaves out get their declared default, times 2024-01-01 UTC.

        Raises:
            KeyError: Unknown object.
            ValueError: Unknown field, or a time that is none.
        """
        bound = [self._binders[name](row) for row in rows]
        places = ", ".join("?" * (len(OBJECTS[name].stored) + 1))
        place = OBJECTS[name].stored.index(ID)
        ids = (values[place] for values in bound)
        self._change(name, ids, f"INSERT OR REPLACE INTO {_table(name)} VALUES ({places})", bound)
        return len(bound)

    def check(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Raise what `add` would raise for these rows."""
        for row in rows:
            self._binders[name](row)
        _table(name)

    def load(self, rows: Iterable[tuple[str, Row]]) -> None:
        """Insert a stream of (object, row) in large batches; memory stays flat."""
        waiting: dict[str, list[Row]] = defaultdict(list)
        for name, row in rows:
            batch = waiting[name]
            batch.append(row)
            if len(batch) >= BATCH:
                self.add(name, batch)
                batch.clear()
        for name, batch in waiting.items():
            self.add(name, batch)

    def update(self, name: str, ids: Iterable[int], fields: Mapping[str, Any]) -> int:
        """Set fields of rows, ``updated_at`` only when named; return how many rows.

        Raises:
            KeyError: Unknown object.
            ValueError: Unknown field, or a time that is none.
        """
        target = OBJECTS[name]
        if not fields:
            return 0
        _check_names(target, fields)
        convert = _converters(target)
        stored = [
            convert[key](value) if key in convert and value is not None else value
            for key, value in fields.items()
        ]
        sets = ", ".join(f'"{key}" = ?' for key in fields)
        ids = list(ids)
        values = [(*stored, one) for one in ids]
        return self._change(name, ids, f"UPDATE {_table(name)} SET {sets} WHERE id = ?", values)

    def delete(self, name: str, ids: Iterable[int]) -> int:
        """Remove rows by id; return how many there were."""
        ids = list(ids)
        values = [(one,) for one in ids]
        return self._change(name, ids, f"DELETE FROM {_table(name)} WHERE id = ?", values)

    def clear(self, name: str | None = None) -> int:
        """Remove all rows of one object, or of all; return how many there were."""
        names = [one for one in OBJECTS if not OBJECTS[one].made_of] if name is None else [name]
        removed = sum(self.count(one) for one in names)
        for one in names:
            ids = (row[0] for row in self.pick(one, ("id",), "1"))
            self._change(one, ids, f"DELETE FROM {_table(one)} WHERE ?", [(True,)])
        return removed

    def count(self, name: str) -> int:
        """Return the number of rows of an object that answers may contain."""
        return int(self._select("count(*)", name, OBJECTS[name].exists or "1")[0][0])

    def counts(self) -> dict[str, int]:
        """Return the number of rows of every object."""
        return {name: self.count(name) for name in OBJECTS}

    def rows(self, name: str) -> Iterator[Row]:
        """Yield the rows of an object in storage form, by id."""
        return (_restore(OBJECTS[name], values) for values in self.where(name, "1"))

    def row(self, name: str, key: str, value: int | str) -> Row | None:
        """Return one row in storage form, None when there is none."""
        found = self.where(name, f'"{key}" = ?', [value], limit=1)
        return _restore(OBJECTS[name], found[0]) if found else None

    def next_id(self, name: str) -> int:
        """Return an id above all in use."""
        return self.greatest(name, "id") + 1

    def fetch(self, name: str, selection: Selection) -> list[RawRow]:
        """Return a page as raw rows."""
        page = f"ORDER BY {selection.order} LIMIT {selection.limit:d} OFFSET {selection.offset:d}"
        return self._select("*", name, f"{selection.where} {page}", selection.values)

    def total(self, name: str, selection: Selection) -> int:
        """Count all matches of the filter, not the page (A.6)."""
        return int(self._select("count(*)", name, selection.where, selection.values)[0][0])

    def where(
        self, name: str, clause: str, values: Sequence[Any] = (), *, limit: int = -1
    ) -> list[RawRow]:
        """Return the raw rows that a clause selects, by id."""
        return self._select("*", name, f"{clause} ORDER BY id LIMIT {limit:d}", values)

    def pick(
        self, name: str, columns: Sequence[str], clause: str, values: Sequence[Any] = ()
    ) -> list[RawRow]:
        """Return some columns, raw, of the rows that a clause selects, by id."""
        return self._select(_quoted(columns), name, f"{clause} ORDER BY id", values)

    def campaign_names(self, ids: Collection[int]) -> dict[int, str | None]:
        """Return the names of those campaigns that exist."""
        places = ", ".join("?" * len(ids))
        return dict(self.pick("campaign", ("id", "name"), f"id IN ({places})", tuple(ids)))

    def ask(
        self,
        what: Iterable[str],
        name: str,
        clause: str,
        values: Sequence[Any] = (),
        *,
        at: int | None = None,
    ) -> list[RawRow]:
        """Return SQL expressions over the rows that a clause selects, as they were at a time."""
        if at is None:
            return self._select(", ".join(what), name, clause, values)
        source = self._past.source(name, at)
        statement = f"{source} SELECT {', '.join(what)} FROM {_table(name)} WHERE {clause}"
        return self._db.execute(statement, tuple(values)).fetchall()

    def custom_fields(self, name: str) -> dict[str, str | None]:
        """Return id and type of the account's own fields, as `PardotObject.custom` names them."""
        return dict(self.pick(name, ("field_id", "type"), "1"))

    def greatest(self, name: str, column: str) -> int:
        """Return the greatest number in a column, 0 when there is none."""
        return int(self._select(f'coalesce(max("{column}"), 0)', name, "1")[0][0])

    def snapshot(self, label: int, columns: Sequence[str], name: str, selection: Selection) -> int:
        """Copy columns of the selected rows aside, in their order; return how many.

        A temporary table: SQLite holds it in a file of its own, not in memory.
        """
        self._db.execute(
            f"CREATE TEMP TABLE export_{label:d} AS SELECT {_quoted(columns)} FROM {_table(name)} "
            f"WHERE {selection.where} ORDER BY {selection.order}",
            selection.values,
        )
        return int(self._db.execute(f"SELECT count(*) FROM temp.export_{label:d}").fetchone()[0])

    def copied(self, label: int, first: int, last: int) -> list[RawRow]:
        """Return rows of a snapshot by place, counted from 1, both ends included."""
        statement = f"SELECT * FROM temp.export_{label:d} WHERE rowid BETWEEN ? AND ?"
        return self._db.execute(statement, (first, last)).fetchall()

    def drop_snapshot(self, label: int) -> None:
        """Free a snapshot, if it is there."""
        self._db.execute(f"DROP TABLE IF EXISTS temp.export_{label:d}")

    def _create(self, target: PardotObject) -> None:
        table = _table(target.name)
        columns = ", ".join(
            f'"{one.name}" {_AFFINITY.get(one.kind, "TEXT")}'
            f"{' PRIMARY KEY' if one.name == 'id' else ''}"
            for one in target.stored
        )
        self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}, {WIRE} TEXT)")
        for column in target.stored:
            if column.name in _OWN_TIMES:
                index = f'"{target.name}_{column.name}"'
                self._db.execute(f'CREATE INDEX IF NOT EXISTS {index} ON {table} ("{column.name}")')

    def _select(
        self, what: str, name: str, clause: str, values: Sequence[Any] = ()
    ) -> list[RawRow]:
        table = _table(name)
        if name in self._stale:
            self._make(name)
        statement = f"SELECT {what} FROM {table} WHERE {clause}"
        return self._db.execute(statement, tuple(values)).fetchall()

    def _make(self, name: str) -> None:
        """Make the rows of an object anew from those that it is made of."""
        _, select = OBJECTS[name].made_of or ("", "")
        self._stale.remove(name)
        self._db.execute(f"DELETE FROM {_table(name)}")
        self._db.execute(f"INSERT OR REPLACE INTO {_table(name)} {select}")

    def _change(
        self, name: str, ids: Iterable[int], statement: str, values: Iterable[Sequence[Any]]
    ) -> int:
        """Run a statement once per values, in one transaction; return the number of rows.

        ``ids`` are those of the rows that it changes.
        """
        if OBJECTS[name].made_of:
            raise ValueError(f"rows of {name} are made of other rows")
        self.before_change()
        now = self.past_clock()
        if now is not None:
            self._past.keep(name, ids, now)
        self._stale.update(_MADE_OF.get(name, ()))
        self._db.execute("BEGIN")
        try:
            changed = self._db.executemany(statement, values).rowcount
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return changed


def _quoted(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _table(name: str) -> str:
    if name not in OBJECTS:
        raise KeyError(name)
    return f'"{name}"'


def _check_names(target: PardotObject, names: Iterable[str]) -> None:
    unknown = sorted(set(names) - {WIRE, *(column.name for column in target.stored)})
    if unknown:
        raise ValueError(f"{target.name} has no field {', '.join(unknown)}")


def _converters(target: PardotObject) -> dict[str, Callable[[Any], Any]]:
    """Return how values of columns are stored that are not stored as they are."""
    found: dict[str, Callable[[Any], Any]] = {WIRE: json.dumps}
    for column in target.stored:
        if column.kind is Kind.JSON:
            found[column.name] = partial(_document, column)
        elif column.kind is Kind.TIMESTAMP:
            found[column.name] = parse_instant
    return found


def _binder(target: PardotObject) -> Callable[[Mapping[str, Any]], list[Any]]:
    """Compile the way from a row to the values of an INSERT."""
    plan = [*((column.name, column.default) for column in target.stored), (WIRE, None)]
    places = {name: place for place, (name, _) in enumerate(plan)}
    convert = [(places[name], how) for name, how in _converters(target).items()]
    times = [(place, name) for name, place in places.items() if name in _OWN_TIMES]

    def bind(row: Mapping[str, Any]) -> list[Any]:
        if not places.keys() >= row.keys():
            _check_names(target, row)
        values = [row.get(name, default) for name, default in plan]
        for place, how in convert:
            if values[place] is not None:
                values[place] = how(values[place])
        for place, name in times:
            if name not in row:
                values[place] = _default_time(name, row)
        return values

    return bind


def _document(column: Column, value: Any) -> str:
    if column.timed:
        value = [
            {
                key: parse_instant(one) if key.endswith("_at") and one is not None else one
                for key, one in item.items()
            }
            for item in value
        ]
    return json.dumps(value)


def _default_time(name: str, row: Mapping[str, Any]) -> int:
    """Return the time of a row that leaves it out; an explicit null stays null."""
    created, updated = (
        next((row[key] for key in keys if row.get(key) is not None), None)
        for keys in (("created_at", "createdAt"), ("updated_at", "updatedAt"))
    )
    if name.startswith("created"):
        return DEFAULT_TIME if updated is None else min(DEFAULT_TIME, parse_instant(updated))
    return DEFAULT_TIME if created is None else max(DEFAULT_TIME, parse_instant(created))


def _restore(target: PardotObject, values: tuple[Any, ...]) -> Row:
    row: Row = {}
    for column, value in zip(target.stored, values, strict=False):
        if value is not None and column.kind is Kind.JSON:
            row[column.name] = json.loads(value)
        elif value is not None and column.kind in {Kind.BOOLEAN, Kind.FLAG}:
            row[column.name] = bool(value)
        else:
            row[column.name] = value
    if values[-1] is not None:
        row[WIRE] = json.loads(values[-1])
    return row
