"""The setting ``timezone`` is compared with the local times that Pardot writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tap_pardot.records.zone_check import likely_zones

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_likely_zones_are_at_most_three_that_fit_now():
    for name in ("America/New_York", "Asia/Kathmandu", "Australia/Eucla"):
        offset = {"America/New_York": -4, "Asia/Kathmandu": 5.75, "Australia/Eucla": 8.75}[name]
        wall = (NOW + timedelta(hours=offset)).replace(tzinfo=None).isoformat(" ")
        zones = likely_zones(wall, NOW)
        assert name in zones
        assert len(zones) <= 3
    assert likely_zones(None, NOW) == likely_zones("soon", NOW) == []
