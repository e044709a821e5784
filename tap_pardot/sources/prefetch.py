"""An ordered map over a few threads that work ahead of the reader."""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from tap_pardot.sources.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeVar

    A = TypeVar("A")
    R = TypeVar("R")

_RESULTS_AHEAD = 2  # results per thread that may wait for the reader


def prefetch(work: Callable[[A], R], items: Iterable[A], threads: int) -> Iterator[R]:
    """Yield ``work(item)`` for each item, in order; up to ``threads`` calls run at a time.

    ``items`` is iterated in the reader's thread, only a few items ahead. An exception of ``work``
    is raised in the place of its result. No call for a later item starts after it.
    """
    failures: list[tuple[int, BaseException]] = []

    def attempt(place: int, item: A) -> R:
        for failed, error in failures:
            if failed < place:
                raise error
        try:
            return work(item)
        except BaseException as error:
            failures.append((place, error))
            raise

    remaining = enumerate(items)
    first = [*islice(remaining, _RESULTS_AHEAD * threads)]
    if not first:
        return
    workers = Workers(min(threads, len(first)))
    try:
        results = deque(workers.submit(partial(attempt, *each)) for each in first)
        while results:
            yield results.popleft().result()
            results.extend(workers.submit(partial(attempt, *each)) for each in islice(remaining, 1))
    finally:
        workers.close()
