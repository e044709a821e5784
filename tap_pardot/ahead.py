"""Work done ahead of the reader by a few threads, in order.

Daemon threads rather than a pool of the standard library: a pool's threads are waited for when
the program ends, so a signal would have to wait for a download.
"""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeVar

    A = TypeVar("A")
    R = TypeVar("R")


def ahead(work: Callable[[A], R], items: Sequence[A], threads: int) -> Iterator[R]:
    """Yield ``work(item)`` for each item in order, up to ``threads`` of them at a time.

    An exception of ``work`` is raised when its turn comes; nothing is begun after it.
    """
    results: list[SimpleQueue[tuple[R | None, BaseException | None]]] = [
        SimpleQueue() for _ in items
    ]
    todo = iter(range(len(items)))
    lock = threading.Lock()
    over = threading.Event()

    def labour() -> None:
        while not over.is_set():
            with lock:
                number = next(todo, None)
            if number is None:
                return
            try:
                results[number].put((work(items[number]), None))
            except BaseException as error:  # noqa: BLE001 - raised by the reader
                over.set()
                results[number].put((None, error))

    # Threads inherit the mask. A signal that one of them took would still run its handler in the
    # main thread, also where that holds signals back to keep a line of output whole.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        for _ in range(min(threads, len(items))):
            threading.Thread(target=labour, daemon=True).start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        for result in results:
            value, error = result.get()
            if error is not None:
                raise error
            yield value  # type: ignore[misc]
    finally:
        over.set()
