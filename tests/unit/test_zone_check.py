"""The setting ``timezone`` is compared with the local times that Pardot writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.zone_check import TimezoneCheck, likely_zones, offset_error

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_likely_zones_are_at_most_three_that_fit_now():
    for name in ("America/New_York", "Asia/Kathmandu", "Australia/Eucla"):
        offset = {"America/New_York": -4, "Asia/Kathmandu": 5.75, "Australia/Eucla": 8.75}[name]
        wall = (NOW + timedelta(hours=offset)).replace(tzinfo=None).isoformat(" ")
        zones = likely_zones(wall, NOW)
        assert name in zones
        assert len(zones) <= 3
    assert likely_zones(None, NOW) == likely_zones("soon", NOW) == []


@pytest.mark.parametrize(
    ("zone", "created_at", "hours"),
    [
        ("America/New_York", "2024-06-01 08:00:00", None),
        ("America/New_York", "2024-06-01 08:06:59", None),  # a slow answer, or a clock
        ("America/New_York", "2024-06-01 12:00:00", 4),
        ("America/New_York", "2024-06-01 05:00:00", -3),
        ("Asia/Kathmandu", "2024-06-01 17:30:00", -0.25),
        ("UTC", "2024-06-03 12:00:00", None),  # no two zones are so far apart
        ("UTC", "2024-06-01T12:00:00+02:00", None),  # not a local time
        ("UTC", "soon", None),
        ("UTC", None, None),
    ],
)
def test_the_error_of_a_zone_is_measured_by_a_job_that_was_just_created(zone, created_at, hours):
    expected = None if hours is None else timedelta(hours=hours)

    assert offset_error(created_at, NOW, ZoneInfo(zone)) == expected
    assert offset_error(created_at, None, ZoneInfo(zone)) is None


def test_in_the_repeated_hour_either_instant_confirms_the_zone():
    zone, wall = ZoneInfo("America/New_York"), "2024-11-03 01:30:00"

    for hour in (5, 6):
        assert offset_error(wall, datetime(2024, 11, 3, hour, 30, tzinfo=UTC), zone) is None


def test_a_wrong_zone_is_refused_with_the_zones_that_fit():
    check = TimezoneCheck(ZoneInfo("Europe/Berlin"), {})

    with pytest.raises(ConfigurationError, match="likely one like America/") as caught:
        check.check("2024-06-01 08:00:00", NOW - timedelta(hours=2))

    assert "-4 hours" in caught.value.message
    assert "Europe/Berlin" in caught.value.message
    assert check.is_needed


def test_a_zone_is_checked_until_a_time_confirms_it():
    check = TimezoneCheck(ZoneInfo("UTC"), {})

    check.check(None, NOW)
    assert check.is_needed
    check.check("2024-06-01 12:00:01", NOW)
    assert not check.is_needed


@pytest.mark.parametrize(
    ("zone", "times", "confirmed"),
    [
        ("America/New_York", ["2024-06-01T08:00:00-04:00"], True),
        ("America/New_York", ["2024-06-01T08:00:00-04:00", "2024-01-01T08:00:00-05:00"], True),
        ("America/New_York", ["2024-11-03T01:30:00-04:00", "2024-11-03T01:30:00-05:00"], True),
        ("Asia/Kolkata", ["2024-06-01T17:30:00+05:30", None], True),
        ("UTC", ["2024-06-01T12:00:00+00:00"], True),
        # These show no offset of a zone.
        ("Asia/Kolkata", ["2024-06-01T12:00:00Z", "2024-06-01 12:00:00", "soon", 7, None], False),
        ("Asia/Kolkata", [], False),
    ],
)
def test_times_with_an_offset_confirm_a_zone(zone, times, confirmed):
    stored = {}
    check = TimezoneCheck(ZoneInfo(zone), stored)

    check.check_offsets(times)

    assert check.is_confirmed is confirmed
    assert check.is_needed is not confirmed
    assert stored == ({"zone": zone, "confirmed": True} if confirmed else {})


@pytest.mark.parametrize(
    "times",
    [
        ["2024-06-01T08:00:00-04:00"],
        ["2024-01-01T12:00:00+00:00", "2024-06-01T12:00:00+00:00"],  # the first one agrees
    ],
)
def test_times_with_another_offset_refuse_a_zone_and_confirm_nothing(times):
    stored = {}
    check = TimezoneCheck(ZoneInfo("Europe/London"), stored)

    with pytest.raises(ConfigurationError, match="set timezone to the zone"):
        check.check_offsets(times)
    assert stored == {}
