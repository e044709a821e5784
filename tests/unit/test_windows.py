"""Which windows a stream reads in a run, whatever its source reads in one go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tap_pardot.records.times import Window, to_iso
from tap_pardot.state.bookmark import Bookmark
from tap_pardot.sync.report import StreamResult
from tap_pardot.sync.windows import FullWindows, Incremental

START = datetime(2024, 1, 1, tzinfo=UTC)
RUN = Window(START, START + timedelta(days=30))
ZONE = ZoneInfo("UTC")


def incremental(state, *, once=False):
    return Incremental(
        "lists",
        Bookmark(state),
        "updated_at",
        RUN,
        ends_early=False,
        lookback=timedelta(),
        zone=ZONE,
        result=StreamResult(),
        once=once,
    )


def full(state):
    return FullWindows(Bookmark(state), RUN, ZONE, StreamResult())


def days(window):
    return (window.start - START).days, (window.end - START).days


def read(windows, most_days=100):
    """Return the windows that a source reads which takes so many days in one go."""
    found = []
    for left in windows:
        window = Window(left.start, min(left.end, left.start + timedelta(days=most_days)))
        windows.close(window)
        found.append(days(window))
    return found


@pytest.mark.parametrize("make", [incremental, full])
def test_a_source_that_reads_less_in_one_go_still_reads_up_to_the_end_of_the_run(make):
    assert read(make({}), 10) == [(0, 10), (10, 20), (20, 30)]
    assert read(make({})) == [(0, 30)]


@pytest.mark.parametrize("make", [incremental, full])
def test_a_window_that_could_not_be_read_comes_again(make):
    windows = make({})
    (*_, last) = [next(iter(windows)) for _ in range(3)]
    assert days(last) == (0, 30)
    again = iter(windows)
    next(again)  # not closed
    assert days(next(again)) == (0, 30)


def test_a_window_that_is_read_whole_each_time_is_read_once():
    assert read(incremental({}, once=True), 10) == [(0, 10)]


def test_a_window_left_open_comes_before_the_rest():
    left = {"start": to_iso(START), "end": to_iso(START + timedelta(days=3))}
    assert read(incremental({"window": left})) == [(0, 3), (3, 30)]


def test_nothing_is_read_before_the_bookmark():
    assert read(incremental({"replication_key_value": to_iso(RUN.end)})) == []
    value = to_iso(START + timedelta(days=29))
    assert read(incremental({"replication_key_value": value})) == [(29, 30)]


def test_a_clock_behind_the_bookmark_is_reported_once(caplog):
    windows = incremental({"replication_key_value": to_iso(RUN.end + timedelta(days=1))})
    assert list(windows) == list(windows) == []
    assert caplog.text.count("clock is behind the bookmark") == 1
