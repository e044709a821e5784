"""STATE is the one thing a run leaves to the next: it must never say more than was written."""

from __future__ import annotations

from datetime import UTC, datetime

from tap_pardot.records.times import Window
from tap_pardot.state.bookmark import Bookmark

START = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2024, 1, 2, tzinfo=UTC)
START_TEXT, END_TEXT = "2024-01-01T00:00:00+00:00", "2024-01-02T00:00:00+00:00"
WINDOW = {"start": START_TEXT, "end": END_TEXT}


class Recorder(dict):
    """A stream's state that keeps what was in it after each change."""

    def __init__(self, *given):
        super().__init__(*given)
        self.seen = []

    def update(self, *given, **more):
        super().update(*given, **more)
        self.seen.append(dict(self))

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.seen.append(dict(self))


def test_an_empty_state_has_no_bookmark():
    bookmark = Bookmark({})

    assert bookmark.value is None
    assert bookmark.until is None
    assert bookmark.window is None
    assert bookmark.cursor == 0
    assert not bookmark.is_whole


def test_a_window_is_opened_advanced_and_closed():
    state = {}
    bookmark = Bookmark(state)

    bookmark.open(Window(START, END))
    assert state == {"window": WINDOW, "cursor": None}
    assert bookmark.window == Window(START, END)
    assert not bookmark.is_whole

    bookmark.advance(200)
    assert state == {"window": WINDOW, "cursor": 200}
    assert bookmark.cursor == 200

    bookmark.close("updated_at", END_TEXT)
    assert state == {
        "window": None,
        "cursor": None,
        "replication_key": "updated_at",
        "replication_key_value": END_TEXT,
    }
    assert bookmark.value == END_TEXT
    assert (bookmark.window, bookmark.cursor, bookmark.is_whole) == (None, 0, False)


def test_a_full_table_sync_has_a_window_without_bounds():
    state = {}
    bookmark = Bookmark(state)

    bookmark.open(None, 5)

    assert state == {"window": {"start": None, "end": None}, "cursor": 5}
    assert bookmark.is_whole
    assert bookmark.window is None
    assert bookmark.cursor == 5
    bookmark.close(None, None)
    assert state == {"window": None, "cursor": None}
    assert not bookmark.is_whole


def test_the_bookmark_of_an_append_only_stream_holds_an_id_and_a_time():
    state = {}
    bookmark = Bookmark(state)

    bookmark.open(Window(START, END), 7)
    bookmark.advance(9)
    bookmark.close("id", 9, END)

    assert state["replication_key_value"] == 9
    assert state["until"] == END_TEXT
    assert bookmark.until == END


def test_a_full_table_sync_keeps_the_bookmark_of_earlier_runs():
    state = {"replication_key_value": START_TEXT, "replication_key": "updated_at"}
    bookmark = Bookmark(state)

    bookmark.open(None)
    bookmark.close("updated_at", None)

    assert bookmark.value == START_TEXT


def test_keys_are_set_to_null_and_never_removed():
    # Meltano merges STATE deeply: a removed key would come back.
    state = Recorder()
    bookmark = Bookmark(state)

    bookmark.open(Window(START, END))
    bookmark.advance(1)
    bookmark.close("updated_at", END_TEXT, END)
    bookmark.open(None)
    bookmark.close(None, None)

    for before, after in zip(state.seen, state.seen[1:], strict=False):
        assert set(before) <= set(after)


def test_a_signal_never_leaves_a_bookmark_half_changed():
    state = Recorder()
    bookmark = Bookmark(state)

    bookmark.open(Window(START, END), 3)
    bookmark.advance(4)
    bookmark.close("updated_at", END_TEXT, END)

    assert len(state.seen) == 3
    opened, advanced, closed = state.seen
    assert (opened["window"], opened["cursor"]) == (WINDOW, 3)
    assert (advanced["window"], advanced["cursor"]) == (WINDOW, 4)
    assert (closed["window"], closed["cursor"], closed["until"]) == (None, None, END_TEXT)
    assert closed["replication_key_value"] == END_TEXT


def test_restarting_a_window_keeps_the_bookmark_and_the_jobs():
    """The jobs are paid for; their files are read again."""
    job = {"id": 7, "start": START_TEXT, "end": END_TEXT, "made": END_TEXT, "done": ["1", "2"]}
    before = {"replication_key": "updated_at", "replication_key_value": START_TEXT}
    state = {**before, "until": START_TEXT, "window": WINDOW, "cursor": 400, "jobs": [job]}
    state["refused"] = ["custom"]
    bookmark = Bookmark(state)
    bookmark.begin_anew()

    assert (bookmark.window, bookmark.cursor, bookmark.is_whole) == (None, 0, False)
    assert bookmark.jobs == [job | {"done": []}]
    assert bookmark.refused == ["custom"]
    assert (bookmark.value, bookmark.until) == (START_TEXT, START)
    assert state.keys() == {*before, "until", "window", "cursor", "jobs", "refused"}


def test_a_window_is_restarted_in_one_step():
    """A signal finds either all of it or nothing."""
    job = {"id": 7, "start": START_TEXT, "end": END_TEXT, "made": END_TEXT, "done": ["1"]}
    state = Recorder({"window": WINDOW, "cursor": 400, "jobs": [job]})
    Bookmark(state).begin_anew()

    assert state.seen == [{"window": None, "cursor": None, "jobs": [{**job, "done": []}]}]
    assert job["done"] == ["1"]


def test_restarting_without_a_window_changes_nothing():
    state = {}
    Bookmark(state).begin_anew()

    assert not any(state.values())
