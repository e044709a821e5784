"""Prefetching: results in order, a few at a time, and signals stay with the main thread."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tap_pardot.sources.prefetch import prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_results_come_in_order_however_long_each_takes() -> None:
    """The first is the slowest."""

    def work(number: int) -> int:
        time.sleep(0.05 / number)
        return number * 10

    assert list(prefetch(work, [1, 2, 3, 4], 4)) == [10, 20, 30, 40]


def test_no_more_at_a_time_than_asked() -> None:
    """Each counts how many are under way."""
    lock, under_way, most = threading.Lock(), 0, 0

    def work(_: int) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1

    assert len(list(prefetch(work, range(12), 3))) == 12
    assert most == 3


def test_an_error_is_raised_at_its_turn_and_nothing_is_begun_after_it() -> None:
    """What came before it is delivered."""
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 2:
            raise ValueError(number)
        return number

    found = prefetch(work, range(50), 1)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        next(found)
    assert begun == [0, 1, 2]


def test_a_slow_result_comes_before_the_error_of_a_quick_one_behind_it() -> None:
    """The error is known first."""

    def work(number: int) -> int:
        if number:
            raise ValueError(number)
        time.sleep(0.05)
        return number

    found = prefetch(work, range(50), 4)
    assert next(found) == 0
    with pytest.raises(ValueError, match=r"\d"):
        next(found)


def test_an_error_never_takes_the_place_of_an_earlier_result() -> None:
    """A thread may be kept waiting between taking an item and working on it."""

    def work(number: int) -> int:
        if number:
            raise ValueError(number)
        return number

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        assert [next(prefetch(work, range(20), 4)) for _ in range(3000)] == [0] * 3000
    finally:
        sys.setswitchinterval(interval)


def test_threads_leave_signals_to_the_main_one() -> None:
    """Else the handler would run in the middle of a line that the writer holds it back for."""
    blocked = next(prefetch(lambda _: signal.pthread_sigmask(signal.SIG_BLOCK, ()), [0], 1))
    assert {signal.SIGINT, signal.SIGTERM} <= blocked
    here = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert not {signal.SIGINT, signal.SIGTERM} & here


def test_items_are_taken_in_the_readers_thread_and_few_before_they_are_needed() -> None:
    """What yields them may read a file that belongs to one thread, and be long."""
    taken: list[int] = []
    threads = set()

    def items() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            threads.add(threading.get_ident())
            yield number

    results = prefetch(lambda number: number, items(), 3)
    for number in range(50):
        assert next(results) == number
        assert len(taken) - number <= 2 * 3 + 1
    results.close()
    assert threads == {threading.get_ident()}
    assert len(taken) < 60


def test_results_that_wait_for_the_reader_are_few() -> None:
    """A reader that is slow, like a stalled pipe, must not make memory grow."""
    begun: list[int] = []
    results = prefetch(begun.append, range(100), 2)
    next(results)
    time.sleep(0.05)
    assert len(begun) <= 2 * 2 + 1
    results.close()


def test_a_reader_that_goes_leaves_no_thread_and_nothing_is_begun_after_it() -> None:
    """Here all results but the first are still to come."""
    before = threading.active_count()
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number:
            time.sleep(0.02)
        return number

    results = prefetch(work, range(100), 4)
    next(results)
    results.close()
    until = time.monotonic() + 5
    while threading.active_count() > before:
        assert time.monotonic() < until
        time.sleep(0.005)
    assert len(begun) <= 5


def test_items_that_change_meanwhile_are_taken_as_they_come() -> None:
    """A set of ids shrinks as they are read, and may grow."""
    todo = [1, 2, 3, 4, 5]
    found = []
    for number in prefetch(lambda each: each, iter(todo), 1):
        found.append(number)
        if number == 2:
            todo.append(6)
    assert found == [1, 2, 3, 4, 5, 6]


def test_an_error_of_the_items_reaches_the_reader() -> None:
    """It comes when the item would be taken, which is before its turn."""

    def items() -> Iterator[int]:
        yield from range(6)
        raise ValueError("no more")

    found = []
    with pytest.raises(ValueError, match="no more"):
        found.extend(prefetch(lambda number: number, items(), 2))


def test_nothing_to_do_starts_no_thread() -> None:
    """Most runs have no id to read."""
    before = threading.active_count()
    results = prefetch(lambda number: number, [], 4)
    assert next(results, None) is None
    assert threading.active_count() == before
