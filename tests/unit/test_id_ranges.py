"""Ranges of ids: which one a free worker reads, and what follows from what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_pardot.sources.id_ranges import PAGES, Outcome, RangePlan

if TYPE_CHECKING:
    from tap_pardot.sources.id_ranges import Range

SIZE = 200
FULL = PAGES * SIZE


def plan_of(
    after: int = 0, newest: int = 1_000_000, density: float = 1.0, threads: int = 4
) -> RangePlan:
    """A plan for pages of 200 rows."""
    return RangePlan(after, newest, density, SIZE, threads)


def begun(plan: RangePlan) -> list[Range]:
    """All ranges that may begin now."""
    found = []
    while each := plan.begin():
        found.append(each)
    return found


def spans(ranges: list[Range]) -> list[tuple[int, int | None]]:
    """Where ranges begin and end."""
    return [(each.after, each.last) for each in ranges]


def read_whole(each: Range, density: float = 1.0, beyond: int | None = None) -> Outcome:
    """What a worker finds that reads all of a range."""
    assert each.last is not None
    rows = int((each.last - each.after) / density)
    return Outcome(each.last, rows, density, beyond)


def test_each_worker_gets_a_few_full_pages_of_ids_without_gaps() -> None:
    """Such ranges end exactly where a page does."""
    plan = plan_of(after=600)
    found = begun(plan)
    assert spans(found) == [(600 + n * FULL, 600 + (n + 1) * FULL) for n in range(4)]
    assert spans(plan.ranges) == [*spans(found), (600 + 4 * FULL, None)]


def test_ids_with_gaps_make_ranges_longer_but_not_quite_full() -> None:
    """Few of them need a page more."""
    (first, *_) = begun(plan_of(density=10))
    assert first.last is not None
    assert 0.9 * 10 * FULL < first.last < 10 * FULL


def test_no_range_begins_while_all_hold_rows_and_one_begins_when_the_first_is_out() -> None:
    """Memory is bounded by the number of workers."""
    plan = plan_of(threads=2)
    first, _ = begun(plan)
    assert plan.begin() is None
    plan.finish(read_whole(first))
    (third,) = begun(plan)
    assert third.after == 2 * FULL


def test_the_range_that_reaches_the_newest_id_has_no_end() -> None:
    """Rows may be added after the newest id was asked for."""
    plan = plan_of(newest=3 * SIZE)
    *_, last = begun(plan)
    assert last.last is None
    assert plan.ranges[-1] is last


def seconds(plan: RangePlan) -> int:
    """How long all takes if each page takes a second, and ids have no gaps."""
    passed = 0
    while plan.ranges:
        assert all(each.pages <= PAGES for each in begun(plan))
        for each in plan.ranges:
            each.pages_read += each.pages_read < each.pages
        passed += 1
        while plan.ranges and 0 < plan.ranges[0].pages == plan.ranges[0].pages_read:
            first = plan.ranges[0]
            is_end = first.last is None
            plan.finish(Outcome(0, 0, 1.0, is_end=True) if is_end else read_whole(first))
    return passed


@given(st.integers(1, 5), st.integers(1, 200))
def test_all_workers_finish_together(threads: int, pages: int) -> None:
    """As far as whole pages allow; one is added, for a full page does not show that it is last."""
    plan = plan_of(newest=pages * SIZE, threads=threads)
    assert seconds(plan) <= -(-(pages + 1) // threads) + 1


def test_a_gap_is_skipped_by_the_first_range_that_has_not_begun() -> None:
    """Its worker begins where ids are known to be."""
    plan = plan_of()
    first, *others = begun(plan)
    plan.finish(read_whole(first, beyond=900_000))
    (next_one,) = begun(plan)
    assert next_one.after == 899_999
    assert spans(plan.ranges[:3]) == spans(others)


def test_an_id_that_lies_in_a_range_that_has_begun_skips_nothing() -> None:
    """Between the two may be more ids."""
    plan = plan_of()
    first, *_ = begun(plan)
    plan.finish(read_whole(first, beyond=FULL + 7))
    (next_one,) = begun(plan)
    assert next_one.after == 4 * FULL


def test_a_gap_makes_later_ranges_longer() -> None:
    """Where there is one gap there may be more."""
    plan = plan_of(newest=10**9)
    first, *_ = begun(plan)
    plan.finish(read_whole(first, beyond=100_000))
    (next_one,) = begun(plan)
    assert next_one.last is not None
    assert next_one.last - next_one.after > 10 * FULL


def test_what_a_worker_has_left_of_a_range_comes_before_all_later_ones() -> None:
    """The cursor in STATE is an id up to which everything is out."""
    plan = plan_of(density=2)
    first, *others = begun(plan)
    plan.finish(Outcome(900, 900, 1.0))
    (rest,) = begun(plan)
    assert spans([rest]) == [(900, first.last)]
    assert plan.ranges[:4] == [rest, *others]
    assert not any(each.is_dropped for each in others)


def test_a_rest_that_stays_long_gets_all_workers() -> None:
    """A range of a thousand full pages was expected to have five."""
    plan = plan_of(density=1000, newest=10**9)
    _, *others = begun(plan)
    for cursor in (FULL, 2 * FULL):
        assert not any(each.is_dropped for each in others)  # at first it may be a clump
        begun(plan)
        plan.ranges[0].pages_read = PAGES
        plan.finish(Outcome(cursor, FULL, 1.0))
    assert all(each.is_dropped for each in others)
    assert spans(begun(plan)) == [(FULL * n, FULL * (n + 1)) for n in (2, 3, 4, 5)]


def test_nothing_begins_after_a_range_that_has_failed() -> None:
    """But what is left before it does."""
    plan = plan_of(threads=3)
    first, second, _ = begun(plan)
    second.has_failed = True
    plan.finish(read_whole(first))
    assert plan.begin() is None


def test_the_rest_before_a_range_that_has_failed_begins() -> None:
    """Everything before the failure is to be written."""
    plan = plan_of(density=2, threads=3)
    _, second, _ = begun(plan)
    second.has_failed = True
    plan.finish(Outcome(900, 900, 1.0))
    rest = plan.begin()
    assert rest is not None
    assert rest.after == 900


def test_the_end_of_the_rows_drops_all_later_ranges() -> None:
    """Their workers stop at the next page."""
    plan = plan_of()
    _, *others = begun(plan)
    plan.finish(Outcome(600, 600, 1.0, is_end=True))
    assert plan.ranges == []
    assert all(each.is_dropped for each in others)


@pytest.mark.parametrize("newest", [0, 5, 10**15])
def test_a_newest_id_that_is_wrong_changes_only_where_ranges_are_cut(newest: int) -> None:
    """Whatever it is, the ranges cover all ids after the cursor."""
    plan = plan_of(after=600, newest=newest)
    begun(plan)
    after = 600
    for each in plan.ranges[:-1]:
        assert each.after == after
        assert each.last is not None
        after = each.last
    assert (plan.ranges[-1].after, plan.ranges[-1].last) == (after, None)
