"""A STATE that cannot be read is refused before any row, by stream and key."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from tap_pardot.errors import ConfigurationError
from tap_pardot.records.times import Window
from tap_pardot.state.bookmark import Bookmark
from tap_pardot.state.id_set import unpack
from tap_pardot.state.validation import check

START_TEXT, END_TEXT = "2024-01-01T00:00:00+00:00", "2024-01-02T00:00:00+00:00"
WINDOW = {"start": START_TEXT, "end": END_TEXT}
START, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
LATER = "2024-01-01T00:00:00Z"
GOOD_TIMES: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
    # the value, the window, the cursor and whether a full table is open, as a bookmark reads them
    ({}, (None, None, 0, False)),
    ({"replication_key_value": START_TEXT}, (START_TEXT, None, 0, False)),
    ({"replication_key_value": "2024-01-01"}, ("2024-01-01", None, 0, False)),
    (
        {"replication_key_value": LATER, "replication_key": "updated_at"},
        (LATER, None, 0, False),
    ),
    (
        {"replication_key_value": None, "window": None, "cursor": None},
        (None, None, 0, False),
    ),
    ({"window": WINDOW, "cursor": 12}, (None, Window(START, END), 12, False)),
    ({"window": WINDOW, "cursor": None}, (None, Window(START, END), 0, False)),
    ({"window": {"start": None, "end": None}, "cursor": 12}, (None, None, 12, True)),
    ({"starting_replication_value": START_TEXT}, (None, None, 0, False)),
    ({"dialect": "v5"}, (None, None, 0, False)),
    ({"avoids_version_5": True}, (None, None, 0, False)),
    (
        {"progress_markers": {"Note": "x"}, "replication_key_signpost": None},
        (None, None, 0, False),
    ),
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


@pytest.mark.parametrize(("state", "expected"), GOOD_TIMES)
def test_a_state_that_passes_the_check_is_read_as_it_is_written(state, expected):
    check("lists", state, by_id=False)

    bookmark = Bookmark(state)
    assert (bookmark.value, bookmark.window, bookmark.cursor, bookmark.is_whole) == expected
    assert bookmark.until is None


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
    ("state", "pending", "known"),
    [
        ({}, [], []),
        ({"pending": None}, [], []),
        ({"pending": "5+1", "seen": SEEN, "marks": [MARK]}, [5, 6], []),
        ({"pending": None, "seen": None, "marks": None, "known": None, "recent": None}, [], []),
        (
            {"pending": None, "known": "7", "columns": "0a", "recent": [["2024-05-01", "7+1"]]},
            [],
            [7],
        ),
        ({"pending": None, "marks": []}, [], []),
        ({"pending": "5+1", "list_emails_of_pending": "5:3+1:-1"}, [5, 6], []),
        ({"pending": "5+1", "list_emails_of_pending": None}, [5, 6], []),
        ({"starting_replication_value": START_TEXT}, [], []),
    ],
)
def test_a_childs_state_as_it_is_written_is_read(state, pending, known):
    before = copy.deepcopy(state)

    check("visits", state, by_id=None, is_child=True)

    assert state == before
    assert list(unpack(state.get("pending"))) == pending
    assert list(unpack(state.get("known"))) == known


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
        ({"list_emails_of_pending": "5+1"}, "list_emails_of_pending"),
        ({"list_emails_of_pending": "5:0"}, "list_emails_of_pending"),
        ({"list_emails_of_pending": {"5": 7}}, "list_emails_of_pending"),
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
        check("visits", state, by_id=None, is_child=True)


@pytest.mark.parametrize(
    ("state", "window", "cursor"),
    [
        ({"feed": FEED, "children": ["visits"]}, Window(START, END), 5),
        ({"feed": {}, "children": None}, None, 0),
        ({"feed": None, "replication_key_value": START_TEXT}, None, 0),
        ({"feed": {**FEED, "window": None, "cursor": None, "children": None}}, None, 0),
    ],
)
def test_a_parents_state_as_it_is_written_is_read(state, window, cursor):
    before = copy.deepcopy(state)

    check("visitors", state, by_id=False)

    assert state == before
    bookmark = Bookmark(state["feed"] or {})
    assert (bookmark.window, bookmark.cursor) == (window, cursor)


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
