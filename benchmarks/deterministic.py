"""Runs a module as ``python -m`` does, in a way that takes the same steps each time.

    python -P benchmarks/deterministic.py MODULE [ARGUMENT ...]

Only waiting moves the clock: a wait ends at once and counts in full. Random jitter is the same in
each run. One thread runs at a time, until it waits for another one or ends; then the one that
became ready first goes on. So two runs of equal code make equal calls in equal order.
"""

from __future__ import annotations

import os
import queue
import random
import runpy
import sys
import threading
import time
from collections import deque
from typing import Any

_RealCondition = type("_RealCondition", (threading.Condition,), dict(vars(threading.Condition)))
_start = threading.Thread.start
_DEADLOCK = 70


class Turn:
    """The moment from which a waiting thread may go on."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds
        self.timed_out = False
        self._lock = threading.Lock()
        self._lock.acquire()
        self.wait, self.begin = self._lock.acquire, self._lock.release


class Scheduler:
    """Lets one thread run at a time. Only the thread that runs calls it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._ready: deque[Turn] = deque()
        self._timed: list[Turn] = []

    def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.seconds += seconds

    def now(self) -> float:
        """Return the seconds waited so far."""
        return self.seconds

    def wake(self, turn: Turn) -> None:
        """Let a waiting thread run when the ones before it have."""
        if turn in self._timed:
            self._timed.remove(turn)
        self._ready.append(turn)

    def block(self, turn: Turn) -> bool:
        """Wait for the turn; return False if its time was over first."""
        if turn.seconds is not None:
            self._timed.append(turn)
        self.pass_on()
        turn.wait()
        return not turn.timed_out

    def pass_on(self) -> None:
        """Let the next thread run. If none can, the shortest wait is over."""
        if not self._ready:
            if not self._timed:
                sys.stderr.write("All threads wait for each other.\n")
                sys.stderr.flush()
                os._exit(_DEADLOCK)
            turn = min(self._timed, key=lambda each: each.seconds or 0.0)
            turn.timed_out = True
            self.sleep(turn.seconds or 0.0)
            self.wake(turn)
        self._ready.popleft().begin()


scheduler = Scheduler()


def wait(self: Any, timeout: float | None = None) -> bool:
    """Stand for ``Condition.wait``, on which events, semaphores, queues and futures rest."""
    turn = Turn(None if timeout is None else max(0.0, timeout))
    self._waiters.append(turn)
    saved = self._release_save()
    try:
        return scheduler.block(turn)
    finally:
        self._acquire_restore(saved)
        if turn.timed_out:
            self._waiters.remove(turn)


def notify(self: Any, n: int = 1) -> None:
    """Stand for ``Condition.notify``."""
    for _ in range(min(n, len(self._waiters))):
        scheduler.wake(self._waiters.popleft())


def start(self: Any) -> None:
    """Stand for ``Thread.start``: the thread waits for its turn."""
    turn, run, self.joining, self.is_over = Turn(), self.run, [], False

    def in_turn() -> None:
        turn.wait()
        try:
            run()
        finally:
            self.is_over = True
            for waiting in self.joining:
                scheduler.wake(waiting)
            scheduler.pass_on()

    self.run = in_turn
    self._started._cond = _RealCondition(threading.Lock())  # noqa: SLF001 -- set without a turn
    _start(self)
    scheduler.wake(turn)


def join(self: Any, timeout: float | None = None) -> None:
    """Stand for ``Thread.join``."""
    if not self.is_over:
        turn = Turn(timeout)
        self.joining.append(turn)
        if not scheduler.block(turn):
            self.joining.remove(turn)


def main() -> None:
    """Put everything into place and run the module."""
    threading.Condition.wait, threading.Condition.notify = wait, notify  # type: ignore[method-assign]
    threading.Thread.start, threading.Thread.join = start, join  # type: ignore[method-assign]
    queue.SimpleQueue = queue._PySimpleQueue  # type: ignore[attr-defined,misc] # noqa: SLF001
    time.sleep, time.monotonic = scheduler.sleep, scheduler.now
    threading._time = scheduler.now  # type: ignore[attr-defined] # noqa: SLF001
    random.seed(1)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
