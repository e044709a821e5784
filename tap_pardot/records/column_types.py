"""Columns as the catalog declares them, where that differs from the stream's own declaration.

A catalog may retype a column (Meltano's ``schema`` extra, a catalog of an older tap). Records are
decoded by the stream's own declaration first, because windows, cursors and children need instants
and ids. What is emitted is converted from there, as the last step:

* text takes anything, arrays and objects as JSON;
* a time as a date is its UTC day, a date as a time is midnight UTC;
* integer, number and boolean take what converts;
* a value that does not convert becomes null and is counted; the schema that goes out takes null;
* an array or object cannot be made of a scalar, nor an array of an object or an object of an
  array: that is a configuration error.

Pure: no I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_pardot.records.decoder import kind_of
from tap_pardot.records.values import (
    ConversionError,
    to_boolean,
    to_date,
    to_integer,
    to_number,
    to_text,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Convert = Callable[[Any], Any]
    Record = dict[str, Any]

_STRUCTURES = {"array", "object"}
_NULL = "null"
_SCALARS = {"string", "integer", "number", "boolean", _NULL}
_ALTERNATIVES = ("oneOf", "anyOf", "allOf")
_TYPING = ("format", "type", *_ALTERNATIVES)
_FORMATS_OF_TEXT = ("date", "date-time")
_LENGTH_OF_A_DATE = 10
_DEEPEST = 20  # alternatives inside alternatives


class Mismatch(ValueError):
    """A column that cannot be emitted as the catalog declares it; the text names both types."""


def declared_kind(definition: Mapping[str, Any], own: str) -> str:
    """Return what a catalog's JSON Schema declares, in the words of ``kind_of``.

    Args:
        definition: The column's schema; may offer alternatives (a list of types, ``oneOf``,
            ``anyOf``). The own kind is preferred among them, then text, then what a value of the
            own kind can become.
        own: The kind that the stream itself declares.

    Returns:
        A kind; the own one where none is declared, or only null.
    """
    kinds = [kind for kind in dict.fromkeys(_kinds(definition)) if kind != _NULL]
    for kind in (own, "string", *_NEAREST.get(own, ())):
        if kind in kinds:
            return kind
    return min(kinds, key=lambda kind: kind in _STRUCTURES, default=own)


def _kinds(definition: Any, depth: int = 0) -> Iterator[str]:
    if not isinstance(definition, dict) or depth > _DEEPEST:
        return
    types = definition.get("type")
    if types is None and definition.get("format") in _FORMATS_OF_TEXT:
        types = "string"
    for each in types if isinstance(types, list) else [types]:
        if isinstance(each, str):
            yield each if each == _NULL else kind_of({**definition, "type": each})
    for word in _ALTERNATIVES:
        alternatives = definition.get(word)
        for each in alternatives if isinstance(alternatives, list) else ():
            yield from _kinds(each, depth + 1)


def _part(definition: Mapping[str, Any], kind: str, depth: int = 0) -> Mapping[str, Any]:
    """Return what declares a structure: the definition itself, or one of its alternatives."""
    for word in _ALTERNATIVES:
        alternatives = definition.get(word)
        for each in alternatives if isinstance(alternatives, list) and depth < _DEEPEST else ():
            if kind in _kinds(each):
                return _part(each, kind, depth + 1)
    return definition


def without_invalid_keywords(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema without each ``format``, ``type`` or list of alternatives that is none.

    Meltano writes ``format: null`` as ``{}``, which validators of targets cannot read. Where a
    schema must be an object, anything else says nothing.
    """
    cleaned = {word: value for word, value in schema.items() if not _is_odd(word, value)}
    for word, value in cleaned.items():
        if word == "properties":
            cleaned[word] = {name: _cleaned(each) for name, each in value.items()}
        elif word == "items":
            cleaned[word] = _cleaned(value)
        elif word in _ALTERNATIVES:
            cleaned[word] = [_cleaned(each) for each in value]
    return cleaned


def _is_odd(word: str, value: Any) -> bool:
    if word == "type":
        types = value if isinstance(value, list) else [value]
        known = {*_SCALARS, *_STRUCTURES}
        return not types or not all(isinstance(each, str) and each in known for each in types)
    if word in _ALTERNATIVES:
        return not isinstance(value, list) or not value
    if word == "properties":
        return not isinstance(value, dict)
    return word == "format" and not isinstance(value, str)


def _cleaned(schema: Any) -> dict[str, Any]:
    return without_invalid_keywords(schema) if isinstance(schema, dict) else {}


def with_nulls(
    own: Mapping[str, Any], catalog: Mapping[str, Any], *, is_item: bool = False
) -> dict[str, Any]:
    """Return a column's schema of the catalog, which takes null where the stream's own does.

    Otherwise a target would refuse the column's nulls: those of Pardot, and those that values
    become that do not convert.

    Args:
        own: The schema as the stream declares it.
        catalog: The schema as the catalog declares it.
        is_item: Whether it is that of an array's items, which may fail to convert, too.
    """
    kind, schema = kind_of(own), {**catalog}
    wanted = declared_kind(catalog, kind)
    if {*_kinds(catalog)} <= {_NULL} and "$ref" not in catalog:
        # Nothing is declared (Meltano replaces a column by what its schema extra says), or only
        # null, as in a schema made from a sample without a value.
        schema = {**own, **{word: schema[word] for word in schema if word not in _TYPING}}
    elif not any(word in schema for word in ("$ref", "type", *_ALTERNATIVES)):
        schema["type"] = "string"  # a date or a time, of which only the format is told
    if _NULL in own.get("type", ()) or (is_item and wanted != kind):
        _add_null(schema)
    items, properties = schema.get("items"), schema.get("properties")
    if wanted == kind == "array" and isinstance(items, dict):
        schema["items"] = with_nulls(own["items"], items, is_item=True)
    if wanted == kind == "object" and isinstance(properties, dict):
        mine = own.get("properties", {})
        schema["properties"] = {
            name: with_nulls(mine[name], each) if name in mine and isinstance(each, dict) else each
            for name, each in properties.items()
        }
    return schema


def _add_null(schema: dict[str, Any]) -> None:
    types = schema.get("type")
    if types is not None:
        listed = types if isinstance(types, list) else [types]
        schema["type"] = types if _NULL in listed else [*listed, _NULL]
        return
    for word in ("oneOf", "anyOf"):
        if word in schema and _NULL not in _kinds(schema):
            schema[word] = [*schema[word], {"type": _NULL}]


def conversions(
    own: Mapping[str, Any],
    catalog: Mapping[str, Any],
    columns: Iterable[str],
    timestamp: Convert,
    conversion_errors: Counter[str],
) -> dict[str, Convert]:
    """Return by column what makes the emitted value of the decoded one; empty if nothing differs.

    Args:
        own: Column schemas as the stream declares them.
        catalog: Column schemas as the catalog declares them.
        columns: The columns to emit.
        timestamp: What reads a time, for strings that are emitted as times.
        conversion_errors: Counts the values of each column that do not convert and become null.

    Raises:
        Mismatch: A column cannot be emitted as the catalog declares it.
    """
    found: dict[str, Convert] = {}
    for name in columns:
        try:
            convert = _conversion(name, own[name], catalog.get(name), timestamp, conversion_errors)
        except Mismatch as mismatch:
            raise Mismatch(f"column {name} is {mismatch}") from None
        if convert is not None:
            found[name] = convert
    return found


def converted(record: Record, conversions: Mapping[str, Convert]) -> Record:
    """Return a record with its values converted; changes it in place."""
    for name, convert in conversions.items():
        if record.get(name) is not None:
            record[name] = convert(record[name])
    return record


def _conversion(
    name: str,
    own: Mapping[str, Any],
    catalog: Any,
    timestamp: Convert,
    conversion_errors: Counter[str],
) -> Convert | None:
    """Return what converts one column's values; None where nothing is to be done."""
    catalog = catalog if isinstance(catalog, dict) else {}
    kind = kind_of(own)
    wanted = declared_kind(catalog, kind)
    if wanted == kind == "array":
        return _items(name, own, catalog, timestamp, conversion_errors)
    if wanted == kind == "object":
        return _properties(name, own, catalog, timestamp, conversion_errors)
    if wanted in _STRUCTURES and kind not in {wanted, ""}:
        raise Mismatch(f"{_article(kind)} and cannot be emitted as {_article(wanted)}")
    if wanted == kind or wanted in _STRUCTURES:
        return None
    convert = to_text if wanted == "string" else _scalar(kind, wanted, timestamp)
    return _counted(name, convert, conversion_errors)


def _counted(name: str, convert: Convert, conversion_errors: Counter[str]) -> Convert:
    def convert_or_count(value: Any) -> Any:
        try:
            return convert(value)
        except ConversionError:
            conversion_errors[name] += 1
            return None

    return convert_or_count


def _items(
    name: str,
    own: Mapping[str, Any],
    catalog: Any,
    timestamp: Convert,
    conversion_errors: Counter[str],
) -> Convert | None:
    items = _part(catalog, "array").get("items")
    try:
        convert = _conversion(name, own["items"], items, timestamp, conversion_errors)
    except Mismatch as mismatch:
        raise Mismatch(f"an array whose item is {mismatch}") from None
    if convert is None:
        return None
    each = convert
    return lambda values: [None if value is None else each(value) for value in values]


def _properties(
    name: str,
    own: Mapping[str, Any],
    catalog: Any,
    timestamp: Convert,
    conversion_errors: Counter[str],
) -> Convert | None:
    part = _part(catalog, "object")
    mine, wanted = own.get("properties", {}), part.get("properties")
    if not isinstance(wanted, dict):
        return None
    inner: dict[str, Convert] = {}
    for each in mine:
        convert = _conversion(
            f"{name}.{each}", mine[each], wanted.get(each), timestamp, conversion_errors
        )
        if convert is not None:
            inner[each] = convert
    if part.get("additionalProperties") is False and (cut := mine.keys() - wanted):
        return lambda record: converted({k: v for k, v in record.items() if k not in cut}, inner)
    return (lambda record: converted({**record}, inner)) if inner else None


def _scalar(kind: str, wanted: str, timestamp: Convert) -> Convert:
    """Return what converts between two kinds of scalars; raises :class:`ConversionError`."""
    if wanted == "date":
        return {"timestamp": _day, "string": to_date}.get(kind, _never)
    if wanted == "timestamp":
        at = {"date": _midnight, "string": lambda text: _instant(text, timestamp)}
        return at.get(kind, _never)
    converter = _NUMERIC.get(wanted)
    if converter is None:
        return _never
    return lambda value: converter(int(value) if value.__class__ is bool else value)


def _never(_: Any) -> Any:
    raise ConversionError


def _day(instant: str) -> str:
    return instant[:_LENGTH_OF_A_DATE]


def _midnight(day: str) -> str:
    return f"{day}T00:00:00+00:00"


def _instant(text: str, timestamp: Convert) -> Any:
    """Return a string as an instant; one that is only a date is midnight UTC."""
    if len(text.strip()) == _LENGTH_OF_A_DATE:
        return _midnight(str(to_date(text)))
    return timestamp(text)


def _article(kind: str) -> str:
    name = {"timestamp": "date-time"}.get(kind, kind)
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


_NEAREST = {
    "timestamp": ("date",),
    "date": ("timestamp",),
    "integer": ("number",),
    "boolean": ("integer", "number"),
}
_NUMERIC: dict[str, Convert] = {
    "integer": to_integer,
    "number": to_number,
    "boolean": to_boolean,
}
