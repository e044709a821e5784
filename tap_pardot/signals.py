"""SIGTERM and SIGINT as an exception, and a shield for work that they must not interrupt."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGALRM}
"""The two signals that end a run, and the alarm that raises their exception again."""

GRACE = 4.0
"""Seconds that shielded work may still take after a signal."""

_REPEAT_AFTER = 1.0  # seconds
_SHIELDED = "shielded"


class Terminated(BaseException):
    """SIGTERM or SIGINT was received.

    It is not an :class:`Exception`, so that no ``except Exception`` swallows it.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class SignalHandler:
    """Raises an exception at the first SIGTERM or SIGINT, and again each second until the run ends.

    One exception is not enough: Python drops an exception that a handler raises inside a
    finalizer, and a signal that arrives just before a blocking system call does not interrupt it.
    """

    def __init__(self) -> None:
        self._signum: int | None = None
        self._has_ended = False

    def handle(self, signum: int) -> None:
        """Handle a signal. Only the first one counts, because Meltano may send both.

        Raises:
            Terminated: It is the first signal, and the run has not ended yet.
        """
        if self._signum is None and not self._has_ended:
            self._signum = signum
            signal.signal(signal.SIGALRM, self._repeat)
            signal.setitimer(signal.ITIMER_REAL, _REPEAT_AFTER, _REPEAT_AFTER)
            raise Terminated(signum)

    def _repeat(self, *_: object) -> None:
        if self._signum is not None and not self._has_ended:
            raise Terminated(self._signum)

    def end(self) -> None:
        """Ignore signals from now on, so that none interrupts the run's last lines."""
        self._has_ended = True
        cancel_alarm()


def cancel_alarm() -> None:
    """Stop raising the exception each second."""
    signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Block the signals that end a run, in this thread and in threads that it starts."""
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        # Inside of try: a handler may raise out of this call after the signals are blocked.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def shielded(work: Callable[[], T]) -> T:
    """Run ``work`` in its own thread; return what it returns, or raise what it raises.

    A signal handler's exception is raised when the work is done, or after :data:`GRACE` seconds.
    """
    result: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def worker() -> None:
        try:
            result.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - raised by the caller
            result.put((None, error))

    thread = threading.Thread(target=worker, name=_SHIELDED, daemon=True)
    try:
        # The thread inherits the mask, so it receives no signal.
        with signals_blocked():
            thread.start()
        value, error = result.get()
    except BaseException:
        with signals_blocked():
            if thread.ident is not None:
                thread.join(GRACE)
        raise
    if error is not None:
        raise error
    answer: T = value
    return answer


def wait_for_shielded() -> None:
    """Wait at most :data:`GRACE` seconds for shielded work that is still running."""
    for thread in threading.enumerate():
        if thread.name == _SHIELDED:
            thread.join(GRACE)
