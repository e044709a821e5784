"""Version 5 may answer from a cache up to 60 seconds behind (A.6)."""

from __future__ import annotations

import pytest

from tests.emulator.v5 import V5

NOW = "2024-06-01T12:00:00Z"


@pytest.fixture
def v5(make):
    v5 = V5(make(clock=NOW))
    v5.emulator.add("tag", [{"id": n, "name": "old"} for n in (1, 2, 3)])
    v5.emulator.set(v5_cache_lag=60)
    return v5


def tags(v5):
    return {row["id"]: row["name"] for row in v5.rows("tags", "id,name")}


def test_rows_that_were_there_before_are_shown(v5):
    assert tags(v5) == {1: "old", 2: "old", 3: "old"}


def test_changes_show_after_the_lag_and_not_before(v5):
    v5.emulator.update("tag", 1, name="new", updated_at=NOW)
    v5.emulator.delete("tag", 2)
    v5.emulator.add("tag", [{"id": 4, "name": "added"}])

    assert tags(v5) == {1: "old", 2: "old", 3: "old"}
    v5.emulator.forward(59)
    assert tags(v5) == {1: "old", 2: "old", 3: "old"}
    assert v5.code("objects/tags/4", fields="id") == 109
    assert v5.ids("tags", updatedAtAfterOrEqualTo="2024-06-01T12:00:00+00:00") == []
    v5.emulator.forward(1)
    assert tags(v5) == {1: "new", 3: "old", 4: "added"}
    assert v5.ids("tags", updatedAtAfterOrEqualTo="2024-06-01T12:00:00+00:00") == [1]


def test_every_change_of_a_row_has_its_own_time(v5):
    v5.emulator.update("tag", 1, name="second")
    v5.emulator.forward(30)
    v5.emulator.update("tag", 1, name="third")

    seen = [tags(v5)[1]]
    for _ in range(2):
        v5.emulator.forward(30)
        seen.append(tags(v5)[1])
    assert seen == ["old", "second", "third"]


def test_versions_3_and_4_are_never_behind(v5):
    v5.emulator.add("tag", [{"id": 4}])

    assert v5.client.ids("tag") == [1, 2, 3, 4]


def test_page_views_are_as_far_behind_as_their_visits(v5):
    v5.emulator.add("visit", [{"id": 1, "visitor_page_views": [{"id": 5, "created_at": NOW}]}])

    assert v5.ids("visitor-page-views") == []
    v5.emulator.forward(60)
    assert v5.ids("visitor-page-views") == [5]


def test_seeded_rows_are_old(make):
    assert len(V5(make(rows=20, v5_cache_lag=60)).ids("tags")) == 20
