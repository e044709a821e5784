"""STATE is the one thing a run leaves to the next: it must never say more than was written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.times import Window
from tap_pardot.state.bookmark import Bookmark, check, check_child

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


def test_an_empty_state_knows_nothing():
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


def test_a_reading_of_everything_has_a_window_without_bounds():
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


def test_an_append_only_stream_remembers_an_id_and_a_time():
    state = {}
    bookmark = Bookmark(state)

    bookmark.open(Window(START, END), 7)
    bookmark.advance(9)
    bookmark.close("id", 9, END)

    assert state["replication_key_value"] == 9
    assert state["until"] == END_TEXT
    assert bookmark.until == END


def test_a_reading_of_everything_keeps_the_bookmark_of_earlier_runs():
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


def test_a_signal_never_finds_a_bookmark_half_moved():
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


GOOD_TIMES = [
    {},
    {"replication_key_value": START_TEXT},
    {"replication_key_value": "2024-01-01"},
    {"replication_key_value": "2024-01-01T00:00:00Z", "replication_key": "updated_at"},
    {"replication_key_value": None, "window": None, "cursor": None},
    {"window": WINDOW, "cursor": 12},
    {"window": WINDOW, "cursor": None},
    {"window": {"start": None, "end": None}, "cursor": 12},
    {"starting_replication_value": START_TEXT},
    {"progress_markers": {"Note": "x"}, "replication_key_signpost": None},
]
BAD = [
    ([], "bookmark"),
    ("text", "bookmark"),
    (None, "bookmark"),
    (7, "bookmark"),
    ({"since": START_TEXT}, "since"),
    ({"id": 5, "updated_at": START_TEXT}, "id, updated_at"),
    ({"replication_key_value": "yesterday"}, "replication_key_value"),
    ({"replication_key_value": ""}, "replication_key_value"),
    ({"replication_key_value": []}, "replication_key_value"),
    ({"replication_key_value": True}, "replication_key_value"),
    ({"replication_key_value": "0001-01-01T00:00:00+14:00"}, "replication_key_value"),
    ({"window": WINDOW, "cursor": "12"}, "cursor"),
    ({"window": WINDOW, "cursor": -1}, "cursor"),
    ({"window": WINDOW, "cursor": True}, "cursor"),
    ({"window": WINDOW, "cursor": 1.5}, "cursor"),
    ({"window": "x"}, "window"),
    ({"window": [START_TEXT, END_TEXT]}, "window"),
    ({"window": 0}, "window"),
    ({"window": {}}, "window"),
    ({"window": {"start": None}}, "window"),
    ({"window": {"end": None}}, "window"),
    ({"window": {"start": START_TEXT}}, "window"),
    ({"window": {"end": END_TEXT}}, "window"),
    ({"window": {"start": START_TEXT, "end": "soon"}}, "window"),
    ({"window": {"start": START_TEXT, "end": 5}}, "window"),
    ({"replication_key_value": None, "until": 5}, "until"),
    ({"replication_key_value": None, "until": "soon"}, "until"),
]


@pytest.mark.parametrize("state", GOOD_TIMES)
def test_what_passes_the_check_can_be_read(state):
    check("lists", state, by_id=False)

    bookmark = Bookmark(state)
    _ = bookmark.value, bookmark.until, bookmark.window, bookmark.cursor, bookmark.is_whole


@pytest.mark.parametrize(
    "state", [{"replication_key_value": 0}, {"replication_key_value": 9, "until": START_TEXT}]
)
def test_an_id_is_a_bookmark_of_an_append_only_stream(state):
    check("email_clicks", state, by_id=True)
    with pytest.raises(ConfigurationError):
        check("lists", state, by_id=False)


def test_a_time_is_no_bookmark_of_an_append_only_stream():
    with pytest.raises(ConfigurationError):
        check("email_clicks", {"replication_key_value": START_TEXT}, by_id=True)


@pytest.mark.parametrize(("state", "key"), BAD)
@pytest.mark.parametrize("by_id", [True, False])
def test_what_cannot_be_read_names_stream_and_key_but_no_value(state, key, by_id):
    with pytest.raises(ConfigurationError) as caught:
        check("lists", state, by_id=by_id)

    assert f"stream lists cannot be read ({key})" in caught.value.message
    assert "start_date" in caught.value.message
    for value in ("yesterday", "soon", START_TEXT):
        assert value not in caught.value.message


# --- parents and children ---


def test_a_window_begun_anew_keeps_what_is_out_before_it_and_the_jobs():
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


def test_a_window_is_begun_anew_in_one_step():
    """A signal finds either all of it or nothing."""
    job = {"id": 7, "start": START_TEXT, "end": END_TEXT, "made": END_TEXT, "done": ["1"]}
    state = Recorder({"window": WINDOW, "cursor": 400, "jobs": [job]})
    Bookmark(state).begin_anew()

    assert state.seen == [{"window": None, "cursor": None, "jobs": [{**job, "done": []}]}]
    assert job["done"] == ["1"]


def test_beginning_anew_without_a_window_changes_nothing():
    state = {}
    Bookmark(state).begin_anew()

    assert not any(state.values())


MARK = {"id": 5, "start": START_TEXT, "end": END_TEXT, "parents": ["visitors"]}
SEEN = {"visitors": END_TEXT}
FEED = {"window": WINDOW, "cursor": 5, "jobs": None, "children": ["visits"]}


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"pending": None},
        {"pending": "5+1", "seen": SEEN, "marks": [MARK]},
        {"pending": None, "seen": None, "marks": None, "known": None, "recent": None},
        {"pending": None, "known": "7", "columns": "0a", "recent": [["2024-05-01", "7+1"]]},
        {"pending": None, "marks": []},
        {"starting_replication_value": START_TEXT},
    ],
)
def test_a_childs_state_as_it_is_written_is_read(state):
    check_child("visits", state)


@pytest.mark.parametrize(
    ("state", "key"),
    [
        ([], "bookmark"),
        (None, "bookmark"),
        ({"id": 5}, "id"),
        ({"pending": 5}, "pending"),
        ({"pending": "5+a"}, "pending"),
        ({"pending": "5+-1"}, "pending"),
        ({"pending": ["5"]}, "pending"),
        ({"known": "1+"}, "known"),
        ({"seen": []}, "seen"),
        ({"seen": {"visitors": "soon"}}, "seen"),
        ({"seen": {"visitors": None}}, "seen"),
        ({"marks": {}}, "marks"),
        ({"marks": [[5, END_TEXT]]}, "marks"),
        ({"marks": [{**MARK, "id": "5"}]}, "marks"),
        ({"marks": [{**MARK, "end": "soon"}]}, "marks"),
        ({"marks": [{**MARK, "start": None}]}, "marks"),
        ({"marks": [{**MARK, "parents": "visitors"}]}, "marks"),
        ({"marks": [{**MARK, "parents": [1]}]}, "marks"),
        ({"recent": {"2024-05-01": "7"}}, "recent"),
        ({"recent": [["2024-05-01", 7]]}, "recent"),
    ],
)
def test_a_childs_state_that_cannot_be_read_is_refused_by_its_key(state, key):
    with pytest.raises(ConfigurationError, match=rf"stream visits cannot be read \({key}\)"):
        check_child("visits", state)


@pytest.mark.parametrize(
    "state",
    [
        {"feed": FEED, "children": ["visits"]},
        {"feed": {}, "children": None},
        {"feed": None, "replication_key_value": START_TEXT},
        {"feed": {**FEED, "window": None, "cursor": None, "children": None}},
    ],
)
def test_a_parents_state_as_it_is_written_is_read(state):
    check("visitors", state, by_id=False)


@pytest.mark.parametrize(
    ("state", "key"),
    [
        ({"children": "visits"}, "children"),
        ({"children": [1]}, "children"),
        ({"feed": {**FEED, "children": 5}}, "children"),
        ({"feed": {**FEED, "cursor": "5"}}, "cursor"),
        ({"feed": {**FEED, "jobs": [{}]}}, "jobs"),
        ({"feed": {**FEED, "window": {"start": "x", "end": END_TEXT}}}, "window"),
        ({"feed": [FEED]}, "bookmark"),
        ({"feed": {"since": END_TEXT}}, "since"),
    ],
)
def test_a_parents_state_that_cannot_be_read_is_refused_by_its_key(state, key):
    with pytest.raises(ConfigurationError, match=rf"stream visitors cannot be read \({key}\)"):
        check("visitors", state, by_id=False)
