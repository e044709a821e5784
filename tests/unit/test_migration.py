"""A STATE of another tap, of another account or of other settings is noticed and reported."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tap_pardot.errors import ConfigurationError
from tap_pardot.state.migration import (
    StateOrigin,
    changes,
    check_version,
    is_singer_io,
    reached_by_singer_io,
    zone_changed,
)

NEW_YORK = ZoneInfo("America/New_York")
MADE = StateOrigin("0Uv000000000001AAA", "America/New_York", "2024-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-01-10 09:00:00", "2024-01-10T13:59:00+00:00"),
        ("2024-07-10 09:00:00", "2024-07-10T12:59:00+00:00"),
        # The hour that autumn repeats: the earlier one, so that nothing is passed over.
        ("2024-11-03 01:30:00", "2024-11-03T05:29:00+00:00"),
        ("2024-01-10T09:00:00Z", "2024-01-10T08:59:00+00:00"),
        ("2024-01-10T09:00:00.000000-05:00", "2024-01-10T13:59:00+00:00"),
    ],
)
def test_a_time_of_singer_io_is_local_and_a_minute_is_read_again(text, instant):
    assert reached_by_singer_io({"id": 7, "updated_at": text}, NEW_YORK) == instant


@pytest.mark.parametrize("bookmark", [{"id": 7}, {"updated_at": None}, {"updated_at": "soon"}])
def test_a_bookmark_without_a_time_starts_over(bookmark):
    assert reached_by_singer_io(bookmark, NEW_YORK) is None


@pytest.mark.parametrize(
    ("bookmark", "is_one"),
    [
        ({"updated_at": "2024-01-10 09:00:00"}, True),
        ({"id": 7, "sync_start_time": "x", "last_updated": "y"}, True),
        ({"offset": 200, "parent_bookmark": "x"}, True),
        ({}, False),
        ({"replication_key_value": "2024-01-10T09:00:00+00:00"}, False),
        ({"id": 7, "page": 3}, False),
        ("2024", False),
    ],
)
def test_singer_io_is_known_by_its_keys(bookmark, is_one):
    assert is_singer_io(bookmark) is is_one


def test_another_business_unit_ends_the_run_before_it_begins():
    before = MADE._replace(business_unit="0Uv000000000002AAA").to_state()

    with pytest.raises(ConfigurationError, match=r"0Uv000000000002AAA.*STATE of its own"):
        changes(before, MADE)


def test_another_zone_is_reported():
    before = MADE._replace(timezone="UTC").to_state()

    (sentence,) = changes(before, MADE)

    assert "UTC" in sentence
    assert "America/New_York" in sentence
    assert zone_changed(before, MADE)
    assert not zone_changed(MADE.to_state(), MADE)


@pytest.mark.parametrize(
    ("start", "warnings"), [("2020-01-01T00:00:00+00:00", 0), ("2025-01-01T00:00:00+00:00", 1)]
)
def test_an_earlier_start_date_needs_a_full_refresh_and_a_later_one_nothing(start, warnings):
    assert len(changes(MADE._replace(start_date=start).to_state(), MADE)) == warnings


@pytest.mark.parametrize("before", [None, {}, [], {"timezone": 3, "start_date": None}])
def test_a_state_without_settings_gives_no_warning(before):
    assert changes(before, MADE) == []
    assert not zone_changed(before, MADE)


def test_a_state_of_a_later_version_is_refused():
    check_version({})
    check_version({"version": 1})
    with pytest.raises(ConfigurationError, match="upgrade the tap"):
        check_version({"version": 2})
