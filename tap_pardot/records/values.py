"""One value or one name of a Pardot answer, converted to a column's type.

A converter returns None for the empty string where that stands for no value, and raises
:class:`ConversionError` for a value that does not fit.

Pure: no I/O.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec

from tap_pardot.records.numbers import Number, exact
from tap_pardot.records.repair import Repaired
from tap_pardot.records.times import utc_converter

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo


class ConversionError(ValueError):
    """A value that does not fit its column's type. Never carries the value."""


def as_list(value: Any) -> list[Any]:
    """Return Pardot's one-or-many as a list: an object is one, null or ``""`` none."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def snake_case(name: str) -> str:
    """Return the column name of an API name: ``embedCode`` -> ``embed_code``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel_case(name: str) -> str:
    """Return the camelCase twin of a snake_case name: ``embed_code`` -> ``embedCode``."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def to_string(value: Any) -> str:
    """Return text; numbers as Pardot wrote them, since it drops the quotes of ``"2024"``."""
    kind = type(value)
    if kind is str or kind is Repaired:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is Number:
        return value.text  # type: ignore[no-any-return]
    if kind is float:
        return repr(value)
    raise ConversionError


def json_form(value: Any) -> Any:
    """Return a value that msgspec does not know as one that it does, for its ``enc_hook``."""
    return msgspec.Raw(value.text.encode()) if isinstance(value, Number) else str(value)


def to_text(value: Any) -> str:
    """Return any JSON value as text; arrays and objects as JSON."""
    if isinstance(value, (list, dict)):
        return _json.encode(value).decode()
    return to_string(value)


def to_integer(value: Any) -> int | None:
    """Return a whole number, also from ``"7"`` and ``7.0``; None from ``""``."""
    if type(value) is int and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
        return value
    if type(value) is str and len(value) < _SURE_DIGITS and value.isascii() and value.isdecimal():
        return int(value)  # a cell of a CSV
    if value == "":
        return None
    number = value if type(value) is int else _decimal(value)
    if not -_LARGEST_INTEGER <= number <= _LARGEST_INTEGER or number != int(number):
        raise ConversionError
    return int(number)


def to_number(value: Any) -> float | int | None:
    """Return a finite number with all its digits; None from ``""``.

    Also from text and from a rate such as ``"98.42%"``.
    """
    kind = type(value)
    if kind is int and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
        return value  # type: ignore[no-any-return]
    if value == "":
        return None
    if kind is str and len(value) <= _EXACT and _PLAIN_NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    if kind is float and isfinite(value):
        return value  # type: ignore[no-any-return]
    try:
        return exact(_decimal(value.strip().removesuffix("%") if kind is str else value))
    except ValueError:
        raise ConversionError from None


def to_boolean(value: Any) -> bool | None:
    """Return a boolean from true, 1, "1", "true", "True" and their opposites; None from ``""``."""
    if value == "":
        return None
    if type(value) is str and value not in _BOOLEANS:
        value = value.strip().lower()
    try:
        return _BOOLEANS[value]
    except (KeyError, TypeError):
        raise ConversionError from None


def to_date(value: Any) -> str | None:
    """Return ``YYYY-MM-DD``, also of a text with a time behind it; None from ``""``."""
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
    if kind not in _NUMERIC:  # Decimal would take a list for sign, digits, exponent
        raise ConversionError
    if kind is Number:
        value = value.text
    elif kind is str and "_" in value:  # Decimal would take "1_000" for 1000
        raise ConversionError
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ConversionError from None
    if not number.is_finite():
        raise ConversionError
    return number


_NUMERIC = {str, int, float, Number}
_SURE_DIGITS = 19  # fewer digits than this always fit
_PLAIN_NUMBER = re.compile(r"[0-9]+\.?[0-9]*")
_EXACT = 15  # characters of a number that a float holds exactly
_LARGEST_INTEGER = 2**63 - 1  # what a warehouse's bigint holds
_BOOLEANS = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}
# 1 and 0 are True and False as keys, and so are 1.0 and 0.0.


def to_timestamp(zone: ZoneInfo) -> Callable[[Any], str | None]:
    """Return the converter from Pardot's local times in ``zone`` to UTC text."""
    convert = utc_converter(zone)

    def timestamp(value: Any) -> str | None:
        if value == "":
            return None
        if type(value) is not str:
            raise ConversionError
        try:
            return convert(value)
        except ValueError:
            raise ConversionError from None

    return timestamp


_json = msgspec.json.Encoder(enc_hook=json_form)
