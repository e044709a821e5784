"""Blocks: records by column are the same records, and bounds lose none of them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_pardot.records.block import records_of, size_of, within
from tap_pardot.records.columns import CONVERTERS
from tap_pardot.records.numbers import Number
from tap_pardot.records.repair import Repaired
from tap_pardot.records.values import (
    ConversionError,
    Timestamp,
    to_boolean,
    to_date,
    to_integer,
    to_number,
)

HOURS = [f"2024-06-01T{hour:02}:00:00+00:00" for hour in range(6)]
BOUNDS = st.none() | st.sampled_from(HOURS)


def test_a_block_has_the_records_of_its_columns():
    block = {"id": [1, 2], "name": ["a", None]}

    assert size_of(block) == 2
    assert [*records_of(block)] == [{"id": 1, "name": "a"}, {"id": 2, "name": None}]


@given(st.lists(st.none() | st.sampled_from(HOURS), min_size=1), BOUNDS, BOUNDS)
def test_records_from_the_first_instant_to_before_the_last_are_inside(moments, start, end):
    block = {"id": [*range(len(moments))], "updated_at": moments}

    found = within(block, "updated_at", start, end)

    def is_inside(moment):
        return (start is None or start <= moment) and (end is None or moment < end)

    assert [*records_of(found)] == [
        record
        for record in records_of(block)
        if record["updated_at"] is None or is_inside(record["updated_at"])
    ]


def test_records_without_the_column_are_all_inside():
    assert within({"id": [1]}, "updated_at", HOURS[0], HOURS[1]) == {"id": [1]}


# --- whole columns and single values --------------------------------------------------------

TIMESTAMP = Timestamp(ZoneInfo("America/New_York"))
SINGLE = {
    "boolean": to_boolean,
    "integer": to_integer,
    "number": to_number,
    "date": to_date,
    "timestamp": TIMESTAMP,
}
WHOLE = {**CONVERTERS, "timestamp": TIMESTAMP.column}
TEXTS = [
    *("", "7", "-7", "+7", " 7 ", "007", "1_000", "7.0", "7e2", "٣", "9" * 19, "9" * 25, "12.50"),
    *("98.42%", "nan", "true", "FALSE", "1", "0", "yes", "2024-02-29", "2024-02-30"),
    *("2024-06-01 10:20:30", "2024-06-01T10:20:30", "2024-06-01 10:20:60", "2024-06-01 1:20:30"),
    *("2024-11-03 01:30:00", "2024-03-10 02:30:00", "2024-06-01 10:20:30Z", "20240601T102030"),
    *("2024-W22-6T10:20:30", "0001-01-01 00:00:00", "9999-12-31 23:59:59"),
]
VALUES = st.sampled_from(
    [None, *TEXTS, 7, 2**63 - 1, 2**63, True, False, 1.5, Number("1.50"), Repaired("7"), [], {}]
)


def one_by_one(kind, values):
    """Return the values that are converted one by one; None if one does not fit."""
    try:
        return [None if value is None else SINGLE[kind](value) for value in values]
    except ConversionError:
        return None


@settings(max_examples=400)
@pytest.mark.parametrize("kind", SINGLE)
@given(st.lists(VALUES, min_size=1, max_size=6) | st.lists(st.sampled_from(TEXTS), min_size=1))
def test_a_column_is_converted_as_its_values_are(kind, values):
    try:
        found = WHOLE[kind](values)
    except ValueError:
        return  # then the values are converted one by one

    assert found == one_by_one(kind, values)
    assert [*map(type, found)] == [*map(type, one_by_one(kind, values))]
