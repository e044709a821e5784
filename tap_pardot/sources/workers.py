"""Daemon threads that work for a reader.

The threads are not those of a pool. A pool waits for its threads when the program ends, so after a
signal the program would wait for a download.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from tap_pardot.signals import signals_blocked

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    R = TypeVar("R")
    _Task = tuple[Callable[[], Any], Future[Any]]


class Workers:
    """A few threads that run functions in the order in which they are submitted.

    Args:
        number: How many threads.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        # Threads inherit the mask of signals. If one of them received a signal, Python would run
        # the handler in the main thread, even while that blocks signals to write a whole line.
        with signals_blocked():
            for _ in range(number):
                threading.Thread(target=_run, args=(self._tasks,), daemon=True).start()

    def submit(self, work: Callable[[], R]) -> Future[R]:
        """Run a function as soon as a thread is free; return where its result will be."""
        result: Future[R] = Future()
        self._tasks.put((work, result))
        return result

    def close(self) -> None:
        """Start no more functions. A thread ends when its function returns.

        The futures of functions that were not started never get a result.
        """
        with suppress(Empty):
            while True:
                self._tasks.get_nowait()
        for _ in range(self._number):
            self._tasks.put(None)


def _run(tasks: SimpleQueue[_Task | None]) -> None:
    """Run tasks until None comes."""
    while (task := tasks.get()) is not None:
        work, result = task
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised by the reader
            result.set_exception(error)
