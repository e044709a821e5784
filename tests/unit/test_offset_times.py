"""Times of version 5 carry their offset, so no hour is read twice or lost."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_pardot.records.times import OffsetTimes

instants = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda each: each.replace(microsecond=0, tzinfo=UTC)
)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda each: timezone(timedelta(minutes=each)))
moments = st.lists(st.tuples(instants, offsets), max_size=12)


@given(moments)
def test_a_column_is_converted_whatever_the_offsets_are(found):
    texts = [instant.astimezone(zone).isoformat() for instant, zone in found]

    assert OffsetTimes().column(texts) == [instant.isoformat() for instant, _ in found]


@given(instants, offsets)
def test_one_time_is_converted_like_a_column(instant, zone):
    text = instant.astimezone(zone).isoformat()

    assert OffsetTimes().convert(text) == instant.isoformat()


def test_empty_values_are_null():
    times = ["2026-11-01T01:30:00-04:00", None, "", "2026-11-01T01:30:00-05:00"]

    assert OffsetTimes().column(times) == [
        "2026-11-01T05:30:00+00:00",
        None,
        None,
        "2026-11-01T06:30:00+00:00",
    ]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-05-20T10:00:00Z", "2026-05-20T10:00:00+00:00"),
        ("2026-05-20 10:00:00+0000", "2026-05-20T10:00:00+00:00"),
        ("2026-05-20T10:00:00.987-04:00", "2026-05-20T14:00:00+00:00"),
        (" 2026-05-20T10:00-04:00", "2026-05-20T14:00:00+00:00"),
        ("0001-01-01T00:00:00+01:00", None),
        ("2026-05-20T10:00:00", None),
        ("2026-05-20 10:00:00", None),
        ("2026-05-20", None),
        ("2026-05-20T10:00:61-04:00", None),
        ("2026-13-20T10:00:00-04:00", None),
        ("-04:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_time_without_an_offset_is_none(text, utc):
    times = OffsetTimes()
    if utc is None:
        with pytest.raises(ValueError):  # noqa: PT011 - of datetime or of this module
            times.convert(text)
    else:
        assert times.convert(text) == utc
    with suppress(ValueError):  # then the values are converted one by one
        assert times.column([text]) == [utc]


def test_a_column_with_a_fraction_in_each_time_is_left_to_single_conversions():
    texts = [f"2026-05-20T10:00:00.{number:06}+00:00" for number in range(200)]

    with pytest.raises(ValueError, match="offsets"):
        OffsetTimes().column(texts)
