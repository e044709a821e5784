"""Times are right to the second, and no row falls into a clock change or between two windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.helpers.warehouse import (
    BY_ID,
    BY_OFFSET,
    TABLES,
    WINDOWED,
    Warehouse,
    by_stream,
    iso,
    later,
    utc,
)
from tests.helpers.zone import CHECKED

pytestmark = pytest.mark.usefixtures("queries_only")

# The instant of the change, and its effect in minutes: by zone one of each kind.
CHANGES = {
    "America/New_York": [("2024-03-10T07:00:00Z", 60), ("2024-11-03T06:00:00Z", -60)],
    "Australia/Sydney": [("2024-10-05T16:00:00Z", 60), ("2024-04-06T16:00:00Z", -60)],
    "Australia/Lord_Howe": [("2024-10-05T15:30:00Z", 30), ("2024-04-06T15:00:00Z", -30)],
    "Asia/Kathmandu": [("2024-03-10T07:00:00Z", 0)],
}
AROUND = [-7200, -3601, -3600, -1801, -1800, -2, -1, 0, 1, 59, 60, 1799, 1800, 3599, 3600, 7199]
STREAMS = ["lists", "email_clicks", "opportunities", "imports"]


def as_read(moment, zone):
    """Return what a row's time must come out as: the earlier instant with its wall time."""
    wall = moment.astimezone(zone).replace(fold=0)
    return iso(wall)


@pytest.mark.parametrize("name", CHANGES)
def test_times_on_both_sides_of_both_clock_changes_are_right_to_the_second(emulator, tap, name):
    emulator.set(timezone=name, clock="2025-01-01T00:00:00Z")
    zone = ZoneInfo(name)
    moments = [utc(at) + timedelta(seconds=s) for at, _ in CHANGES[name] for s in AROUND]
    for stream in STREAMS:
        table = TABLES[stream]
        rows = [table.row(number, iso(moment)) for number, moment in enumerate(moments, start=1)]
        emulator.add(table.object, rows)

    run = tap.run({**emulator.config, "timezone": name})

    assert run.exit_code == 0, run.stderr
    expected = [as_read(moment, zone) for moment in moments]
    for stream in STREAMS:
        records = run.records[stream]
        assert [record["created_at"] for record in records] == expected
    # Read exactly, apart from the second time round of a repeated hour.
    repeated = sum(60 * -by for _, by in CHANGES[name] if by < 0)
    wrong = [(utc(text) - at).total_seconds() for text, at in zip(expected, moments, strict=True)]
    assert {*wrong} <= {0.0, -float(repeated)}
    assert wrong.count(0.0) < len(wrong) or not repeated


def test_the_examples_of_a_repeated_and_a_skipped_hour_are_read_as_written_here(emulator, tap):
    """The same as above for New York without any arithmetic."""
    emulator.set(clock="2025-01-01T00:00:00Z")
    examples = {
        "2024-03-10T06:59:59Z": "2024-03-10T06:59:59+00:00",  # 01:59:59 EST
        "2024-03-10T07:00:00Z": "2024-03-10T07:00:00+00:00",  # 03:00:00 EDT
        "2024-11-03T04:59:59Z": "2024-11-03T04:59:59+00:00",  # 00:59:59 EDT
        "2024-11-03T05:00:00Z": "2024-11-03T05:00:00+00:00",  # 01:00:00 EDT
        "2024-11-03T05:59:59Z": "2024-11-03T05:59:59+00:00",  # 01:59:59 EDT
        "2024-11-03T06:00:00Z": "2024-11-03T05:00:00+00:00",  # 01:00:00 EST, read as EDT
        "2024-11-03T06:59:59Z": "2024-11-03T05:59:59+00:00",  # 01:59:59 EST, read as EDT
        "2024-11-03T07:00:00Z": "2024-11-03T07:00:00+00:00",  # 02:00:00 EST
    }
    rows = [{"id": n, "updated_at": at} for n, at in enumerate(examples, start=1)]
    emulator.add("list", rows)

    run = tap.run(emulator.config)

    assert [record["updated_at"] for record in run.records["lists"]] == [*examples.values()]


# --- windows across a change ---


def load(warehouse, tap, config, **more):
    """Run the tap on from a warehouse's STATE; return the messages that it took."""
    run = tap.run({**config, **more}, state=warehouse.state)
    assert run.exit_code == 0, run.stderr
    warehouse.load(run.stdout.splitlines(keepends=True))
    return run.messages


@pytest.mark.parametrize("fold", ["early", "late"])
@pytest.mark.parametrize("name", ["America/New_York", "Australia/Sydney", "Australia/Lord_Howe"])
def test_runs_every_few_minutes_across_the_autumn_change_lose_nothing(emulator, tap, name, fold):
    """Nobody knows which side Pardot means by a time in the repeated hour."""
    change = CHANGES[name][1][0]
    emulator.set(timezone=name, fold=fold)
    warehouse = Warehouse()
    ends = []
    number = 0
    for minutes in range(-130, 150, 20):
        now = later(change, 60 * minutes)
        for seconds in (-1100, -700, -300, -61, -60, -59, -1, 0):
            number += 1
            for stream in (*WINDOWED, *BY_ID, *BY_OFFSET):
                row = TABLES[stream].row(number, later(now, seconds))
                emulator.add(TABLES[stream].object, [row])
        emulator.set(clock=now)
        load(warehouse, tap, emulator.config, start_date=later(change, -9000))
        ends.append(warehouse.bookmark("lists")["replication_key_value"])
        # All that is older than the lag must be here unless the end waits for the hour to pass.
        early = {
            stream: [
                row["id"]
                for row in emulator.rows(TABLES[stream].object)
                if iso(datetime.fromtimestamp(row[TABLES[stream].changed], UTC)) < ends[-1]
                and row["id"] not in warehouse.tables[stream]
            ]
            for stream in (*WINDOWED, *BY_ID, *BY_OFFSET)
        }
        assert {stream: ids for stream, ids in early.items() if ids} == {}
    emulator.set(clock=later(change, 4 * 3600))
    load(warehouse, tap, emulator.config)

    assert warehouse.all_missing(emulator, [*WINDOWED, *BY_ID, *BY_OFFSET]) == {}
    assert ends == sorted(ends)
    repeated = 60 * -CHANGES[name][1][1]
    unsafe = later(change, -repeated), later(change, repeated)
    assert [end for end in ends if unsafe[0] <= end < unsafe[1]] == []
    assert any(end < unsafe[0] for end in ends)
    assert any(end >= unsafe[1] for end in ends)


@pytest.mark.parametrize("fold", ["early", "late"])
@pytest.mark.parametrize(
    "cut",
    [
        "2024-11-03T01:30:00-04:00",
        "2024-11-03T01:30:00-05:00",
        "2024-11-03T05:00:00",
        "2024-11-03T06:00:00Z",
        "2024-11-03T07:00:00Z",
        "2024-11-03T07:00:01Z",
        "2024-03-10T07:00:00Z",
        "2024-03-10T02:30:00-05:00",
        "2024-03-10T03:00:00-04:00",
    ],
)
def test_two_parts_that_meet_in_a_clock_change_are_the_whole(emulator, tap, cut, fold):
    """``end_date`` of one job is ``start_date`` of the next."""
    emulator.set(fold=fold, clock="2025-01-01T00:00:00Z")
    at = [utc(change) for change, _ in CHANGES["America/New_York"]]
    moments = [moment + timedelta(minutes=m, seconds=s) for moment in at
               for m in range(-150, 150, 10) for s in (-1, 0, 1)]  # fmt: skip
    streams = [*WINDOWED, *BY_ID]
    for stream in streams:
        rows = [TABLES[stream].row(n, iso(moment)) for n, moment in enumerate(moments, start=1)]
        emulator.add(TABLES[stream].object, rows)
    early, late = Warehouse(), Warehouse()

    load(early, tap, emulator.config, end_date=cut)
    load(late, tap, emulator.config, start_date=cut)

    edge = datetime.fromisoformat(cut)
    edge = edge if edge.tzinfo else edge.replace(tzinfo=UTC)
    for stream in streams:
        first, second = {*early.tables[stream]}, {*late.tables[stream]}
        assert first | second == {*range(1, len(moments) + 1)}
        # No row from the end on, and none from more than the repeated hour before the start.
        assert [n for n in first if moments[n - 1] >= edge] == []
        assert [n for n in second if moments[n - 1] < edge - timedelta(hours=2, minutes=2)] == []
        if edge < utc("2024-11-01T00:00:00Z"):
            assert first & second == set()
            assert [n for n in second if moments[n - 1] < edge] == []


def test_a_bookmark_in_the_repeated_hour_of_a_zone_set_since_loses_nothing(emulator, tap):
    """Another zone was right when the STATE was written; nothing checks its edges but we."""
    emulator.set(fold="late", clock="2025-01-01T00:00:00Z")
    bookmark = "2024-11-03T05:30:00+00:00"
    moments = [later(bookmark, seconds) for seconds in (-1, 0, 1, 60, 3599, 3600, 9000)]
    for stream in ("lists", "tags", "imports", "email_clicks"):
        rows = [TABLES[stream].row(n, at) for n, at in enumerate(moments, start=1)]
        emulator.add(TABLES[stream].object, rows)
    value = {"replication_key": "updated_at", "replication_key_value": bookmark}
    window = {"start": "2024-10-01T00:00:00+00:00", "end": bookmark}
    state = {
        "bookmarks": {
            "lists": value,
            "imports": value,
            # Killed in a window that ends there.
            "tags": {**value, "replication_key_value": window["start"], "window": window},
            "email_clicks": {"replication_key_value": 10, "until": bookmark},
        }
    }

    run = tap.run(emulator.config, state=state)

    assert run.exit_code == 0, run.stderr
    for stream in ("lists", "imports", "tags", "email_clicks"):
        assert {2, 3, 4, 5, 6, 7} - {*run.ids(stream)} == set(), stream


def test_a_window_left_open_that_ends_in_the_repeated_hour_loses_nothing(emulator, tap):
    emulator.set(fold="early", clock="2025-01-01T00:00:00Z")
    end = "2024-11-03T06:30:00+00:00"  # the second 01:30, which Pardot here takes for the first
    moments = [later(end, seconds) for seconds in (-7200, -3601, -3600, -3599, -1, 0, 1)]
    emulator.add("list", [TABLES["lists"].row(n, at) for n, at in enumerate(moments, start=1)])
    window = {"start": "2024-10-01T00:00:00+00:00", "end": end}
    state = {"bookmarks": {"lists": {"replication_key_value": window["start"], "window": window}}}

    run = tap.run(emulator.config, state=state)

    assert {*run.ids("lists")} == {*range(1, 8)}


# --- start_date, end_date ---


def test_start_date_is_inclusive_and_end_date_exclusive_to_the_second(emulator, tap):
    emulator.set(clock="2024-06-01T12:00:00Z")
    start, end = "2024-05-01T00:00:00+00:00", "2024-05-02T00:00:00+00:00"
    moments = [later(start, -1), start, later(start, 1), later(end, -1), end, later(end, 1)]
    for table in TABLES.values():
        emulator.add(table.object, [table.row(n, at) for n, at in enumerate(moments, start=1)])

    config = {**emulator.config, "start_date": start, "end_date": end}
    run = tap.run(config, state=CHECKED)

    assert run.exit_code == 0, run.stderr
    assert {s: run.ids(s) for s in (*WINDOWED, *BY_ID)} == by_stream((*WINDOWED, *BY_ID), [2, 3, 4])
    # No upper bound by offset: rows that change would shift the others (DESIGN, promise 2).
    assert {s: run.ids(s) for s in BY_OFFSET} == by_stream(BY_OFFSET, [2, 3, 4, 5, 6])
    assert {
        run.state["bookmarks"][s]["replication_key_value"] for s in (*WINDOWED, *BY_OFFSET)
    } == {end}

    rest = tap.run({**emulator.config, "start_date": start}, state=run.state)
    assert {s: rest.ids(s) for s in (*WINDOWED, *BY_ID, *BY_OFFSET)} == by_stream(
        (*WINDOWED, *BY_ID, *BY_OFFSET), [5, 6]
    )


def test_start_date_still_counts_when_the_first_run_found_nothing(emulator, tap):
    emulator.set(clock="2024-06-01T12:00:00Z")
    config = {**emulator.config, "start_date": "2024-06-01T00:00:00Z"}
    for table in BY_ID.values():
        emulator.add(table.object, [table.row(n, "2024-05-01T00:00:00Z") for n in (1, 2, 3)])
    first = tap.run(config)
    assert {stream: first.ids(stream) for stream in BY_ID} == by_stream(BY_ID, [])

    emulator.set(clock="2024-06-01T13:00:00Z")
    for table in BY_ID.values():
        emulator.add(table.object, [table.row(4, "2024-06-01T12:30:00Z")])
    second = tap.run(config, state=first.state)
    assert {stream: second.ids(stream) for stream in BY_ID} == by_stream(BY_ID, [4])


# --- the server's clock ---


def test_rows_within_the_lag_and_dated_ahead_come_when_their_time_has_come(emulator, tap):
    """The bookmark is the window's end, whatever times the rows show."""
    now = "2024-06-01T12:00:00+00:00"
    emulator.set(clock=now)
    moments = [later(now, seconds) for seconds in (-600, -65, -50, -1, 0, 1800, 86400)]
    streams = [*WINDOWED, *BY_ID]
    for stream in (*streams, *BY_OFFSET):
        # Ids against the order of time: the last id is out first.
        rows = [TABLES[stream].row(10 - n, at) for n, at in enumerate(moments)]
        emulator.add(TABLES[stream].object, rows)
    warehouse = Warehouse()
    state = None
    arrived = []
    for clock in (now, later(now, 50), later(now, 600), later(now, 3600), later(now, 90000)):
        emulator.set(clock=clock)
        run = tap.run(emulator.config, state=state)
        assert run.exit_code == 0, run.stderr
        state = run.state
        warehouse.load(run.stdout.splitlines(keepends=True))
        arrived.append([*map(sorted, (run.ids(stream) for stream in streams))])
        for stream in (*WINDOWED, *BY_OFFSET):
            value = utc(warehouse.bookmark(stream)["replication_key_value"])
            assert (
                timedelta(0) <= value - (utc(clock) - timedelta(seconds=60)) <= timedelta(seconds=5)
            )

    expected = [[9, 10], [8], [6, 7], [5], [4]]
    assert arrived == [[ids] * len(streams) for ids in expected]
    assert warehouse.all_missing(emulator) == {}


def test_a_server_clock_behind_the_bookmark_waits_and_keeps_it(emulator, tap):
    now = "2024-06-01T12:00:00+00:00"
    emulator.set(clock=now)
    streams = [*WINDOWED, *BY_ID, *BY_OFFSET]
    for stream in streams:
        emulator.add(TABLES[stream].object, [TABLES[stream].row(10, later(now, -600))])
    first = tap.run(emulator.config)
    before = {stream: first.state["bookmarks"][stream] for stream in streams}

    emulator.set(clock=later(now, -3600))
    for stream in streams:
        emulator.add(TABLES[stream].object, [TABLES[stream].row(20, later(now, -3600))])
    emulator.clear_calls()
    behind = tap.run(emulator.config, state=first.state)

    assert behind.exit_code == 0, behind.stderr
    assert {stream: behind.state["bookmarks"][stream] for stream in streams} == before
    assert {stream: behind.ids(stream) for stream in streams} == by_stream(streams, [])
    asked = {call["object"] for call in emulator.calls}
    assert asked & {TABLES[stream].object for stream in streams} == set()
    for stream in streams:
        assert f"{stream}: Pardot's clock is behind the bookmark" in behind.stderr

    emulator.set(clock=later(now, 3600))
    for stream in streams:
        emulator.add(TABLES[stream].object, [TABLES[stream].row(30, later(now, 1800))])
    after = tap.run(emulator.config, state=behind.state)
    for stream in streams:
        assert 30 in after.ids(stream)


def test_a_window_left_open_waits_for_a_server_clock_behind_its_end(emulator, tap):
    """Rows are still being written into it: closing it now would pass them over."""
    now = "2024-06-01T12:00:00+00:00"
    emulator.set(clock=later(now, -7200))
    window = {"start": later(now, -86400), "end": now}
    value = {"replication_key_value": window["start"], "window": window, "cursor": 100}
    clicks = {"replication_key_value": 50, "until": window["start"], "window": window}
    state = {
        "bookmarks": {"lists": value, "email_clicks": {**clicks, "cursor": 100}},
    }

    run = tap.run(emulator.config, state=state)
    emulator.set(clock=later(now, 3600))
    for stream in ("lists", "email_clicks"):
        # Written after the first run, into the window's time.
        emulator.add(TABLES[stream].object, [TABLES[stream].row(150, later(now, -3600))])
    after = tap.run(emulator.config, state=run.state)

    assert after.exit_code == 0, after.stderr
    assert {*after.ids("lists")} == {*after.ids("email_clicks")} == {150}


@pytest.mark.parametrize("ahead", [600, -600])
def test_only_the_servers_clock_counts_not_this_machines(emulator, tap, ahead):
    emulator.set(clock=ahead)
    now = iso(datetime.now(UTC) + timedelta(seconds=ahead))
    moments = [later(now, seconds) for seconds in (-700, -80, -20, 300)]
    streams = [*WINDOWED, *BY_ID]
    for stream in streams:
        rows = [TABLES[stream].row(n, at) for n, at in enumerate(moments, start=1)]
        emulator.add(TABLES[stream].object, rows)

    run = tap.run(emulator.config)

    assert {stream: run.ids(stream) for stream in streams} == by_stream(streams, [1, 2])
    end = utc(run.state["bookmarks"]["lists"]["replication_key_value"])
    assert abs((end - utc(now)).total_seconds() + 60) < 15
