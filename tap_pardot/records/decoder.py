"""From Pardot's rows to a stream's records: one decoder per stream, which decodes whole blocks.

Pardot writes the same thing in many shapes (reference A.6): one row is an object and several are
an array, strings of digits come as numbers, booleans come as ``1``, ``"true"`` or null, names are
in snake_case or camelCase, and some nulls are missing keys. The decoder makes one shape of all of
them: exactly the selected columns, with the declared types and times in UTC. No other module does.

A value that does not fit its column's type becomes null and is counted. It raises no error.

Column types come from the stream's JSON Schema, so a column is declared once. Pure: no I/O.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import partial
from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.records.block import records_of
from tap_pardot.records.columns import CONVERTERS, string_arrays
from tap_pardot.records.custom_fields import field_value
from tap_pardot.records.keys import keys_by_column
from tap_pardot.records.numbers import Number
from tap_pardot.records.repair import Repaired, as_plain, is_repaired
from tap_pardot.records.values import (
    ConversionError,
    nested,
    or_text,
    split_cell,
    strings_of_cell,
    to_boolean,
    to_date,
    to_integer,
    to_number,
    to_string,
    unwrapped,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from tap_pardot.records.block import Block
    from tap_pardot.records.values import Timestamp

    Convert = Callable[[Any], Any]
    ConvertColumn = Callable[[Sequence[Any]], list[Any]]

Row = dict[str, Any]


class _Column(NamedTuple):
    """What is known of a column before the keys of the rows are.

    Attributes:
        name: The column.
        sources: Where it may come from, the preferred source first: a key of the row, and a key
            inside of that value or ``""``.
        native: The Python type whose values need no conversion, if there is one.
        convert: Converts another value.
        convert_all: Converts all values of a column of the usual form, if there is one.
        flatten: Returns the value in an object or an array, if values may be in one.
    """

    name: str
    sources: list[tuple[str, str]]
    native: type | None
    convert: Convert
    convert_all: ConvertColumn | None
    flatten: Convert | None = None


class Decoder:
    """Makes records of the rows of one stream, for one selection of columns.

    Args:
        schema: The JSON Schema of a row (an object with ``properties``).
        timestamp: The converter of times.
        columns: The columns to emit; all when None.
        api_names: By column, the API's names for it where they are not the column's own (in
            snake_case or camelCase), the preferred one first. ``campaign.id`` reaches into a
            nested object; for an array, ``prospects.prospect`` unwraps it.
        on_unknown: Called once for each key of an answer that belongs to no column.
        texts: Columns that are emitted as strings whatever the schema declares. Numbers stay as
            Pardot wrote them, and a value that does not fit the declared type stays as it came.
        wrapped: The API's names of fields whose values may come as ``{"value": ...}``, or as
            several values where the column takes one (reference C.15, C.16).
        values: By column of a fixed set of values, the column's value by the API's in lower case.
            A value that is not in the mapping becomes lower case.
    """

    def __init__(  # noqa: PLR0913
        self,
        schema: Mapping[str, Any],
        timestamp: Timestamp,
        columns: Iterable[str] | None = None,
        api_names: Mapping[str, Sequence[str]] | None = None,
        on_unknown: Callable[[str], None] | None = None,
        *,
        texts: Collection[str] = (),
        wrapped: Collection[str] = (),
        values: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        properties: Mapping[str, Mapping[str, Any]] = schema["properties"]
        selected = set(properties if columns is None else columns)
        self.conversion_errors: Counter[str] = Counter()
        """How many values of each column were emitted as null because they did not fit."""
        self.repaired: Counter[str] = Counter()
        """How many values of each column were changed because a warehouse would refuse them."""
        self._timestamp = timestamp
        self._on_unknown = on_unknown
        self._wrapped = frozenset(wrapped)
        self._values = values or {}
        self._reported_keys: set[str] = set()
        sources = keys_by_column(properties, api_names or {})
        self._known_keys = {key for pairs in sources.values() for key, _ in pairs}
        declared = {name: each for name, each in properties.items() if name in selected}
        self._names = tuple(declared)
        self._arrays = [name for name, each in declared.items() if kind_of(each) == "array"]
        self._string_arrays = {
            name for name in self._arrays if kind_of(declared[name]["items"]) == "string"
        }
        self._columns = [
            self._column(name, each, sources[name], as_text=name in texts)
            for name, each in declared.items()
        ]
        self._plans: dict[frozenset[str], list[tuple[str, _Column]]] = {}

    def _column(
        self,
        name: str,
        definition: Mapping[str, Any],
        sources: list[tuple[str, str]],
        *,
        as_text: bool,
    ) -> _Column:
        kind = kind_of(definition)
        convert = self._timestamp if kind == "timestamp" else _CONVERTERS.get(kind)
        convert_all = self._timestamp.column if kind == "timestamp" else CONVERTERS.get(kind)
        if kind == "array":
            # Read each key once, whether it is wrapped or not.
            sources = list(dict(reversed(sources)).items())[::-1]
            convert = self._array_converter(name, definition["items"])
            convert_all = string_arrays if name in self._string_arrays else None
        if kind == "object" and "properties" in definition:
            convert = self._item_decoder(name, definition)
        if name in self._values:
            return _Column(name, sources, None, value_of(self._values[name], convert), None)
        if as_text:
            convert_all = convert_all if kind == "string" else None
            convert = or_text(None if kind in {"integer", "number"} else convert)
        return _Column(name, sources, _NATIVE.get(kind), convert or _unchanged, convert_all)

    def count_repaired(self, key: str) -> None:
        """Count a CSV cell whose characters were repaired, by the API's name of its column."""
        for name, sources, *_ in self._columns:
            if any(key == source for source, _ in sources):
                self.repaired[name] += 1

    def __call__(self, row: Row) -> Row:
        """Return the record of one row of an answer.

        Raises:
            ConversionError: The row is no object.
        """
        if not isinstance(row, dict):
            raise ConversionError
        return next(records_of(self.block([row])))

    def block(self, rows: Sequence[Row]) -> Block:
        """Return the records of rows of an answer: JSON objects, at least one."""
        keys = frozenset().union(*rows)
        plan = self._plan(keys)
        values = _columns_of(rows, keys, [key for key, _ in plan])
        pairs = zip(plan, values, strict=True)
        columns = ((column.name, self._converted(column, each)) for (_, column), each in pairs)
        return self._whole(columns, len(rows))

    def for_cells(self, fields: Sequence[str]) -> Callable[[Sequence[Sequence[Any]]], Block]:
        """Return the decoder of a CSV's columns, which are in the order of ``fields``.

        A cell is a string; an empty one, or None, is null.
        """
        places = {name: place for place, name in enumerate(fields)}
        plan = [
            (places[key], self._of_one_cell(each)) for key, each in self._plan(frozenset(fields))
        ]

        def block_of(cells: Sequence[Sequence[Any]]) -> Block:
            columns = ((each.name, self._of_cells(each, cells[place])) for place, each in plan)
            return self._whole(columns, len(cells[0]))

        return block_of

    def _of_cells(self, column: _Column, cells: Sequence[Any]) -> list[Any]:
        """Return the converted values of a column of cells."""
        if column.native is str:
            return [cell or None for cell in cells]
        if column.convert_all is None:
            cells = [cell or None for cell in cells]
        return self._converted(column, cells)

    def _of_one_cell(self, column: _Column) -> _Column:
        """Return a column whose values are cells, in which an array is one string."""
        if column.name not in self._arrays:
            return column
        of_strings = column.name in self._string_arrays
        convert = strings_of_cell if of_strings else split_cell(column.convert)
        return column._replace(convert=convert, convert_all=None)

    def _whole(self, columns: Iterable[tuple[str, list[Any]]], size: int) -> Block:
        """Return a block of all columns; a later value replaces an earlier one, unless null."""
        block: Block = {}
        for name, values in columns:
            if name in block:
                pairs = zip(block[name], values, strict=True)
                block[name] = [old if new is None else new for old, new in pairs]
            else:
                block[name] = values
        for name in self._arrays:
            block[name] = [value or [] for value in block.get(name, [None] * size)]
        return {name: block.get(name) or [None] * size for name in self._names}

    def _converted(self, column: _Column, values: Sequence[Any]) -> list[Any]:
        """Return the converted values of a column, all at once if they have the usual form."""
        if column.convert_all is not None:
            with suppress(ValueError):
                return column.convert_all(values)
        flatten = column.flatten
        if flatten is not None and not _NESTED.isdisjoint(map(type, values)):
            return self._converted(column._replace(flatten=None), [*map(flatten, values)])
        return [self._value(column, value) for value in values]

    def _value(self, column: _Column, value: Any) -> Any:
        if value is None or value.__class__ is column.native:
            return value
        try:
            return column.convert(value)
        except ConversionError:
            return self._repaired_or_null(column.name, value, column.convert)

    def _repaired_or_null(self, name: str, value: Any, convert: Convert) -> Any:
        """Return a repaired value converted, or None for one that does not fit; count both.

        Converters raise ConversionError for repaired strings too, so that other values need no
        check for them.
        """
        if is_repaired(value):
            with suppress(ConversionError):
                result = convert(as_plain(value))
                self.repaired[name] += 1
                return result
        self.conversion_errors[name] += 1
        return None

    def matches(self, row: Any) -> bool:
        """Whether this is an object with at least one key that belongs to a column."""
        return isinstance(row, dict) and not self._known_keys.isdisjoint(row)

    def _plan(self, keys: frozenset[str]) -> list[tuple[str, _Column]]:
        """Return the keys to read from rows with these keys, each with its column.

        The rows of an answer nearly always have the same keys. So the choice among a column's
        names is made once for a set of keys.
        """
        plan = self._plans.get(keys)
        if plan is not None:
            return plan
        self._report_unknown(keys)
        plan = []
        for column in self._columns:
            # The preferred name comes last: a later value replaces an earlier one, unless null.
            for key, inner in reversed(column.sources):
                if key not in keys:
                    continue
                found = column
                if column.name in self._arrays:
                    found = found._replace(convert=unwrapped(inner, column.convert))
                elif inner:
                    reach = nested(inner, column.convert)
                    found = found._replace(native=None, convert=reach, convert_all=None)
                if key in self._wrapped:
                    several = column.name in self._arrays
                    found = found._replace(flatten=partial(field_value, several=several))
                plan.append((key, found))
        if len(self._plans) >= _MAX_PLANS:
            self._plans.clear()
        self._plans[keys] = plan
        return plan

    def _report_unknown(self, keys: Iterable[str]) -> None:
        if self._on_unknown is None:
            return
        for key in sorted(keys):
            if key not in self._known_keys and key not in self._reported_keys:
                self._reported_keys.add(key)
                self._on_unknown(key)

    def _item_decoder(self, name: str, definition: Mapping[str, Any]) -> Decoder:
        """Return the decoder of objects in a column; errors are counted as "column.key"."""
        decoder = Decoder(definition, self._timestamp, on_unknown=self._on_unknown)
        decoder.conversion_errors = _PrefixedCounter(self.conversion_errors, f"{name}.")
        decoder.repaired = _PrefixedCounter(self.repaired, f"{name}.")
        return decoder

    def _array_converter(self, name: str, items: Mapping[str, Any]) -> Convert:
        item = _CONVERTERS.get(kind_of(items), _unchanged)
        matches: Callable[[Any], bool] | None = None
        if kind_of(items) == "object":
            item = decoder = self._item_decoder(name, items)
            matches = decoder.matches

        def convert(values: list[Any]) -> list[Any]:
            result = []
            for value in values:
                if matches is not None and not matches(value):
                    self.conversion_errors[name] += 1
                    continue
                try:
                    result.append(item(value))
                except ConversionError:
                    found = self._repaired_or_null(name, value, item)
                    if found is not None:
                        result.append(found)
            return result

        return convert


class _PrefixedCounter(Counter[str]):
    """A counter that adds to another counter, under keys with a prefix."""

    def __init__(self, total: Counter[str], prefix: str) -> None:
        super().__init__()
        self._total, self._prefix = total, prefix

    def __setitem__(self, key: str, value: int) -> None:
        self._total[self._prefix + key] += value - self[key]
        super().__setitem__(key, value)


def kind_of(definition: Mapping[str, Any]) -> str:
    """Return what a JSON Schema declares.

    Returns:
        A JSON Schema type, ``timestamp`` or ``date`` for strings with that format, or ``""`` where
        no single type is declared. Null does not count.
    """
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


def _columns_of(
    rows: Sequence[Row], keys: Collection[str], wanted: Sequence[str]
) -> Iterable[Sequence[Any]]:
    """Return the values of the wanted keys by column, of rows that have some of all keys."""
    if len(wanted) > 1 and sum(map(len, rows)) == len(keys) * len(rows):
        return zip(*map(itemgetter(*wanted), rows), strict=True)
    return ([*map(dict.get, rows, repeat(key))] for key in wanted)


def _unchanged(value: Any) -> Any:
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
_NESTED = {dict, list}
_NATIVE: dict[str, type] = {"string": str, "boolean": bool}
_MAX_PLANS = 1000  # prospects' custom fields make many sets of keys
