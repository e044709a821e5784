"""An ordered map over a few threads that work ahead of the reader.

The threads are daemons and not those of a pool. A pool waits for its threads when the program
ends, so after a signal the program would wait for a download.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from tap_pardot.signals import signals_blocked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    A = TypeVar("A")
    R = TypeVar("R")
    _Tasks = SimpleQueue[tuple[A, Future[R]] | None]

_RESULTS_AHEAD = 2  # results per thread that may wait for the reader


def prefetch(work: Callable[[A], R], items: Iterable[A], threads: int) -> Iterator[R]:
    """Yield ``work(item)`` for each item, in order; up to ``threads`` calls run at a time.

    ``items`` is iterated in the reader's thread, only a few items ahead. An exception of ``work``
    is raised in the place of its result. No call starts after it.
    """
    remaining = iter(items)
    tasks: _Tasks[A, R] = SimpleQueue()
    results: deque[Future[R]] = deque()

    def enqueue(number: int) -> None:
        for item in islice(remaining, number):
            results.append(Future())
            tasks.put((item, results[-1]))

    enqueue(_RESULTS_AHEAD * threads)
    number = min(threads, len(results))
    failures: list[BaseException] = []
    _start_daemons(lambda: _run_tasks(work, tasks, failures), number)
    try:
        while results:
            yield results.popleft().result()
            enqueue(1)
    finally:
        with suppress(Empty):
            while True:
                tasks.get_nowait()
        for _ in range(number):
            tasks.put(None)


def _run_tasks(work: Callable[[A], R], tasks: _Tasks[A, R], failures: list[BaseException]) -> None:
    """Run tasks until None comes. After a failure in any thread, later tasks fail the same way."""
    while (task := tasks.get()) is not None:
        item, result = task
        if failures:
            result.set_exception(failures[0])
            continue
        try:
            result.set_result(work(item))
        except BaseException as error:  # noqa: BLE001 - raised by the reader
            failures.append(error)
            result.set_exception(error)


def _start_daemons(target: Callable[[], None], number: int) -> None:
    # Threads inherit the mask. If one of them received a signal, Python would run the handler in
    # the main thread, even while that blocks signals to write a whole line.
    with signals_blocked():
        for _ in range(number):
            threading.Thread(target=target, daemon=True).start()
