"""Makes columns of Pardot's descriptions of custom fields.

Pure: no I/O. Types are those of reference E.2 (numbers and names of custom field types), and
C.15 for what ``describe`` returns for prospect accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.records import repair
from tap_pardot.records.values import (
    ConversionError,
    as_list,
    snake_case,
    to_boolean,
    to_integer,
    to_string,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

STRING: Mapping[str, Any] = {"type": ["string", "null"]}
NUMBER: Mapping[str, Any] = {"type": ["number", "null"]}
DATE: Mapping[str, Any] = {"type": ["string", "null"], "format": "date"}
STRINGS: Mapping[str, Any] = {"type": ["array", "null"], "items": {"type": ["string", "null"]}}

# Checkbox and Multi-Select hold one value or several, whatever the field is set to (E.2, C.16).
# In one string, two values would look like one value with a semicolon in it.
_BY_ID = {3: STRINGS, 6: STRINGS, 8: NUMBER, 12: DATE}
_BY_NAME = {
    "checkbox": STRINGS,
    "multi-select": STRINGS,
    "multiselect": STRINGS,
    "number": NUMBER,
    "integer": NUMBER,
    "float": NUMBER,
    "date": DATE,
}


_SEVERAL = ("is_record_multiple_responses", "isRecordMultipleResponses")
"""The names of the flag of a field that holds several values."""


class Field(NamedTuple):
    """A custom field as the API names it, and the JSON Schema of its values."""

    api_name: str
    label: str
    schema: Mapping[str, Any]


def of_prospects(rows: Iterable[Mapping[str, Any]]) -> Iterator[Field]:
    """Yield the fields in rows of the query of custom fields, by any version of the API."""
    for row in rows:
        name = _text(row.get("field_id") or row.get("fieldId"))
        if not _can_be_requested(name):
            continue
        schema = _BY_ID.get(_number(row.get("type_id"))) or _by_name(row.get("type"))
        if any(map(_is_true, map(row.get, _SEVERAL))):
            schema = STRINGS
        yield Field(name, _text(row.get("name")), schema)


def of_accounts(fields: Any) -> Iterator[Field]:
    """Yield the fields in an answer of ``describe``."""
    for each in as_list(fields):
        attributes = each.get("@attributes", each) if isinstance(each, dict) else {}
        name = _text(attributes.get("id"))
        if _can_be_requested(name):
            yield Field(name, _text(attributes.get("label")), _by_name(attributes.get("type")))


def columns(
    fields: Iterable[Field], standard: Collection[str], computed: Collection[str] = ()
) -> tuple[dict[str, dict[str, Any]], dict[str, tuple[str, ...]]]:
    """Return the columns of custom fields, and by column the API's name.

    Args:
        fields: The account's custom fields.
        standard: The columns of the stream itself. A custom field with the API name of one is that
            column. A custom field whose column name is taken gets the suffix ``_custom``.
        computed: The standard columns that the tap computes. They are not fields of Pardot, so a
            custom field with such a name is a field of its own.
    """
    schemas: dict[str, dict[str, Any]] = {}
    api_names: dict[str, tuple[str, ...]] = {}
    seen = set(standard) - set(computed)
    for field in fields:
        if field.api_name in seen:
            continue
        seen.add(field.api_name)
        column = snake_case(field.api_name)
        renamed = False
        while column in standard or column in schemas:
            column += "_custom"
            renamed = True
        note = " Renamed, since its name was taken." if renamed else ""
        description = f"{field.label} (custom field {field.api_name}).{note}".lstrip()
        schemas[column] = {**field.schema, "description": description}
        api_names[column] = (field.api_name,)
    return schemas, api_names


def field_value(value: Any, *, several: bool) -> Any:
    """Return a field's value from a query's row, where it may be ``{"value": ...}`` (C.16).

    Args:
        value: The value in the row.
        several: Whether the column is an array. Other columns get several values in one string.
    """
    if isinstance(value, dict):
        value = value.get("value")
    if several or not isinstance(value, list):
        return value
    return joined(value)


def joined(values: Iterable[Any]) -> str | None:
    """Return several values in one string, as an export has them; None for no value."""
    texts = [_text(each) for each in values if each is not None]
    return repair.joined(texts) if texts else None


def _can_be_requested(name: str) -> bool:
    # Pardot does not know a repaired name, and would refuse the whole request.
    return bool(name) and type(name) is not repair.Repaired


def _by_name(name: Any) -> Mapping[str, Any]:
    return _BY_NAME.get(_text(name).strip().lower(), STRING)


def _text(value: Any) -> str:
    try:
        return "" if value is None else to_string(value)
    except ConversionError:
        return ""


def _number(value: Any) -> int:
    try:
        return 0 if value is None else to_integer(value) or 0
    except ConversionError:
        return 0


def _is_true(value: Any) -> bool:
    try:
        return bool(value is not None and to_boolean(value))
    except ConversionError:
        return False
