"""From Pardot's rows to a stream's records: one decoder per stream, compiled once.

Pardot's JSON has many shapes for one thing (reference A.6): one row is an object and several
are an array, numeric-looking strings come as numbers, booleans as ``1``, ``"true"`` or null,
names in snake_case or camelCase, some nulls as missing keys. Here, and nowhere else, they
become one shape: exactly the selected columns, with the declared types, times in UTC.

A value that does not fit its column's type becomes null and is counted, never raised.

Pure: no I/O. Column types come from the stream's JSON Schema, so a column is declared once.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tap_pardot.records.numbers import Number
from tap_pardot.records.repair import Repaired, as_plain, is_repaired
from tap_pardot.records.values import (
    ConversionError,
    as_list,
    camel_case,
    to_boolean,
    to_date,
    to_integer,
    to_number,
    to_string,
    to_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    Convert = Callable[[Any], Any]
    Read = tuple[str, str, type | None, Convert]

Row = dict[str, Any]


class Decoder:
    """Rows in, records out, for one stream and one selection of columns.

    Args:
        schema: The JSON Schema of a row (an object with ``properties``).
        timestamp: What reads a time: :func:`to_timestamp` of the API user's zone.
        columns: The columns to emit; all when None.
        api_names: By column, the API's names for it where they are not the column's own (in
            snake_case or camelCase), the preferred one first. ``campaign.id`` reaches into a
            nested object; for an array, ``prospects.prospect`` unwraps it.
        on_unknown: Called once for each key of an answer that no column takes.
        texts: Columns that are emitted as text whatever the schema declares. Numbers stay as
            Pardot wrote them, and what does not fit the declared type is kept as it came.
    """

    def __init__(  # noqa: PLR0913
        self,
        schema: Mapping[str, Any],
        timestamp: Convert,
        columns: Iterable[str] | None = None,
        api_names: Mapping[str, Sequence[str]] | None = None,
        on_unknown: Callable[[str], None] | None = None,
        *,
        texts: Collection[str] = (),
    ) -> None:
        properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
        wanted = set(properties if columns is None else columns)
        self.conversion_errors: Counter[str] = Counter()
        """How many values of each column were emitted as null because they did not fit."""
        self.repaired: Counter[str] = Counter()
        """How many values of each column were changed because a warehouse would refuse them."""
        self._on_unknown = on_unknown
        self._known: set[str] = set()
        self._told: set[str] = set()
        self._empty: Row = {}
        self._arrays: list[str] = []
        self._text_arrays: set[str] = set()
        owners = {api: column for column, given in (api_names or {}).items() for api in given[:1]}
        # Per column: its sources (key of the row, key inside it or ""), native type, converter.
        self._columns: list[tuple[str, list[tuple[str, str]], type | None, Convert]] = []
        for name, definition in properties.items():
            # A key that another column is called by is not this one's, however alike they are:
            # the custom field "firstName" beside the standard "first_name".
            sources = [
                (key, inner)
                for key, inner in _sources(name, (api_names or {}).get(name, ()))
                if owners.get(key, name) == name
            ]
            self._known.update(key for key, _ in sources)
            if name not in wanted:
                continue
            kind = kind_of(definition)
            if kind == "array":  # a key is read once, wrapped or not
                sources = list(dict(reversed(sources)).items())[::-1]
            convert = _CONVERTERS.get(kind)
            if kind == "timestamp":
                convert = timestamp
            elif kind == "array":
                self._arrays.append(name)
                if kind_of(definition["items"]) == "string":
                    self._text_arrays.add(name)
                convert = self._array(name, definition["items"], timestamp)
            if name in texts:
                convert = _or_text(None if kind in {"integer", "number"} else convert)
            self._empty[name] = None
            self._columns.append((name, sources, _NATIVE.get(kind), convert or _as_is))
        self._plans: dict[tuple[str, ...], list[Read]] = {}

    def count_repaired(self, key: str) -> None:
        """Count a cell, by the name that the API has for it, whose text was repaired."""
        for name, sources, *_ in self._columns:
            if any(key == source for source, _ in sources):
                self.repaired[name] += 1

    def __call__(self, row: Row) -> Row:
        """Return the record of one row of an answer."""
        keys = tuple(row)
        plan = self._plans.get(keys)
        if plan is None:
            plan = self._plan(keys)
        return self._record(row, plan)

    def for_cells(self, fields: Sequence[str]) -> Callable[[Sequence[Any]], Row]:
        """Return the decoder of a CSV's rows, cells in the order of ``fields``.

        A cell is a text or null, so texts, the most of a prospect, are copied all at once.
        """
        places = {name: place for place, name in enumerate(fields)}
        plan = self._plan(tuple(fields))
        number = Counter(name for name, *_ in plan)
        texts: dict[str, int] = {}
        others: list[tuple[str, int, Convert]] = []
        for name, key, native, convert in plan:
            if native is str and number[name] == 1:
                texts[name] = places[key]
            else:
                others.append((name, places[key], self._cell_reader(name, convert)))
        pick = itemgetter(*texts.values()) if len(texts) > 1 else _tuple_of(*texts.values())
        names, arrays, conversion_errors = tuple(texts), self._arrays, self.conversion_errors

        def record_of(cells: Sequence[Any]) -> Row:
            record = self._empty.copy()
            record.update(zip(names, pick(cells), strict=True))
            for name, place, convert in others:
                cell = cells[place]
                if cell is not None:
                    try:
                        record[name] = convert(cell)
                    except ConversionError:
                        conversion_errors[name] += 1
            for name in arrays:
                if record[name] is None:
                    record[name] = []
            return record

        return record_of

    def _cell_reader(self, name: str, convert: Convert) -> Convert:
        if name in self._text_arrays:
            return _texts_of_cell
        return _split(convert) if name in self._arrays else convert

    def _record(self, row: Any, plan: list[Any]) -> Row:
        record = self._empty.copy()
        for name, key, native, convert in plan:
            value = row[key]
            if value.__class__ is native:
                record[name] = value
            elif value is not None:
                try:
                    value = convert(value)
                except ConversionError:
                    value = self._converted_or_null(name, value, convert)
                if value is not None:
                    record[name] = value
        for name in self._arrays:
            if record[name] is None:
                record[name] = []
        return record

    def _converted_or_null(self, name: str, value: Any, convert: Convert) -> Any:
        """Count a value that does not fit; convert one that only had to be repaired first.

        No converter takes a repaired text, so that other values cost nothing more.
        """
        if is_repaired(value):
            with suppress(ConversionError):
                result = convert(as_plain(value))
                self.repaired[name] += 1
                return result
        self.conversion_errors[name] += 1
        return None

    def knows(self, row: Any) -> bool:
        """Whether this is an object with at least one key that a column takes."""
        return isinstance(row, dict) and not self._known.isdisjoint(row)

    def _plan(self, keys: tuple[str, ...]) -> list[Read]:
        """Return what to read from rows with exactly these keys.

        Rows of one answer nearly always share their keys, so the choice between the names a
        column may have is made once here and not for each row.
        """
        if self._on_unknown is not None:
            for key in keys:
                if key not in self._known and key not in self._told:
                    self._told.add(key)
                    self._on_unknown(key)
        plan: list[Read] = []
        for name, sources, native, convert in self._columns:
            # The preferred name last: what is read later wins, unless it is null.
            for key, inner in reversed(sources):
                if key not in keys:
                    continue
                if name in self._arrays:
                    plan.append((name, key, None, _unwrapped(inner, convert)))
                elif inner:
                    plan.append((name, key, None, _nested(inner, convert)))
                else:
                    plan.append((name, key, native, convert))
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        self._plans[keys] = plan
        return plan

    def _array(self, name: str, items: Mapping[str, Any], timestamp: Convert) -> Convert:
        if kind_of(items) != "object":
            item: Convert = _CONVERTERS.get(kind_of(items), _as_is)
        else:
            item = Decoder(items, timestamp, on_unknown=self._on_unknown)
            # One count for the whole record: errors of an item are counted as "array.column".
            item.conversion_errors = _Prefixed(self.conversion_errors, f"{name}.")
            item.repaired = _Prefixed(self.repaired, f"{name}.")

        def convert(values: list[Any]) -> list[Any]:
            result = []
            for value in values:
                if isinstance(item, Decoder) and not item.knows(value):
                    self.conversion_errors[name] += 1
                    continue
                try:
                    result.append(item(value))
                except ConversionError:
                    found = self._converted_or_null(name, value, item)
                    if found is not None:
                        result.append(found)
            return result

        return convert


class _Prefixed(Counter[str]):
    """A count that is kept in another one under a prefix."""

    def __init__(self, whole: Counter[str], prefix: str) -> None:
        super().__init__()
        self._whole, self._prefix = whole, prefix

    def __setitem__(self, key: str, value: int) -> None:
        self._whole[self._prefix + key] += value - self[key]
        super().__setitem__(key, value)


def kind_of(definition: Mapping[str, Any]) -> str:
    """Return what a JSON Schema declares: string, timestamp, date, integer, ..., or "" for open."""
    declared = definition.get("type", ())
    types = {declared} if isinstance(declared, str) else set(declared)
    types.discard("null")
    if len(types) != 1:
        return ""
    kind = str(types.pop())
    if kind == "string":
        form = definition.get("format")
        return _FORMATS.get(form, kind) if isinstance(form, str) else kind
    return kind


def _sources(name: str, declared: Sequence[str]) -> list[tuple[str, str]]:
    names = dict.fromkeys((*declared, name, camel_case(name)))
    return [(key, inner) for key, _, inner in (api.partition(".") for api in names)]


def _nested(inner: str, convert: Convert) -> Convert:
    def reach(value: Any) -> Any:
        if isinstance(value, dict):
            found = value.get(inner)
            return None if found is None else convert(found)
        if value in ([], ""):  # how an empty object is written where arrays and objects are one
            return None
        raise ConversionError

    return reach


def _unwrapped(inner: str, convert: Convert) -> Convert:
    def unwrap(value: Any) -> Any:
        if inner and isinstance(value, dict) and inner in value:
            value = value[inner]
        # None leaves room for another name of the column; {} is an empty list's other spelling.
        return convert(as_list(None if value == {} else value)) or None

    return unwrap


def _or_text(convert: Convert | None) -> Convert:
    """Return what converts a value, or makes text of what does not fit; all, without a converter.

    A repaired text is not taken, so that it is counted.
    """

    def convert_or_keep(value: Any) -> Any:
        if convert is not None:
            with suppress(ConversionError):
                return convert(value)
        if is_repaired(value):
            raise ConversionError
        return to_text(value)

    return convert_or_keep


def _split(convert: Convert) -> Convert:
    """Several values in one cell are separated by semicolons."""
    return lambda cell: convert([value.strip() for value in cell.split(";")])


def _texts_of_cell(cell: str) -> list[str]:
    return [text.strip() for text in cell.split(";")] if ";" in cell else [cell.strip()]


def _tuple_of(*places: int) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """As ``itemgetter``, which needs one place at least, and gives no tuple for one."""
    return lambda cells: tuple(cells[place] for place in places)


def _as_is(value: Any) -> Any:
    if is_repaired(value):
        raise ConversionError
    return to_number(value) if type(value) is Number else value


def _plain_string(value: Any) -> str:
    if type(value) is Repaired:
        raise ConversionError
    return to_string(value)


_CONVERTERS: dict[str, Convert] = {
    "string": _plain_string,
    "date": to_date,
    "integer": to_integer,
    "number": to_number,
    "boolean": to_boolean,
}
_FORMATS: Mapping[Any, str] = {"date-time": "timestamp", "date": "date"}
_NATIVE: dict[str, type] = {"string": str, "boolean": bool}
_MOST_PLANS = 1000  # prospects' custom fields make many sets of keys
