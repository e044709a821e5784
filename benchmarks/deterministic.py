"""Runs the tap as ``python -m tap_pardot`` does, in a way that takes the same steps each time.

    python -P benchmarks/deterministic.py

Each line on stdin is a JSON list of a folder and the arguments. A fork of this process, which has
imported the tap, runs in the folder and writes to the files ``stdout`` and ``stderr`` there. Then
its exit code comes on stdout.

Only waiting moves the clock: a wait ends at once and counts in full. Random jitter is the same in
each run. One thread runs at a time, until it waits for another one or ends; then the one that
became ready first goes on. So two runs of equal code make equal calls in equal order.
"""

from __future__ import annotations

import importlib
import json
import os
import queue
import random
import runpy
import signal
import sys
import threading
import time
from collections import deque
from typing import Any

_RealCondition = type("_RealCondition", (threading.Condition,), dict(vars(threading.Condition)))
_start = threading.Thread.start
_DEADLOCK = 70
MOST_SECONDS = 120
"""After these a run is killed, and its exit code is -14."""


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


def make_deterministic() -> None:
    """Put everything into place."""
    threading.Condition.wait, threading.Condition.notify = wait, notify  # type: ignore[method-assign]
    threading.Thread.start, threading.Thread.join = start, join  # type: ignore[method-assign]
    queue.SimpleQueue = queue._PySimpleQueue  # type: ignore[attr-defined,misc] # noqa: SLF001
    time.sleep, time.monotonic = scheduler.sleep, scheduler.now
    # Names under which both modules have imported the clock.
    threading._time = queue.time = scheduler.now  # type: ignore[attr-defined] # noqa: SLF001


def run(folder: str, arguments: list[str]) -> None:
    """Become the tap."""
    signal.alarm(MOST_SECONDS)
    random.seed(1)  # a fork is seeded anew
    os.chdir(folder)
    for number, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.argv = ["tap_pardot", *arguments]
    runpy.run_module("tap_pardot", run_name="__main__", alter_sys=True)


def main() -> None:
    """Fork a run for each line."""
    make_deterministic()
    importlib.import_module("tap_pardot.tap")  # takes longer than a short run
    while line := sys.stdin.readline():
        pid = os.fork()
        if not pid:
            run(*json.loads(line))
            return
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
