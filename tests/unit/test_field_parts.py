"""Columns that one request cannot name: the parts of a page are joined without losing a row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_pardot.api.dialect import Rows
from tap_pardot.errors import AddressTooLong, StreamFailed
from tap_pardot.sources.field_parts import page_of_parts
from tap_pardot.sources.paging import row_id
from tap_pardot.sources.requested_fields import RequestedFields

NAMES = ("id", "updatedAt", *(f"field{number:02}" for number in range(20)))
KEYS = ("id", "updatedAt")


class Server:
    """Rows with all fields; a request may name some of them.

    Attributes:
        ids: The ids of the rows.
        longest: The most fields of a request.
        changes: By number of the request, from 1, ids that leave or enter before it.
    """

    def __init__(self, ids, longest=8, limit=5, leave=None, enter=None):
        self.ids = set(ids)
        self.longest, self.limit = longest, limit
        self.leave, self.enter = leave or {}, enter or {}
        self.requested = []

    def __call__(self, names, cursor):
        if len(names) > self.longest:
            raise AddressTooLong("too long")
        self.requested.append((tuple(names), cursor))
        number = len(self.requested)
        self.ids -= set(self.leave.get(number, ()))
        self.ids |= set(self.enter.get(number, ()))
        found = sorted(each for each in self.ids if each > cursor)
        rows = [{name: f"{name} {each}" for name in names} | {"id": each} for each in found]
        return Rows(rows[: self.limit], None, len(rows) > self.limit)


def read(server, names=NAMES):
    """Return all rows, as a stream pages through them."""
    fields, cursor, rows = RequestedFields(names, KEYS), 0, []
    for _ in range(200):
        page = page_of_parts("lists", fields, server, row_id, cursor=cursor, limit=server.limit)
        rows += page.rows
        if not page.rows or not (page.has_more or len(page.rows) >= server.limit):
            return rows
        cursor = page.rows[-1]["id"]
    raise AssertionError("pages without end")


@pytest.mark.parametrize("longest", [3, 4, 8, 12, 21, 22])
@pytest.mark.parametrize("number", [0, 1, 4, 5, 6, 23])
def test_rows_have_all_fields_whatever_a_request_can_name(longest, number):
    server = Server(range(1, number + 1), longest)

    rows = read(server)

    assert [row["id"] for row in rows] == list(range(1, number + 1))
    assert all(row.keys() == {*NAMES} for row in rows)


def test_the_keys_are_in_each_part_and_the_parts_are_found_once():
    server = Server(range(1, 24), 12)

    read(server)

    assert all(names[:2] == KEYS for names, _ in server.requested)
    parts = {names for names, _ in server.requested}
    assert len(server.requested) == len(parts) * 5  # pages
    assert {name for part in parts for name in part} == {*NAMES}


def test_one_request_is_made_where_it_can_name_all_fields():
    server = Server(range(1, 4), 22)

    read(server)

    assert server.requested == [(NAMES, 0)]


def test_a_request_of_one_field_that_is_too_long_is_a_failure():
    with pytest.raises(AddressTooLong):
        read(Server([1], 2))


def test_a_row_that_leaves_the_window_between_two_parts_is_left_out():
    rows = read(Server(range(1, 12), 12, leave={2: [3]}))

    assert [row["id"] for row in rows] == [1, 2, *range(4, 12)]


def test_rows_that_enter_between_two_parts_hide_no_others():
    rows = read(Server(range(10, 21), 12, enter={2: [1, 2, 3]}))

    assert {row["id"] for row in rows} >= {*range(10, 21)}


def test_a_page_of_rows_that_have_all_left_is_not_the_end():
    rows = read(Server(range(1, 21), 12, leave={2: range(1, 6)}))

    assert [row["id"] for row in rows] == [*range(6, 21)]


ids = st.sets(st.integers(1, 40), max_size=30)
changes = st.dictionaries(st.integers(1, 12), st.sets(st.integers(1, 40), max_size=8), max_size=4)


@given(ids, changes, changes, st.integers(1, 7))
def test_no_row_that_stays_is_lost(there, leave, enter, limit):
    gone = set().union(*leave.values()) if leave else set()
    server = Server(there, 8, limit, leave, enter)

    rows = read(server)

    found = [row["id"] for row in rows]
    assert found == sorted(set(found))
    assert set(found) >= there - gone
    assert all(row.keys() == {*NAMES} for row in rows)


# --- refused fields ------------------------------------------------------------------------


def refusal(*words, code=51):
    error = StreamFailed("refused", code)
    error.message_words = frozenset(words)
    return error


def test_refused_fields_are_left_out_and_reported_once():
    reported = []
    fields = RequestedFields(NAMES, KEYS, lambda name, code: reported.append((name, code)))

    assert fields.reject(refusal("field03"), NAMES)
    assert fields.reject(refusal("field03"), NAMES)  # of another thread

    assert reported == [("field03", 51)]
    assert "field03" not in fields.names


def test_a_key_is_never_left_out():
    fields = RequestedFields(NAMES, KEYS)

    assert not fields.reject(refusal("updatedAt"), NAMES)
    assert fields.names == NAMES


def test_objects_of_an_array_are_requested_with_dots_then_whole_then_not_at_all():
    names = ("id", "senderOptions.type", "senderOptions.name", "subject")
    fields = RequestedFields(names, ("id",))

    assert fields.reject(refusal("senderOptions.type"), names)
    assert fields.names == ("id", "senderOptions", "subject")
    assert fields.rejected == set()
    assert fields.reject(refusal("senderOptions"), fields.names)
    assert fields.names == ("id", "subject")
    assert fields.rejected == {"senderOptions"}


def test_a_refusal_in_a_part_leaves_the_other_parts_as_they_are():
    fields = RequestedFields(NAMES, KEYS)
    fields.shorten(NAMES)
    first, *others = fields.parts

    assert fields.reject(refusal(others[0][-1]), others[0])
    assert fields.accepted(first) == first
    assert fields.accepted(others[0]) == others[0][:-1]
