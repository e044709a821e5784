"""Conversion of columns that the catalog declares with another type than the stream does.

A catalog may retype a column (Meltano's ``schema`` extra, a catalog of an older tap). Records are
decoded by the stream's own declaration first, because windows, cursors and children need instants
and ids. Just before a record is emitted, its values are converted to the catalog's types:

* Any value converts to a string, arrays and objects to JSON.
* A time converts to its date in UTC, a date to midnight UTC.
* Integers, numbers and booleans convert where the value allows it.
* A value that does not convert becomes null and is counted. The emitted schema allows null.
* A scalar does not convert to an array or an object. An array does not convert to an object, nor
  an object to an array. Such a catalog is refused.

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

    from tap_pardot.records.block import Block

    Convert = Callable[[Any], Any]
    Record = dict[str, Any]

_STRUCTURES = {"array", "object"}
_NULL = "null"
_SCALARS = {"string", "integer", "number", "boolean", _NULL}
_ALTERNATIVES = ("oneOf", "anyOf", "allOf")
_TYPING = ("format", "type", *_ALTERNATIVES)
_STRING_FORMATS = ("date", "date-time")
_LENGTH_OF_A_DATE = 10
_DEEPEST = 20  # alternatives inside alternatives


class Mismatch(ValueError):
    """A column cannot be emitted as the catalog declares it. The message names both types."""


def declared_kind(definition: Mapping[str, Any], own: str) -> str:
    """Return the kind that a catalog's JSON Schema declares, as ``kind_of`` names it.

    Args:
        definition: The column's schema. It may offer alternatives (a list of types, ``oneOf``,
            ``anyOf``). Among them the stream's own kind is preferred, then string, then a kind
            that values of the own kind convert to.
        own: The kind that the stream itself declares.

    Returns:
        A kind; ``own`` where the schema declares none, or only null.
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
    if types is None and definition.get("format") in _STRING_FORMATS:
        types = "string"
    for each in types if isinstance(types, list) else [types]:
        if isinstance(each, str):
            yield each if each == _NULL else kind_of({**definition, "type": each})
    for word in _ALTERNATIVES:
        alternatives = definition.get(word)
        for each in alternatives if isinstance(alternatives, list) else ():
            yield from _kinds(each, depth + 1)


def _part(definition: Mapping[str, Any], kind: str, depth: int = 0) -> Mapping[str, Any]:
    """Return the schema of an array or object: the definition, or one of its alternatives."""
    for word in _ALTERNATIVES:
        alternatives = definition.get(word)
        for each in alternatives if isinstance(alternatives, list) and depth < _DEEPEST else ():
            if kind in _kinds(each):
                return _part(each, kind, depth + 1)
    return definition


def without_invalid_keywords(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema without invalid values of ``format``, ``type`` and alternatives.

    Meltano writes ``format: null`` as ``{}``, which validators of targets cannot read. A value
    that should be a schema and is no object becomes the empty schema.
    """
    cleaned = {word: value for word, value in schema.items() if not _is_invalid(word, value)}
    for word, value in cleaned.items():
        if word == "properties":
            cleaned[word] = {name: _cleaned(each) for name, each in value.items()}
        elif word == "items":
            cleaned[word] = _cleaned(value)
        elif word in _ALTERNATIVES:
            cleaned[word] = [_cleaned(each) for each in value]
    return cleaned


def _is_invalid(word: str, value: Any) -> bool:
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
    """Return a column's schema in the catalog, made nullable where the stream's own schema is.

    Otherwise a target would refuse nulls: those of Pardot, and those of values that do not
    convert.

    Args:
        own: The schema as the stream declares it.
        catalog: The schema as the catalog declares it.
        is_item: Whether it is the schema of an array's items. They may become null by conversion.
    """
    kind, schema = kind_of(own), {**catalog}
    wanted = declared_kind(catalog, kind)
    if {*_kinds(catalog)} <= {_NULL} and "$ref" not in catalog:
        # No type is declared (Meltano replaces the whole column by its schema extra), or only null,
        # as in a schema made from a sample without a value.
        schema = {**own, **{word: schema[word] for word in schema if word not in _TYPING}}
    elif not any(word in schema for word in ("$ref", "type", *_ALTERNATIVES)):
        schema["type"] = "string"  # only the format of a date or a time is declared
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
    """Return the converters of columns whose emitted type differs from the declared one.

    Args:
        own: Column schemas as the stream declares them.
        catalog: Column schemas as the catalog declares them.
        columns: The columns to emit.
        timestamp: The converter of times, for strings that are emitted as times.
        conversion_errors: Counts the values of each column that do not convert and become null.

    Returns:
        By column a converter from the decoded value to the emitted one.

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
    """Convert the values of a record in place, and return it."""
    for name, convert in conversions.items():
        if record.get(name) is not None:
            record[name] = convert(record[name])
    return record


def converted_block(block: Block, conversions: Mapping[str, Convert]) -> Block:
    """Return a block with converted values."""
    found = {
        name: [None if value is None else convert(value) for value in block[name]]
        for name, convert in conversions.items()
        if name in block
    }
    return block | found


def _conversion(
    name: str,
    own: Mapping[str, Any],
    catalog: Any,
    timestamp: Convert,
    conversion_errors: Counter[str],
) -> Convert | None:
    """Return the converter of one column's values; None where none is needed."""
    catalog = catalog if isinstance(catalog, dict) else {}
    kind = kind_of(own)
    wanted = declared_kind(catalog, kind)
    if wanted == kind == "array":
        return _items(name, own, catalog, timestamp, conversion_errors)
    if wanted == kind == "object":
        return _properties(name, own, catalog, timestamp, conversion_errors)
    if wanted in _STRUCTURES and kind not in {wanted, ""}:
        raise Mismatch(f"{_with_article(kind)} and cannot be emitted as {_with_article(wanted)}")
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
    """Return the converter of one kind of scalars to another. It raises ConversionError."""
    if wanted == "date":
        return {"timestamp": _day, "string": to_date}.get(kind, _refuse)
    if wanted == "timestamp":
        converters = {"date": _midnight, "string": lambda text: _instant(text, timestamp)}
        return converters.get(kind, _refuse)
    converter = _NUMERIC.get(wanted)
    if converter is None:
        return _refuse
    return lambda value: converter(int(value) if value.__class__ is bool else value)


def _refuse(_: Any) -> Any:
    raise ConversionError


def _day(instant: str) -> str:
    return instant[:_LENGTH_OF_A_DATE]


def _midnight(day: str) -> str:
    return f"{day}T00:00:00+00:00"


def _instant(text: str, timestamp: Convert) -> Any:
    """Return the instant in a string; a date without a time is midnight UTC."""
    if len(text.strip()) == _LENGTH_OF_A_DATE:
        return _midnight(str(to_date(text)))
    return timestamp(text)


def _with_article(kind: str) -> str:
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
