"""A STATE that this tap, with these settings, did not write: taken up, or refused, never ignored.

DESIGN, promise 13; the shapes of singer-io's bookmarks are those its streams write.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.helpers.catalog import select

pytestmark = pytest.mark.usefixtures("queries_only")

SINGER_IO = {
    "bookmarks": {
        "lists": {"updated_at": "2024-03-12 09:30:00"},
        "opportunities": {"id": 9, "updated_at": "2024-03-12 09:30:00"},
        "email_clicks": {"id": 7},
        "campaigns": {"id": 3, "sync_start_time": "2024-03-12T00:00:00Z"},
        "visits": {"offset": 400, "parent_bookmark": "2024-03-12 09:30:00"},
        "a_stream_of_old": {"updated_at": "2024-03-12 09:30:00"},
    },
    "currently_syncing": "lists",
}


def test_a_time_of_singer_io_goes_on_and_everything_else_starts_over_with_a_sentence(emulator, tap):
    emulator.set(timezone="America/New_York")
    moments = ["2024-03-12T13:28:30Z", "2024-03-12T13:29:30Z", "2024-03-12T13:30:01Z"]
    emulator.add("list", [{"id": n, "updated_at": at} for n, at in enumerate(moments, 1)])
    emulator.add("emailClick", [{"id": 5}, {"id": 8}])
    catalog = select("lists", "email_clicks", "campaigns")

    run = tap.run(emulator.config, catalog=catalog, state=SINGER_IO)

    assert run.exit_code == 0, run.stderr
    # 09:30 in New York, and the minute before it once more.
    assert run.ids("lists") == [2, 3]
    assert run.ids("email_clicks") == [5, 8]
    assert "lists: continues from 2024-03-12T13:29:00+00:00" in run.stderr
    for stream in ("email_clicks", "campaigns", "visits", "a_stream_of_old"):
        assert stream in run.stderr
    again = tap.run(emulator.config, catalog=catalog, state=run.state)
    assert (again.exit_code, again.ids("lists"), again.ids("email_clicks")) == (0, [], [])


def test_the_ambiguous_hour_of_singer_io_is_read_as_the_earlier(emulator, tap):
    emulator.set(timezone="America/New_York")
    moments = ["2024-11-03T05:30:30Z", "2024-11-03T06:30:30Z"]
    emulator.add("list", [{"id": n, "updated_at": at} for n, at in enumerate(moments, 1)])
    state = {"bookmarks": {"lists": {"updated_at": "2024-11-03 01:30:00"}}}

    run = tap.run(emulator.config, catalog=select("lists"), state=state)

    assert run.ids("lists") == [1, 2]


def test_a_login_that_fails_leaves_the_bookmarks_of_singer_io_as_they_were(emulator, tap):
    config = emulator.config | {"refresh_token": "expired"}

    run = tap.run(config, catalog=select("lists"), state=SINGER_IO)

    assert run.exit_code == 1
    assert run.state is None or run.state["bookmarks"]["lists"] == SINGER_IO["bookmarks"]["lists"]


@pytest.fixture
def state(emulator, tap):
    """Give the STATE of a run of lists, whose only row is older than a day."""
    emulator.add("list", [{"id": 1, "updated_at": "2024-01-01T12:00:00Z"}])
    run = tap.run(emulator.config, catalog=select("lists"))
    assert run.ids("lists") == [1]
    return run.state


def test_a_state_of_another_business_unit_ends_the_run_before_any_row(emulator, tap, state):
    state["settings"]["business_unit"] = "0Uv000000000002AAA"

    run = tap.run(emulator.config, catalog=select("lists"), state=state)

    assert run.exit_code == 1
    assert run.records == {}
    assert "0Uv000000000002AAA" in run.last_line
    assert "STATE of its own" in run.last_line
    assert run.state == state


def test_after_a_change_of_zone_the_last_day_is_read_again_until_a_run_is_complete(
    emulator, tap, state
):
    this_day = datetime.now(UTC) - timedelta(hours=5)
    emulator.add("list", [{"id": 2, "updated_at": this_day.isoformat()}])
    state["settings"]["timezone"] = "Asia/Tokyo"
    emulator.fault(object="list", op="query", code=5, times=None)
    failed = tap.run(emulator.config, catalog=select("lists"), state=state)
    assert failed.exit_code == 1
    emulator.clear_faults()

    run = tap.run(emulator.config, catalog=select("lists"), state=failed.state)
    after = tap.run(emulator.config, catalog=select("lists"), state=run.state)

    assert run.exit_code == 0
    assert run.ids("lists") == [2]
    assert "Asia/Tokyo" in run.stderr
    assert "Asia/Tokyo" not in after.stderr
    assert after.ids("lists") == []


def test_an_earlier_start_date_is_explained_and_loses_no_bookmark(emulator, tap, state):
    config = emulator.config | {"start_date": "2020-01-01"}
    state["settings"]["start_date"] = "2023-01-01T00:00:00+00:00"

    run = tap.run(config, catalog=select("lists"), state=state)

    assert run.exit_code == 0
    assert "full refresh" in run.stderr
    assert run.ids("lists") == []


def test_a_state_of_a_later_version_is_refused(emulator, tap, state):
    run = tap.run(emulator.config, catalog=select("lists"), state=state | {"version": 9})

    assert run.exit_code == 1
    assert "upgrade the tap" in run.last_line
    assert emulator.calls == [] or run.records == {}


def test_a_state_without_version_and_settings_is_ours_of_before(emulator, tap, state):
    old = {"bookmarks": state["bookmarks"]}

    run = tap.run(emulator.config, catalog=select("lists"), state=old)

    assert (run.exit_code, run.ids("lists")) == (0, [])
    assert run.state["version"] == 1
