"""Conversions of one value or one name of an answer.

Converters return None for an empty string that stands for no value. They raise
:class:`ConversionError` for a value that does not fit the type.

Pure: no I/O.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from tap_pardot.records.numbers import Number, exact
from tap_pardot.records.repair import Repaired, is_repaired
from tap_pardot.records.times import OffsetTimes, utc_column_converter, utc_converter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    Convert = Callable[[Any], Any]


class ConversionError(ValueError):
    """A value does not fit its column's type. The error never holds the value."""


def check_strings(values: Sequence[Any]) -> None:
    """Raise an error unless all values are strings or null.

    Raises:
        ConversionError: One is not.
    """
    if not STRINGS.issuperset(map(type, values)):
        raise ConversionError


def as_list(value: Any) -> list[Any]:
    """Return Pardot's one or many as a list. An object is one; null and ``""`` are none."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def snake_case(name: str) -> str:
    """Return the column name of an API name: ``embedCode`` -> ``embed_code``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel_case(name: str) -> str:
    """Return a snake_case name in camelCase: ``embed_code`` -> ``embedCode``."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def to_string(value: Any) -> str:
    """Return a scalar as a string.

    Numbers keep the form that Pardot wrote them in, because Pardot drops the quotes of ``"2024"``.
    """
    if type(value) is str or type(value) is Repaired:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if type(value) is Number:
        return value.text
    if type(value) is float:
        return repr(value)
    raise ConversionError


def json_form(value: Any) -> Any:
    """Return what msgspec encodes in place of a value of an unknown type (its ``enc_hook``)."""
    return msgspec.Raw(value.text.encode()) if isinstance(value, Number) else str(value)


def to_text(value: Any) -> str:
    """Return any JSON value as a string, arrays and objects as JSON."""
    if isinstance(value, (list, dict)):
        return _json.encode(value).decode()
    return to_string(value)


def to_integer(value: Any) -> int | None:
    """Return a whole number, from ``"7"`` and ``7.0`` too; None for ``""``."""
    if type(value) is int and -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    if type(value) is str and len(value) < _SURE_DIGITS and value.isascii() and value.isdecimal():
        return int(value)  # a cell of a CSV
    if value == "":
        return None
    number = value if type(value) is int else _decimal(value)
    if not -LARGEST_INTEGER <= number <= LARGEST_INTEGER or number != int(number):
        raise ConversionError
    return int(number)


def to_number(value: Any) -> float | int | None:
    """Return a finite number with all its digits; None for ``""``.

    A string may hold a number or a rate such as ``"98.42%"``.
    """
    if type(value) is int and -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    if value == "":
        return None
    text = value.text if type(value) is Number else value
    if type(text) is str and len(text) <= _EXACT and _PLAIN_NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if type(value) is float and isfinite(value):
        return value
    try:
        return exact(_decimal(value.strip().removesuffix("%") if type(value) is str else value))
    except ValueError:
        raise ConversionError from None


def to_boolean(value: Any) -> bool | None:
    """Return a boolean from true, 1, "1", "true", "True" and their opposites; None for ``""``."""
    if value == "":
        return None
    if type(value) is str and value not in _BOOLEANS:
        value = value.strip().lower()
    try:
        return _BOOLEANS[value]
    except (KeyError, TypeError):
        raise ConversionError from None


def to_date(value: Any) -> str | None:
    """Return ``YYYY-MM-DD``, from a string with a time behind the date too; None for ``""``."""
    if value == "":
        return None
    if type(value) is not str:
        raise ConversionError
    return _date(value)


@lru_cache(maxsize=4096)
def _date(text: str) -> str:
    day, _, rest = text.strip().replace("T", " ").partition(" ")
    if not _DATE.fullmatch(day) or (rest and not _TIME.match(rest)):
        raise ConversionError
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        raise ConversionError from None


_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d", re.ASCII)


def _decimal(value: Any) -> Decimal:
    kind = type(value)
    if kind not in _NUMERIC:  # Decimal takes a list for sign, digits and exponent
        raise ConversionError
    if kind is Number:
        value = value.text
    elif kind is str and "_" in value:  # Decimal takes "1_000" for 1000
        raise ConversionError
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ConversionError from None
    if not number.is_finite():
        raise ConversionError
    return number


_NUMERIC = {str, int, float, Number}
_SURE_DIGITS = 19  # an integer of fewer digits always fits
_PLAIN_NUMBER = re.compile(r"[0-9]+\.?[0-9]*")
_EXACT = 15  # a float holds numbers of so many characters exactly
LARGEST_INTEGER = 2**63 - 1
"""What a warehouse's bigint holds."""
STRINGS = {str, type(None)}
"""The types in a column of strings."""
_BOOLEANS = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
# As keys, 1 and 1.0 equal True; 0 and 0.0 equal False.


class Timestamp:
    """Converts Pardot's times to ISO 8601 in UTC.

    Args:
        zone: The zone of local times; None where each time must carry its offset.
    """

    def __init__(self, zone: ZoneInfo | None) -> None:
        by_offset = OffsetTimes()
        self._convert = by_offset.convert if zone is None else utc_converter(zone)
        self._convert_column = by_offset.column if zone is None else utc_column_converter(zone)

    def __call__(self, value: Any) -> str | None:
        """Return one time; None for an empty string.

        Raises:
            ConversionError: It is not a time.
        """
        if value == "":
            return None
        if type(value) is not str:
            raise ConversionError
        try:
            return self._convert(value)
        except ValueError:
            raise ConversionError from None

    def column(self, values: Sequence[Any]) -> list[str | None]:
        """Return the times of a column; None for empty strings and nulls.

        Raises:
            ValueError: One does not have the usual form, or lies in an hour of a clock change.
        """
        check_strings(values)
        return self._convert_column(values)


def nested(inner: str, convert: Convert) -> Convert:
    """Return the converter of an object, of which the value under one key is wanted."""

    def reach(value: Any) -> Any:
        if isinstance(value, dict):
            found = value.get(inner)
            return None if found is None else convert(found)
        if value in ([], ""):  # an empty object, where arrays and objects are written alike
            return None
        raise ConversionError

    return reach


def unwrapped(inner: str, convert: Convert) -> Convert:
    """Return the converter of an array, which may be wrapped in an object under a key."""

    def unwrap(value: Any) -> Any:
        if inner and isinstance(value, dict) and inner in value:
            value = value[inner]
        # {} is another spelling of an empty list. None leaves the column to its other names.
        return convert(as_list(None if value == {} else value)) or None

    return unwrap


def value_of(values: Mapping[str, Any], convert: Convert | None) -> Convert:
    """Return a converter of values of a fixed set, whose case varies.

    Args:
        values: The result by value in lower case; another value becomes lower case.
        convert: Converts what is not in the set.
    """

    def look_up(value: Any) -> Any:
        text = value.lower() if type(value) is str else value
        if type(text) is str and text in values:
            return values[text]
        return text if convert is None else convert(text)

    return look_up


def or_text(convert: Convert | None) -> Convert:
    """Return a converter that makes a string of each value that ``convert`` refuses.

    Without ``convert`` it makes a string of each value. It raises ConversionError for repaired
    strings, so that they are counted.
    """

    def convert_or_stringify(value: Any) -> Any:
        if convert is not None:
            with suppress(ConversionError):
                return convert(value)
        if is_repaired(value):
            raise ConversionError
        return to_text(value)

    return convert_or_stringify


def split_cell(convert: Convert) -> Convert:
    """Return the converter of a cell, in which semicolons separate several values."""
    return lambda cell: convert([value.strip() for value in cell.split(";")])


def strings_of_cell(cell: str) -> list[str]:
    """Return the strings in a cell, in which semicolons separate several values."""
    return [text.strip() for text in cell.split(";")] if ";" in cell else [cell.strip()]


_json = msgspec.json.Encoder(enc_hook=json_form)
