"""Conversion of a column of values at once.

Nearly all values of a column have one form. The functions here convert a column of that form, and
raise :class:`ConversionError` (or another ``ValueError``) for a column with any other value. The
decoder converts such a column value by value, with the converters of ``records.values``, so both
ways must agree. The empty string is null, except in a column of strings.

Pure: no I/O.
"""

from __future__ import annotations

from itertools import chain
from math import isfinite
from typing import TYPE_CHECKING, Any

from tap_pardot.records.values import (
    LARGEST_INTEGER,
    STRINGS,
    ConversionError,
    check_strings,
    to_boolean,
    to_date,
    to_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Values = Sequence[Any]
    ConvertColumn = Callable[[Values], list[Any]]

_INTEGERS = {int, type(None)}
_BOOLEANS = {bool, type(None)}
_ZERO_OR_ONE = {None: None, 0: False, 1: True}
_NUMBERS = {int, float, type(None)}
_ARRAYS = {list, str, type(None)}


def strings(values: Values) -> list[Any]:
    """Return strings as they are; errors as of the module."""
    check_strings(values)
    return list(values)


def integers(values: Values) -> list[Any]:
    """Return whole numbers, of integers or of strings of digits; errors as of the module."""
    kinds = set(map(type, values))
    if _INTEGERS.issuperset(kinds):
        _check_range([value for value in values if value is not None])
        return list(values)
    if not STRINGS.issuperset(kinds):
        raise ConversionError
    distinct = [value for value in set(values) if value]
    if "_" in "".join(distinct):  # int() reads 1_000
        raise ConversionError
    if len(distinct) == len(values):
        every = list(map(int, values))
        _check_range(every)
        return every
    found = dict(zip(distinct, map(int, distinct), strict=True))
    _check_range([*found.values()])
    return list(map(found.get, values))


def _check_range(found: list[Any]) -> None:
    if found and not -LARGEST_INTEGER <= min(found) <= max(found) <= LARGEST_INTEGER:
        raise ConversionError


def booleans(values: Values) -> list[Any]:
    """Return booleans, of booleans, of 1 and 0 or of strings; errors as of the module."""
    kinds = set(map(type, values))
    if _BOOLEANS.issuperset(kinds):
        return list(values)
    if _INTEGERS.issuperset(kinds) and _ZERO_OR_ONE.keys() >= set(values):
        return list(map(_ZERO_OR_ONE.get, values))
    return _booleans_of_strings(values)


def numbers(values: Values) -> list[Any]:
    """Return numbers, of numbers or of strings; errors as of the module."""
    kinds = set(map(type, values))
    if not _NUMBERS.issuperset(kinds):
        return _numbers_of_strings(values)
    known = [value for value in values if value is not None]
    if float in kinds and not all(map(isfinite, known)):
        raise ConversionError
    _check_range(known)
    return list(values)


def string_arrays(values: Values) -> list[Any]:
    """Return arrays of strings, of arrays or of single strings; errors as of the module.

    An array that is empty is null.
    """
    if not _ARRAYS.issuperset(map(type, values)):
        raise ConversionError
    arrays = [[value] if value.__class__ is str and value else value or None for value in values]
    if not {str}.issuperset(map(type, chain.from_iterable(filter(None, arrays)))):
        raise ConversionError
    return arrays


def by_distinct_value(convert: Callable[[str], Any]) -> ConvertColumn:
    """Return what converts a column of strings, each distinct one once.

    Args:
        convert: Converts one string; returns None for an empty one.
    """

    def convert_column(values: Values) -> list[Any]:
        check_strings(values)
        found = {value: convert(value) for value in set(values) if value}
        return list(map(found.get, values))

    return convert_column


_booleans_of_strings = by_distinct_value(to_boolean)
_numbers_of_strings = by_distinct_value(to_number)

CONVERTERS: Mapping[str, ConvertColumn] = {
    "string": strings,
    "boolean": booleans,
    "integer": integers,
    "number": numbers,
    "date": by_distinct_value(to_date),
}
"""By kind of column (:func:`tap_pardot.records.decoder.kind_of`); for ``timestamp`` see
:meth:`tap_pardot.records.values.Timestamp.column`."""
