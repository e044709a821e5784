"""Paging loses no row whatever the server does: all rows are read or the stream fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_pardot.api.dialect import Filters, Query, Rows
from tap_pardot.api.v4 import V4, ApiVersion
from tap_pardot.errors import RequestTooLarge, StreamFailed
from tap_pardot.sources.offset_paging import by_offset as rows_by_offset
from tap_pardot.sources.paging import QueryCalls, by_id, page_of, row_id

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Server:
    """A query resource that keeps to the reference, or not.

    Attributes:
        ids: Ids of the rows in the range.
        cap: The most rows of a page, whatever is asked.
        total: Returns ``total_results`` for the count of all matches, or None to leave it out.
        ignores: Parameters that are not looked at.
        before: By number of the call, from 1, what happens to the rows before it is answered.
        most: The most rows of a page that there is time for.
    """

    ids: list[int]
    cap: int = 200
    total: Callable[[int], int | None] = int
    ignores: frozenset[str] = frozenset()
    before: dict[int, Any] = field(default_factory=dict)
    most: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request):
        assert request.path == ("list", "query")
        return Rows(*self.answer(dict(request.params), can_split=request.can_split))

    def answer(self, params, *, can_split):
        self.asked.append(params)
        if int(params["limit"]) > self.most:
            raise (RequestTooLarge if can_split else StreamFailed)("no time", "214")
        assert len(self.asked) < 500, "pages without end"
        if change := self.before.get(len(self.asked)):
            self.ids = change(self.ids)
        given_ = {name: value for name, value in params.items() if name not in self.ignores}
        ids = sorted(self.ids, reverse="sort_by" in self.ignores)
        ids = [each for each in ids if each > int(given_.get("id_greater_than", 0))]
        total = self.total(len(ids))
        offset = int(given_.get("offset", 0))
        ids = ids[offset : offset + min(self.cap, int(given_.get("limit", 10**9)))]
        return [{"id": each} for each in ids], total


SINCE = Filters(start=datetime(2024, 6, 1, tzinfo=UTC))


def calls_of(server, size=None):
    """The calls of a stream for its pages, of which each may have some rows."""
    return QueryCalls(server, V4("", ApiVersion(4)), Query("list", page_size=size), "lists")


def by_offset(calls, filters):
    """The pages of a query by offset, whose totals may be wrong."""
    return map(page_of, rows_by_offset(calls, filters, counts=False))


def read(server, pages=by_id, **options):
    found = pages(calls_of(server, options.pop("size", None)), SINCE, **options)
    return [row["id"] for page in found for row in page.rows]


def removals(leaving):
    """What happens to the rows before the calls of these numbers: some ids leave."""
    return {
        call: lambda rows, gone=gone: [each for each in rows if each not in gone]
        for call, gone in leaving.items()
    }


def no_total(_):
    return None


# --- both ways of paging -------------------------------------------------------------------


@pytest.mark.parametrize("pages", [by_id, by_offset])
@pytest.mark.parametrize("total", [int, no_total])
@pytest.mark.parametrize("rows", [0, 1, 199, 200, 201, 400, 450])
def test_all_rows_are_read_once_and_in_order_with_few_calls(pages, total, rows):
    server = Server(list(range(10, 10 * rows + 10, 10)), total=total)

    assert read(server, pages) == server.ids

    assert len(server.asked) <= rows // 199 + 1
    for asked in server.asked:
        assert asked["updated_after"] == "2024-05-31 23:59:59"
        assert (asked["sort_by"], asked["sort_order"], asked["limit"]) == ("id", "ascending", "200")


@pytest.mark.parametrize("pages", [by_id, by_offset])
@pytest.mark.parametrize("cap", [2, 20, 100, 199])
def test_a_server_with_smaller_pages_than_asked_loses_nothing(pages, cap):
    server = Server(list(range(1, 302)), cap=cap)

    assert read(server, pages) == server.ids


@pytest.mark.parametrize("pages", [by_id, by_offset])
@pytest.mark.parametrize("rows", [2, 199, 200, 201, 399, 400, 450])
@pytest.mark.parametrize("total", [lambda _: 10**9, lambda _: 0, lambda count: count // 2])
def test_a_wrong_total_costs_at_most_a_call(pages, rows, total):
    server = Server(list(range(1, rows + 1)), total=total)

    assert read(server, pages) == server.ids
    assert len(server.asked) <= rows // 199 + 2


def test_a_page_without_the_rows_that_are_counted_is_a_failure_not_an_end():
    server = Server(list(range(1, 451)), total=lambda count: count + 500)

    with pytest.raises(StreamFailed):
        read(server)


@pytest.mark.parametrize("pages", [by_id, by_offset])
def test_a_total_of_all_rows_on_every_page_costs_at_most_a_call(pages):
    server = Server(list(range(1, 451)), total=lambda _: 450)

    assert read(server, pages) == server.ids
    assert len(server.asked) <= 4


@pytest.mark.parametrize("pages", [by_id, by_offset])
def test_a_total_that_changes_while_paging_loses_nothing(pages):
    totals = iter([450, 7, 0, 1000, 0])
    server = Server(list(range(1, 451)), total=lambda _: next(totals))

    assert read(server, pages) == server.ids


@pytest.mark.parametrize("pages", [by_id, by_offset])
def test_rows_that_are_counted_but_not_sent_are_a_failure(pages):
    server = Server([], total=lambda _: 7)

    with pytest.raises(StreamFailed):
        read(server, pages)


@pytest.mark.parametrize("pages", [by_id, by_offset])
def test_a_server_that_ignores_the_limit_loses_nothing(pages):
    server = Server(list(range(1, 1001)), cap=10**9, ignores=frozenset({"limit"}))

    assert read(server, pages) == server.ids


@pytest.mark.parametrize("pages", [by_id, by_offset])
def test_a_server_that_ignores_the_sort_is_a_failure_beyond_one_page(pages):
    server = Server(list(range(1, 451)), ignores=frozenset({"sort_by"}))

    with pytest.raises(StreamFailed) as caught:
        read(server, pages)
    assert "report it" in caught.value.message


@pytest.mark.parametrize("pages", [by_id, by_offset])
def test_a_server_that_ignores_the_sort_is_accepted_within_one_page(pages):
    server = Server(list(range(1, 151)), ignores=frozenset({"sort_by"}))

    assert read(server, pages) == server.ids


@pytest.mark.parametrize("cap", [20, 200])
def test_a_server_that_ignores_the_id_filter_is_a_failure_not_an_endless_loop(cap):
    server = Server(list(range(1, 451)), cap=cap, ignores=frozenset({"id_greater_than"}))

    with pytest.raises(StreamFailed):
        read(server)
    assert len(server.asked) == 2


@pytest.mark.parametrize("cap", [1, 20, 100, 200])
@pytest.mark.parametrize("rows", [201, 399, 450])
def test_a_server_that_ignores_the_offset_is_a_failure_not_a_short_answer(cap, rows):
    server = Server(list(range(1, rows + 1)), cap=cap, ignores=frozenset({"offset"}))

    with pytest.raises(StreamFailed):
        read(server, by_offset)
    assert len(server.asked) <= 4


@pytest.mark.parametrize("rows", [0, 200, 450])
def test_where_no_sort_is_taken_rows_that_grow_by_id_are_read_all_the_same(rows):
    class Unsorting(Server):
        def answer(self, params, *, can_split):
            found = super().answer(params, can_split=can_split)
            if "sort_by" in params:
                raise StreamFailed("no such sort", 19)
            return found

    server = Unsorting(list(range(1, rows + 1)))
    calls = calls_of(server)

    def ids():
        return [row["id"] for page in by_id(calls, SINCE) for row in page.rows]

    assert ids() == server.ids
    assert sum("sort_by" in each for each in server.asked) == 1
    # For the whole run: not asked once more.
    server.asked.clear()
    assert ids() == server.ids
    assert sum("sort_by" in each for each in server.asked) == 0


def test_where_no_sort_is_taken_rows_in_another_order_are_a_failure():
    class Backwards(Server):
        def answer(self, params, *, can_split):
            rows, total = super().answer(params, can_split=can_split)
            if "sort_by" in params:
                raise StreamFailed("no such sort", 19)
            return rows[::-1], total

    with pytest.raises(StreamFailed, match="by id"):
        read(Backwards(list(range(1, 451))))


@pytest.mark.parametrize("pages", [by_id, by_offset])
def test_rows_without_an_id_are_counted_and_left_out(pages):
    class Nameless(Server):
        def answer(self, params, *, can_split):
            rows, total = super().answer(params, can_split=can_split)
            return [*rows, {"id": None}, {"name": "x"}, {"id": "x"}, {"id": 0}], total + 4

    (page,) = pages(calls_of(Nameless([1, 2])), SINCE)

    assert [row["id"] for row in page.rows] == [1, 2]
    assert page.cursor == 2
    assert page.without_id == 4


@pytest.mark.parametrize("pages", [by_id, by_offset])
def test_a_full_page_of_rows_without_ids_is_a_failure(pages):
    class Nameless(Server):
        def answer(self, params, *, can_split):
            rows, total = super().answer(params, can_split=can_split)
            return [{"name": "x"} for _ in rows], total

    with pytest.raises(StreamFailed):
        read(Nameless(list(range(1, 451))), pages)


@pytest.mark.parametrize("pages", [by_id, by_offset])
def test_a_row_twice_on_a_page_does_not_end_paging(pages):
    class Twice(Server):
        def answer(self, params, *, can_split):
            rows, total = super().answer(params, can_split=can_split)
            return [*rows, rows[-1]] if rows else rows, total

    assert sorted(set(read(Twice(list(range(1, 451))), pages))) == list(range(1, 451))


@pytest.mark.parametrize(
    ("row", "number"),
    [
        ({"id": 7}, 7),
        ({"id": "7"}, 7),
        ({"id": 7.0}, 7),
        ({"id": ""}, 0),
        ({"id": None}, 0),
        ({}, 0),
        ({"id": "x"}, 0),
        ({"id": True}, 0),
        ({"id": []}, 0),
        ({"id": {"value": 7}}, 0),
        ({"id": "1e400"}, 0),
    ],
)
def test_an_id_is_a_whole_number_in_any_spelling(row, number):
    assert row_id(row) == number


# --- by id ---------------------------------------------------------------------------------


def test_a_cursor_leaves_out_what_is_already_out():
    server = Server(list(range(1, 451)))

    assert read(server, cursor=205) == list(range(206, 451))
    assert [asked.get("id_greater_than") for asked in server.asked] == ["205", "405"]


def test_the_first_page_is_asked_without_an_id():
    server = Server([1])

    assert read(server) == [1]
    assert "id_greater_than" not in server.asked[0]


def test_each_page_has_its_largest_id_as_cursor():
    calls = calls_of(Server(list(range(1, 451))))

    assert [page.cursor for page in by_id(calls, SINCE)] == [200, 400, 450]


def test_a_cursor_never_goes_back():
    server = Server(list(range(1, 101)), ignores=frozenset({"id_greater_than"}), total=no_total)

    # The short page of a server that ignores the filter: all of it again, and no more pages.
    assert read(server, cursor=60) == list(range(1, 101))
    assert len(server.asked) == 1


@settings(max_examples=60)
@given(
    st.sets(st.integers(1, 700), max_size=500),
    st.dictionaries(st.integers(2, 5), st.sets(st.integers(1, 700), max_size=60), max_size=3),
    st.sampled_from([20, 100, 200]),
)
def test_rows_that_leave_the_range_while_it_is_paged_hide_no_others(ids, leaving, cap):
    server = Server(sorted(ids), cap=cap, before=removals(leaving))

    found = read(server)

    assert found == sorted(set(found))
    assert set(found) >= ids - set().union(*leaving.values())


def test_rows_that_enter_the_range_behind_the_cursor_hide_no_others():
    server = Server(
        list(range(1000, 1451)), before={2: lambda ids: [*range(1, 400), *ids, *range(2000, 2400)]}
    )

    assert read(server) == [*range(1000, 1451), *range(2000, 2400)]


# --- by offset -----------------------------------------------------------------------------


def test_pages_by_offset_begin_with_the_last_row_of_the_one_before():
    server = Server(list(range(1, 451)))

    read(server, by_offset)

    assert [asked["offset"] for asked in server.asked] == ["0", "199", "398"]
    assert all("id_greater_than" not in asked for asked in server.asked)


@pytest.mark.parametrize("size", [100, 200])
@pytest.mark.parametrize("gone", [1, 2, 99, 100, 101, 150, 199])
@pytest.mark.parametrize("total", [int, no_total])
def test_rows_that_leave_move_no_other_row_out_of_sight(size, gone, total):
    ids = list(range(1, 751))
    server = Server(ids, cap=size, total=total, before={2: lambda rows: rows[gone:]})

    found = read(server, by_offset, size=size)

    assert found == sorted(set(found))
    assert set(found) >= set(ids[gone:])


@pytest.mark.parametrize("cap", [2, 20])
@pytest.mark.parametrize("calls", [(2, 4), (5,), (4, 5, 6)])
def test_rows_that_leave_a_server_with_small_pages_hide_no_others(cap, calls):
    ids = list(range(1, 151))
    server = Server(ids, cap=cap, before=dict.fromkeys(calls, lambda rows: rows[1:]))

    assert read(server, by_offset, size=200) == ids


@given(
    rows=st.integers(0, 40),
    most=st.integers(2, 40),
    size=st.integers(2, 40),
    gone=st.dictionaries(st.integers(1, 12), st.integers(1, 40), max_size=3),
)
def test_pages_by_offset_get_smaller_until_there_is_time_and_lose_nothing(rows, most, size, gone):
    leaves = {
        call: lambda ids, left=left: [each for each in ids if each != left]
        for call, left in gone.items()
    }
    server = Server([*range(1, rows + 1)], most=most, before=leaves)

    assert set(read(server, by_offset, size=size)) >= set(server.ids)
    sizes = [int(params["limit"]) for params in server.asked]
    assert sizes == sorted(sizes, reverse=True)


def test_a_page_by_offset_that_cannot_be_smaller_is_a_failure():
    server = Server([1, 2, 3], most=1)

    with pytest.raises(StreamFailed, match="no time"):
        read(server, by_offset, size=9)
    assert [params["limit"] for params in server.asked] == ["9", "4", "2"]


def test_the_last_rows_are_found_when_the_end_has_moved_forward():
    # 200 rows are out, 5 of them leave, 3 younger ones remain: offset 199 is beyond the end.
    server = Server(list(range(1, 204)), before={2: lambda rows: rows[5:]})

    assert read(server, by_offset) == list(range(1, 204))


def test_the_row_where_two_pages_meet_may_be_the_one_that_leaves():
    server = Server(
        list(range(1, 451)), before={2: lambda rows: [each for each in rows if each != 200]}
    )

    assert read(server, by_offset) == list(range(1, 451))


@pytest.mark.parametrize("entering", [1, 50, 198, 199, 200, 201, 398, 400])
def test_rows_that_enter_before_the_page_hide_no_others(entering):
    server = Server(
        list(range(1000, 1451)), before={2: lambda rows: [*range(1, entering + 1), *rows]}
    )

    assert set(read(server, by_offset)) >= set(range(1000, 1451))


@settings(max_examples=100)
@given(
    st.sets(st.integers(1, 900), max_size=600),
    st.dictionaries(st.integers(2, 8), st.sets(st.integers(1, 900), max_size=90), max_size=4),
    st.sampled_from([20, 100, 200]),
)
def test_by_offset_every_row_that_is_not_moved_is_read_or_the_stream_fails(ids, leaving, cap):
    server = Server(sorted(ids), cap=cap, before=removals(leaving))

    try:
        found = read(server, by_offset)
    except StreamFailed:
        return

    assert found == sorted(set(found))
    assert set(found) >= ids - set().union(*leaving.values())


# --- by an offset alone --------------------------------------------------------------------


class Visits(Server):
    """A query that knows nothing but an offset: always by id, ascending, asked by POST."""

    def __call__(self, request):
        assert request.method == "POST"
        assert request.params.keys() == {"visitor_ids", "limit", "offset"}
        return super().__call__(request)


VISITORS = Filters(visitor_ids=(1, 2))


def visit_calls(server, size=None):
    """The calls for visits of visitors, whose query knows no sort."""
    endpoint = Query("list", sorted=False, page_size=size)
    return QueryCalls(server, V4("", ApiVersion(4)), endpoint, "visits")


def ids_by_offset(server, size=200):
    """Return the ids that come, each time they do."""
    pages = rows_by_offset(visit_calls(server, size), VISITORS)
    return [row["id"] for rows in pages for row in rows]


def offsets(server):
    return [int(asked["offset"]) for asked in server.asked]


@pytest.mark.parametrize("total", [int, no_total])
@pytest.mark.parametrize("rows", [0, 1, 199, 200, 201, 399, 400, 450])
def test_by_an_offset_alone_all_rows_come_once_with_few_calls(total, rows):
    server = Visits(list(range(10, 10 * rows + 10, 10)), total=total)

    assert ids_by_offset(server) == server.ids
    # One row of each page is that of the page before.
    assert offsets(server) == list(range(0, max(rows, 1), 199))[: rows // 199 + 1]
    assert {asked["limit"] for asked in server.asked} == {"200"}


@pytest.mark.parametrize("cap", [1, 2, 20, 199])
def test_smaller_pages_than_asked_lose_nothing_by_an_offset_alone(cap):
    server = Visits(list(range(1, 151)), cap=cap)

    assert ids_by_offset(server) == server.ids


def test_a_row_added_before_the_offset_pushes_no_other_out_of_sight():
    server = Visits(list(range(100, 550)), before={2: lambda ids: [7, *ids]})

    # The page was moved by one: read anew from the start, which finds the added row as well.
    assert sorted(ids_by_offset(server)) == [7, *range(100, 550)]
    assert offsets(server) == [0, 199, 0, 199, 398]


@pytest.mark.parametrize("entering", [1, 50, 199, 200, 201, 398, 450])
@pytest.mark.parametrize("total", [int, no_total])
@pytest.mark.parametrize("call", [2, 3])
def test_rows_added_before_the_offset_all_come_and_hide_none(entering, total, call):
    ids = list(range(1000, 1450))
    server = Visits(ids, total=total, before={call: lambda rows: [*range(1, entering + 1), *rows]})

    assert sorted(ids_by_offset(server)) == [*range(1, entering + 1), *ids]


@pytest.mark.parametrize("gone", [1, 50, 199, 200, 201, 250])
@pytest.mark.parametrize("total", [int, no_total])
@pytest.mark.parametrize("call", [2, 3])
def test_rows_removed_before_the_offset_hide_none(gone, total, call):
    ids = list(range(1, 451))
    server = Visits(ids, total=total, before={call: lambda rows: rows[gone:]})

    found = ids_by_offset(server)

    assert len(found) == len(set(found))
    assert set(found) >= set(ids[gone:])


def test_all_rows_may_leave_while_they_are_read():
    server = Visits(list(range(1, 451)), before={2: lambda _: []})

    assert ids_by_offset(server) == list(range(1, 201))


def test_rows_added_behind_the_offset_come_at_once():
    server = Visits(list(range(1, 251)), before={2: lambda ids: [*ids, *range(251, 460)]})

    assert ids_by_offset(server) == list(range(1, 460))
    assert offsets(server) == [0, 199, 398]


def test_a_total_that_moves_while_rows_do_not_loses_nothing():
    totals = iter([450, 7, 1000, 0, 450])
    server = Visits(list(range(1, 451)), total=lambda _: next(totals))

    assert ids_by_offset(server) == list(range(1, 451))


def test_a_row_that_is_counted_before_it_is_sent_comes_with_a_second_reading():
    late = {4: lambda ids: sorted([*ids, 300])}
    ids = list(range(1, 451))
    server = Visits([each for each in ids if each != 300], total=lambda _: 450, before=late)

    assert ids_by_offset(server) == [*(each for each in ids if each != 300), 300]
    assert offsets(server) == [0, 199, 398, 448, 0, 199, 398]


@pytest.mark.parametrize("rows", [0, 1, 200, 450])
def test_rows_that_are_counted_but_never_sent_are_a_failure_by_an_offset_alone(rows):
    server = Visits(list(range(1, rows + 1)), total=lambda count: count + 250)
    found = []

    with pytest.raises(StreamFailed) as caught:
        found.extend(row for page in rows_by_offset(visit_calls(server), VISITORS) for row in page)
    assert f"counts {rows + 250} rows" in caught.value.message
    assert "report it" in caught.value.message
    assert len(server.asked) <= 2 * (rows // 199 + 3)


@pytest.mark.parametrize("cap", [20, 200])
@pytest.mark.parametrize("total", [int, no_total])
def test_a_server_that_ignores_the_offset_ends_the_stream_instead_of_a_hang(cap, total):
    if cap < 200 and total is no_total:
        return  # a short page without a total is the last one
    server = Visits(list(range(1, 451)), cap=cap, total=total, ignores=frozenset({"offset"}))

    with pytest.raises(StreamFailed) as caught:
        ids_by_offset(server)
    assert "report it" in caught.value.message
    assert len(server.asked) <= 20


def test_rows_that_keep_moving_end_the_stream_instead_of_a_hang():
    number = iter(range(10**6, 0, -1))
    server = Visits(list(range(10**7, 10**7 + 450)))
    server.before = {call: lambda ids: [next(number), *ids] for call in range(2, 500)}

    with pytest.raises(StreamFailed) as caught:
        ids_by_offset(server)
    assert "run again" in caught.value.message
    assert len(server.asked) <= 20


def test_a_server_that_ignores_the_limit_loses_nothing_by_an_offset_alone():
    server = Visits(list(range(1, 1001)), cap=10**9, ignores=frozenset({"limit"}))

    assert ids_by_offset(server) == server.ids


def test_pages_that_are_not_in_the_order_of_ids_are_a_failure_but_within_one_page_no_trouble():
    server = Visits(list(range(1, 451)), ignores=frozenset({"sort_by"}))

    with pytest.raises(StreamFailed) as caught:
        ids_by_offset(server)
    assert "report it" in caught.value.message
    assert len(server.asked) == 1
    server.ids = server.ids[:150]
    assert sorted(ids_by_offset(server)) == server.ids


@pytest.mark.parametrize("rows", [0, 2, 200, 450])
def test_rows_without_an_id_are_counted_in_the_total_and_cost_no_call(rows):
    class Nameless(Visits):
        def answer(self, params, *, can_split):
            found, total = super().answer(params, can_split=can_split)
            return [*found, {"id": None}, {"name": "x"}] if self.is_last() else found, total

        def is_last(self):
            return int(self.asked[-1]["offset"]) + 200 > len(self.ids)

    server = Nameless(list(range(1, rows + 1)), total=lambda count: count + 2)
    found = [row for page in rows_by_offset(visit_calls(server), VISITORS) for row in page]

    assert [row_id(row) for row in found] == [*range(1, rows + 1), 0, 0]
    assert len(server.asked) <= rows // 199 + 1


@settings(max_examples=100)
@given(
    st.sets(st.integers(1, 900), max_size=600),
    st.dictionaries(
        st.integers(2, 8),
        st.tuples(
            st.sets(st.integers(1, 900), max_size=90), st.sets(st.integers(1, 900), max_size=90)
        ),
        max_size=4,
    ),
    st.sampled_from([20, 100, 200]),
)
def test_by_offset_alone_every_row_that_is_not_moved_is_read_once_or_the_stream_fails(
    ids, changes, cap
):
    stay = set(ids)
    for leaving, _ in changes.values():
        stay -= leaving

    def change(leaving, entering):
        return lambda rows: sorted({*rows, *entering} - (leaving - entering))

    server = Visits(sorted(ids), cap=cap)
    server.before = {call: change(*each) for call, each in changes.items()}

    try:
        found = ids_by_offset(server)
    except StreamFailed:
        return

    assert len(found) == len(set(found))
    assert set(found) >= stay
