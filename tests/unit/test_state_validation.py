"""A STATE that cannot be read is refused before any row, by stream and key."""

from __future__ import annotations

import pytest

from tap_pardot.errors import ConfigurationError
from tap_pardot.state.bookmark import Bookmark
from tap_pardot.state.validation import check, check_child

START_TEXT, END_TEXT = "2024-01-01T00:00:00+00:00", "2024-01-02T00:00:00+00:00"
WINDOW = {"start": START_TEXT, "end": END_TEXT}
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
