"""Work done ahead: in order, a few at a time, and no thread takes a signal from the main one."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from tap_pardot.ahead import ahead


def test_results_come_in_order_however_long_each_takes() -> None:
    """The first is the slowest."""

    def work(number: int) -> int:
        time.sleep(0.05 / number)
        return number * 10

    assert list(ahead(work, [1, 2, 3, 4], 4)) == [10, 20, 30, 40]


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

    assert len(list(ahead(work, range(12), 3))) == 12
    assert most == 3


def test_an_error_is_raised_at_its_turn_and_nothing_is_begun_after_it() -> None:
    """What came before it is delivered."""
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 2:
            raise ValueError(number)
        return number

    found = ahead(work, range(50), 1)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        next(found)
    assert begun == [0, 1, 2]


def test_threads_leave_signals_to_the_main_one() -> None:
    """Else the handler would run in the middle of a line that the writer holds it back for."""
    blocked = next(ahead(lambda _: signal.pthread_sigmask(signal.SIG_BLOCK, ()), [0], 1))
    assert {signal.SIGINT, signal.SIGTERM} <= blocked
    here = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert not {signal.SIGINT, signal.SIGTERM} & here
