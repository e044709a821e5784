"""The user's local time decides what a row's time looks like and what a filter means."""

import calendar
from datetime import datetime

import pytest

from pardot_emulator.dates import BadDateError, WallClock, parse_instant


def utc(text):
    return calendar.timegm(datetime.fromisoformat(text).timetuple())


@pytest.mark.parametrize(
    ("zone", "instant", "wall"),
    [
        ("America/New_York", "2024-03-10 06:59:59", "2024-03-10 01:59:59"),
        ("America/New_York", "2024-03-10 07:00:00", "2024-03-10 03:00:00"),
        ("America/New_York", "2024-11-03 05:30:00", "2024-11-03 01:30:00"),
        ("America/New_York", "2024-11-03 06:30:00", "2024-11-03 01:30:00"),
        ("Australia/Sydney", "2024-04-06 15:30:00", "2024-04-07 02:30:00"),
        ("Australia/Sydney", "2024-04-06 16:30:00", "2024-04-07 02:30:00"),
        ("Australia/Sydney", "2024-10-05 15:59:59", "2024-10-06 01:59:59"),
        ("Australia/Sydney", "2024-10-05 16:00:00", "2024-10-06 03:00:00"),
        ("Asia/Kathmandu", "2024-01-01 00:00:00", "2024-01-01 05:45:00"),
        ("UTC", "1969-12-31 23:59:59", "1969-12-31 23:59:59"),
    ],
)
def test_both_sides_of_a_clock_change_back_have_one_local_time(zone, instant, wall):
    assert WallClock(zone).text(utc(instant)) == wall


@pytest.mark.parametrize(
    ("zone", "wall", "early", "late"),
    [
        ("America/New_York", "2024-11-03 01:30:00", "2024-11-03 05:30:00", "2024-11-03 06:30:00"),
        ("Australia/Sydney", "2024-04-07 02:30:00", "2024-04-06 15:30:00", "2024-04-06 16:30:00"),
        ("America/New_York", "2024-07-01 12:00:00", "2024-07-01 16:00:00", "2024-07-01 16:00:00"),
        # A time in the gap is read with the offset before it, whichever side is preferred.
        ("America/New_York", "2024-03-10 02:30:00", "2024-03-10 07:30:00", "2024-03-10 07:30:00"),
    ],
)
def test_a_time_inside_a_fold_means_the_side_of_the_switch(zone, wall, early, late):
    clock = WallClock(zone)
    assert clock.read(wall, now=0) == utc(early)
    assert clock.read(wall, now=0, late=True) == utc(late)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01", "2024-05-01 00:00:00"),
        ("2024-5-1", "2024-05-01 00:00:00"),
        ("2024-05-01 10:20", "2024-05-01 10:20:00"),
        ("2024-05-01 10:20:30", "2024-05-01 10:20:30"),
        ("2024-05-01T10:20:30", "2024-05-01 10:20:30"),
        ("2024-05-01T10:20:30.123456", "2024-05-01 10:20:30"),
        ("2024-05-01 24:59:59", "2024-05-02 00:59:59"),
        ("2024-12-31 24:00:00", "2025-01-01 00:00:00"),
        ("now", "2024-05-15 12:30:00"),
        ("today", "2024-05-15 00:00:00"),
        ("Yesterday", "2024-05-14 00:00:00"),
        ("last_7_days", "2024-05-08 00:00:00"),
        ("this_month", "2024-05-01 00:00:00"),
        ("last_month", "2024-04-01 00:00:00"),
        ("2 days ago", "2024-05-13 12:30:00"),
        ("90 minutes ago", "2024-05-15 11:00:00"),
    ],
)
def test_date_words_and_formats_are_read(text, expected):
    assert WallClock("UTC").read(text, now=utc("2024-05-15 12:30:00")) == utc(expected)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2024", "2024-13-01", "2024-02-30", "2024-05-01 25:00:00"),
        *("2024-05-01 10:60:00", "2024-05-01 1", "0000-00-00 00:00:00", "01/02/2024"),
        *("2024-05-01 10:20:30 Mars", "2024-05-01 00:00:00 00:00", "1714521600", "last_8_days"),
    ],
)
def test_other_strings_are_no_dates(text):
    with pytest.raises(BadDateError):
        WallClock("UTC").read(text, now=0)


@pytest.mark.parametrize(
    ("text", "honoured"),
    [
        ("2024-07-01T12:00:00Z", "2024-07-01 12:00:00"),
        ("2024-07-01 12:00:00 UTC", "2024-07-01 12:00:00"),
        ("2024-07-01T12:00:00+02:00", "2024-07-01 10:00:00"),
        ("2024-07-01T12:00:00-0530", "2024-07-01 17:30:00"),
    ],
)
def test_a_zone_suffix_is_ignored_unless_the_switch_says_otherwise(text, honoured):
    clock = WallClock("America/New_York")
    assert clock.read(text, now=0) == utc("2024-07-01 16:00:00")
    assert clock.read(text, now=0, zone_suffix="honoured") == utc(honoured)
    with pytest.raises(BadDateError):
        clock.read(text, now=0, zone_suffix="refused")


def test_midnight_is_local_also_on_the_day_of_a_clock_change():
    clock = WallClock("America/New_York")
    assert clock.midnight(utc("2024-11-04 04:30:00")) == utc("2024-11-03 04:00:00")
    assert clock.midnight(utc("2024-11-04 05:30:00")) == utc("2024-11-04 05:00:00")
    assert clock.midnight(utc("2024-11-04 05:30:00"), -1) == utc("2024-11-03 04:00:00")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_704_067_200, "2024-01-01 00:00:00"),
        ("2024-01-01 00:00:00", "2024-01-01 00:00:00"),
        ("2024-01-01T00:00:00Z", "2024-01-01 00:00:00"),
        ("2024-01-01T00:00:00-05:00", "2024-01-01 05:00:00"),
    ],
)
def test_a_stored_time_without_offset_is_utc_never_local(value, expected):
    assert parse_instant(value) == utc(expected)
