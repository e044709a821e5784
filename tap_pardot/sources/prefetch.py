"""Work done ahead of the reader by a few threads, in order.

Daemon threads rather than a pool of the standard library: a pool's threads are waited for when
the program ends, so a signal would have to wait for a download.
"""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from tap_pardot.signals import signals_held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    A = TypeVar("A")
    R = TypeVar("R")

_LEAD = 2  # results per thread that may wait for the reader


def prefetch(work: Callable[[A], R], items: Iterable[A], threads: int) -> Iterator[R]:
    """Yield ``work(item)`` for each item in order, up to ``threads`` of them at a time.

    Items are taken in the reader's thread, few before they are needed. An exception of ``work``
    is raised when its turn comes; nothing is begun after it.
    """
    todo = iter(items)
    tasks: SimpleQueue[tuple[A, SimpleQueue[Any]] | None] = SimpleQueue()
    results: deque[SimpleQueue[tuple[R | None, BaseException | None]]] = deque()
    over = threading.Event()

    def worker() -> None:
        while (task := tasks.get()) is not None and not over.is_set():
            item, result = task
            try:
                result.put((work(item), None))
            except BaseException as error:  # noqa: BLE001 - raised by the reader
                over.set()
                result.put((None, error))

    def hand_out(number: int) -> None:
        for item in islice(todo, number):
            results.append(SimpleQueue())
            tasks.put((item, results[-1]))

    hand_out(_LEAD * threads)
    number = min(threads, len(results))
    # Threads inherit the mask. A signal that one of them took would still run its handler in the
    # main thread, also where that holds signals back to keep a line of output whole.
    with signals_held():
        for _ in range(number):
            threading.Thread(target=worker, daemon=True).start()
    try:
        while results:
            value, error = results.popleft().get()
            if error is not None:
                raise error
            yield value  # type: ignore[misc]
            hand_out(1)
    finally:
        over.set()
        for _ in range(number):
            tasks.put(None)
