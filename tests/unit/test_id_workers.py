"""Workers read the same rows as one reader, in the same order, whatever the ids and the server."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_pardot.api.codes import NO_SUCH_SORT
from tap_pardot.api.dialect import Filters, Query, Rows
from tap_pardot.api.v4 import V4, ApiVersion
from tap_pardot.errors import (
    CallLimitReached,
    Outage,
    RequestTooLarge,
    RunStopped,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
)
from tap_pardot.sources.id_ranges import PAGES
from tap_pardot.sources.id_workers import pages_by_id
from tap_pardot.sources.paging import QueryCalls
from tap_pardot.sources.query import SplittingQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_pardot.api.dialect import Request
    from tap_pardot.sources.paging import IdPage

NOTHING = Filters()
SIZE = 10


@dataclass
class Server:
    """A query in memory that several threads may ask at once.

    Attributes:
        ids: Ids of the rows, in order.
        total: Returns ``total_results`` for the count of rows after the cursor; None leaves it out.
        newest: What happens when the newest row is asked for: an error, other ids, or None.
        error: By cursor, the error of a page.
        added: By number of the call, from 1, ids of rows that are added before it is answered.
        seconds: How long a call takes.
        waits_for_hint: The third page is not answered before the newest row was asked for.
        cursors: The cursors that were asked for.
        hints: How often the newest row was asked for.
        most: The most calls at once.
        sent: Pages that were sent.
    """

    ids: list[int]
    total: Callable[[int], int | None] = lambda _: None
    newest: Exception | list[int] | None = None
    error: dict[int, Exception] = field(default_factory=dict)
    added: dict[int, list[int]] = field(default_factory=dict)
    seconds: float = 0.0
    waits_for_hint: bool = False
    cursors: list[int] = field(default_factory=list)
    hints: int = 0
    most: int = 0
    sent: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._in_flight = 0
        self._is_hinted = threading.Event()

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return len(self.cursors) + self.hints

    def __call__(self, request: Request[Any]) -> Any:
        params = request.params
        with self._lock:
            self._in_flight += 1
            self.most = max(self.most, self._in_flight)
        if self.seconds:
            time.sleep(self.seconds)
        is_page = "id_greater_than" in params
        if self.waits_for_hint and is_page and len(self.cursors) >= 2:
            assert self._is_hinted.wait(10)
        try:
            with self._lock:
                return self.answer(params)
        finally:
            with self._lock:
                self._in_flight -= 1

    def answer(self, params: Any) -> Rows:
        limit = int(params["limit"])
        if params["sort_order"] == "descending":
            assert limit == 1
            assert "id_greater_than" not in params
            self.hints += 1
            self._is_hinted.set()
            if isinstance(self.newest, Exception):
                raise self.newest
            ids = self.ids[-1:] if self.newest is None else self.newest
            return Rows([{"id": each} for each in ids], None)
        cursor = int(params.get("id_greater_than", 0))
        self.cursors.append(cursor)
        assert self.calls < 5000, "pages without end"
        self.ids = sorted({*self.ids, *self.added.get(self.calls, ())})
        if error := self.error.get(cursor):
            raise error
        first = bisect_right(self.ids, cursor)
        self.sent += 1
        return self.page(self.ids[first : first + limit], len(self.ids) - first)

    def page(self, ids: list[int], number: int) -> Rows:
        """Return the rows with some ids, of which there are so many after the cursor."""
        return Rows([{"id": each} for each in ids], self.total(number))


def open_pages(
    server: Server, threads: int = 4, *, cursor: int = 0, size: int = SIZE, sorts: bool = True
) -> Iterator[IdPage]:
    calls = QueryCalls(server, V4("", ApiVersion(4)), Query("list", sorted=sorts), "lists")
    return pages_by_id(calls, NOTHING, cursor, size, can_split=False, threads=threads)


def read(server: Server, threads: int = 4, **options: Any) -> list[int]:
    return [row["id"] for page in open_pages(server, threads, **options) for row in page.rows]


def until_failure(pages: Iterator[IdPage]) -> tuple[list[int], BaseException]:
    """The ids that come before the error, and the error."""
    found: list[int] = []
    try:
        for page in pages:
            found += [row["id"] for row in page.rows]
    except TapPardotError as error:
        return found, error
    pytest.fail("no error")


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


# --- any ids -------------------------------------------------------------------------------


def clumps(gap: int, *lengths: int) -> list[int]:
    """Ids without gaps, but for one after so many of them."""
    ids, after = [], 0
    for length in lengths:
        ids += range(after + 1, after + 1 + length)
        after = ids[-1] + gap
    return ids


spans = st.lists(
    st.tuples(
        st.integers(1, 300), st.sampled_from([1, 1, 2, 7, 1000]), st.sampled_from([0, 50, 10**6])
    ),
    min_size=1,
    max_size=8,
)


@st.composite
def any_ids(draw: st.DrawFn) -> tuple[list[int], int]:
    """Ids of rows, and how many times they change between close and far apart."""
    ids, last, listed = [], draw(st.sampled_from([0, 800_000_000])), draw(spans)
    for number, step, gap in listed:
        last += gap
        for _ in range(number):
            last += draw(st.integers(1, step)) if step == 7 else step
            ids.append(last)
    return ids, len(listed)


totals = st.sampled_from([lambda _: None, int, lambda _: 10**6, lambda number: number // 2])


@settings(max_examples=150, deadline=None)
@given(any_ids(), totals, st.integers(1, 5), st.sampled_from([5, 10, 40]), st.integers(0, 3))
def test_all_rows_come_once_and_in_order_with_few_calls(
    drawn: tuple[list[int], int], total: Any, threads: int, size: int, hurry: int
) -> None:
    """A change of density, such as a gap, costs a few calls of each worker."""
    ids, changes = drawn
    server = Server(ids, total=total, seconds=0.0002 * hurry)

    assert read(server, threads, size=size) == ids

    pages = len(ids) // size + 1
    assert server.hints <= 1
    assert server.most <= threads
    if threads == 1:
        assert server.calls <= pages + 1
    assert server.calls <= 1.15 * pages + 3 + changes * threads * PAGES


@settings(max_examples=60, deadline=None)
@given(
    any_ids(),
    st.dictionaries(st.integers(1, 60), st.lists(st.integers(1, 2000), max_size=30), max_size=4),
    st.integers(2, 5),
)
def test_rows_that_are_added_meanwhile_hide_no_others(
    drawn: tuple[list[int], int], added: dict[int, list[int]], threads: int
) -> None:
    """Also rows with ids after the newest one that was asked for."""
    ids, _ = drawn
    late = {call: [*each, *(ids[-1] + number for number in each)] for call, each in added.items()}
    server = Server(ids, added=late)

    found = read(server, threads)

    assert found == sorted(set(found))
    assert set(found) >= set(ids)


@pytest.mark.parametrize(
    ("name", "ids", "most"),
    [
        ("dense", clumps(0, 2000), 202),
        ("one huge gap", clumps(10**9, 500, 1500), 220),
        ("many gaps", clumps(10**5, *[50] * 40), 280),
        ("clumps shorter than a page", clumps(10**5, *[3] * 500), 190),
        ("far apart, then dense", [*range(1, 50_000, 100), *range(50_000, 51_500)], 240),
        ("dense, then far apart", [*range(1, 1500), *range(50_000, 100_000, 100)], 225),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_gaps_between_ids_cost_no_storm_of_empty_pages(
    name: str, ids: list[int], most: int
) -> None:
    """A fixed grid of ranges would make a call for each of them."""
    server = Server(ids)
    assert read(server) == ids, name
    assert server.calls <= most


# --- when workers begin --------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_a_page_that_is_not_full_costs_no_call_more(rows: int) -> None:
    server = Server([*range(1, rows + 1)])
    assert read(server) == server.ids
    assert server.calls == 1


@pytest.mark.parametrize("rows", [10, 11, 19, 20, 30, 45])
def test_a_few_pages_cost_one_call_more_where_rows_are_not_counted(rows: int) -> None:
    server = Server([*range(1, rows + 1)], seconds=0.005)
    assert read(server) == server.ids
    assert server.hints <= 1
    assert len(server.cursors) <= rows // SIZE + 1 + 2


def test_a_few_pages_more_cost_no_call_more_where_rows_are_counted() -> None:
    server = Server([*range(1, 51)], total=int)
    assert read(server) == server.ids
    assert server.hints == 0
    assert server.most == 1


def test_one_worker_makes_the_calls_of_before_in_their_order() -> None:
    server = Server([*range(1, 405)])
    assert read(server, 1) == server.ids
    assert server.cursors == [*range(0, 405, 10)]
    assert (server.hints, server.most) == (0, 1)


def test_a_cursor_leaves_out_what_is_already_out() -> None:
    server = Server([*range(1, 1001)])
    assert read(server, cursor=205) == [*range(206, 1001)]
    assert min(server.cursors) == 205


def test_the_workers_are_all_at_work() -> None:
    server = Server([*range(1, 2001)], seconds=0.002)
    assert read(server) == server.ids
    assert server.most == 4


# --- the newest id -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "newest",
    [
        StreamFailed("no such sort", NO_SUCH_SORT),
        StreamFailed("no such order", 20),
        StreamSkipped("no right", 46),
        RequestTooLarge("no time", 214),
        Outage("no answer"),
        [1],  # the sort is ignored
        [],
        [None],
        ["x"],
    ],
    ids=repr,
)
def test_without_the_newest_id_one_worker_reads_all(newest: Any) -> None:
    server = Server([*range(1, 405)], newest=newest, waits_for_hint=True)
    assert read(server) == server.ids
    assert server.hints == 1
    assert server.most <= 2  # a page beside the hint
    assert server.cursors == [*range(0, 405, 10)]


@pytest.mark.parametrize("newest", [25, 300, 10**15])
def test_a_wrong_newest_id_loses_nothing(newest: int) -> None:
    server = Server([*range(1, 405)], newest=[newest])
    assert read(server) == server.ids
    assert server.calls <= 41 + 5


@pytest.mark.parametrize("newest", [RunStopped("no calls left", 122), CallLimitReached("enough")])
def test_an_error_that_ends_the_run_ends_it_here_too(newest: Exception) -> None:
    server = Server([*range(1, 2001)], newest=newest, waits_for_hint=True)
    found, error = until_failure(open_pages(server))
    assert error is newest
    assert found == [*range(1, len(found) + 1)]


def test_pages_go_on_while_the_newest_id_is_waited_for() -> None:
    """It may be slow, or tried again and again."""
    is_answered = threading.Event()

    class Slow(Server):
        def __call__(self, request: Request[Any]) -> Any:
            if request.params["sort_order"] == "descending":
                is_answered.wait(5)
            return super().__call__(request)

    server = Slow([*range(1, 2001)])
    pages = open_pages(server)
    for _ in range(20):
        next(pages)
    is_answered.set()
    assert sum(len(page.rows) for page in pages) == 2000 - 20 * SIZE
    assert server.hints == 1


def test_a_query_without_a_sort_has_one_worker() -> None:
    """Nothing promises that its rows come in the order of ids."""

    class Unsorted(Server):
        def answer(self, params: Any) -> Rows:
            assert "sort_by" not in params
            return super().answer({**params, "sort_order": "ascending"})

        def __call__(self, request: Request[Any]) -> Any:
            return self.answer(request.params)

    server = Unsorted([*range(1, 405)])
    assert read(server, sorts=False) == server.ids
    assert server.hints == 0


# --- servers that do not keep to the rules -------------------------------------------------


def test_rows_out_of_order_are_a_failure_and_what_is_before_them_comes() -> None:
    class Unordered(Server):
        def page(self, ids: list[int], number: int) -> Rows:
            return super().page(ids[::-1] if 700 in ids else ids, number)

    found, error = until_failure(open_pages(Unordered([*range(1, 2001)])))
    assert isinstance(error, StreamFailed)
    assert found == [*range(1, 691)]


@pytest.mark.parametrize("total", [lambda _: None, int])
def test_rows_that_come_again_are_a_failure_not_an_endless_loop(total: Any) -> None:
    """The server forgets the id filter after a while."""

    class Forgetful(Server):
        def answer(self, params: Any) -> Rows:
            forgets = int(params.get("id_greater_than", 0)) >= 700
            return super().answer({**params, "id_greater_than": 0} if forgets else params)

    server = Forgetful([*range(1, 2001)], total=total)
    found, error = until_failure(open_pages(server))
    assert isinstance(error, StreamFailed)
    assert found == [*range(1, 701)]
    assert server.calls < 120


def test_rows_that_are_counted_but_not_sent_are_a_failure() -> None:
    class Short(Server):
        def page(self, ids: list[int], number: int) -> Rows:
            return super().page([each for each in ids if each <= 700], number)

    found, error = until_failure(open_pages(Short([*range(1, 2001)], total=int)))
    assert isinstance(error, StreamFailed)
    assert found == [*range(1, 701)]


@pytest.mark.parametrize("cap", [1, 7, 9])
def test_smaller_pages_than_asked_lose_nothing(cap: int) -> None:
    class Capped(Server):
        def page(self, ids: list[int], number: int) -> Rows:
            return super().page(ids[:cap] if len(self.cursors) > 20 else ids, number)

    server = Capped([*range(1, 1001)], total=int)
    assert read(server) == server.ids


def test_rows_without_an_id_are_counted() -> None:
    class Nameless(Server):
        def page(self, ids: list[int], number: int) -> Rows:
            rows, total, _, _ = super().page(ids, number)
            return Rows([*rows, {"id": None}] if 1000 in ids else rows, total)

    pages = [*open_pages(Nameless([*range(1, 1001)]))]
    assert sum(page.without_id for page in pages) == 1


# --- failures ------------------------------------------------------------------------------


@pytest.mark.parametrize("cursor", [0, 10, 20, 30, 80, 90, 130, 500, 990, 2000])
def test_a_failure_comes_in_its_place_after_all_that_is_before_it(cursor: int) -> None:
    """So the cursor in STATE is right, and the next run goes on there."""
    failure = StreamFailed("broken", 99)
    server = Server([*range(1, 2001)], error={cursor: failure}, seconds=0.0005)
    found, error = until_failure(open_pages(server))
    assert error is failure
    assert found == [*range(1, cursor + 1)]


def test_nothing_begins_after_a_failure() -> None:
    server = Server([*range(1, 20_001)], error={90: StreamFailed("broken", 99)}, seconds=0.0005)
    until_failure(open_pages(server))
    wait_for(lambda: server._in_flight == 0)
    made = server.calls
    assert made <= 3 + 5 * (PAGES + 2)
    time.sleep(0.02)
    assert server.calls == made


def test_a_query_that_takes_too_long_is_read_in_smaller_pages_from_where_it_is() -> None:
    class Slow(Server):
        def answer(self, params: Any) -> Rows:
            if int(params.get("id_greater_than", 0)) > 700 and int(params["limit"]) > 3:
                raise RequestTooLarge("no time", 214)
            return super().answer(params)

    server = Slow([*range(1, 1001)])
    endpoint = Query("list", page_size=SIZE)
    query = SplittingQuery(QueryCalls(server, V4("", ApiVersion(4)), endpoint, "lists"), 4)
    found = [row["id"] for page in query.pages(NOTHING) for row in page.rows]
    assert found == server.ids


# --- the reader ----------------------------------------------------------------------------


def test_a_reader_that_stalls_lets_workers_read_a_few_pages_and_no_more() -> None:
    """A slow target must not make memory grow, nor keep connections busy."""
    server = Server([*range(1, 20_001)])
    pages = open_pages(server)
    number = 0
    for _ in range(8):
        number += sum(1 for _ in zip(range(25), pages, strict=False))
        wait_for(lambda: server._in_flight == 0)
        time.sleep(0.01)
        assert server.sent - number <= 4 * (PAGES + 2)
    pages.close()  # type: ignore[attr-defined]


def test_a_reader_that_goes_leaves_no_thread_and_no_request_begins() -> None:
    before = threading.active_count()
    server = Server([*range(1, 20_001)], seconds=0.005)
    pages = open_pages(server)
    for _ in range(10):
        next(pages)
    pages.close()  # type: ignore[attr-defined]
    made = server.calls
    wait_for(lambda: threading.active_count() <= before)
    assert server.calls <= made + 4


def test_a_page_has_its_largest_id_as_cursor() -> None:
    """It goes to STATE when the rows are out."""
    for page in open_pages(Server(clumps(10**5, *[50] * 40))):
        assert page.rows
        assert page.cursor == page.rows[-1]["id"]
