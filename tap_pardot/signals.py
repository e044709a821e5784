"""SIGTERM and SIGINT become an exception, and work that must not be cut off is shielded."""

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
"""The two that end a run, and the alarm that raises their exception again."""

GRACE = 4.0
"""Seconds that shielded work has left after a signal."""

_REPEAT_AFTER = 1.0  # seconds
_SHIELDED = "shielded"


class Terminated(BaseException):
    """SIGTERM or SIGINT came. No :class:`Exception`, so that nothing on the way handles it."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class SignalHandler:
    """Raises an exception at the first SIGTERM or SIGINT, and again until the run has ended.

    An exception from a handler can vanish (Python drops it in a finalizer), and a signal that
    comes just before a system call that waits leaves it waiting.
    """

    def __init__(self) -> None:
        self._signum: int | None = None
        self._has_ended = False

    def handle(self, signum: int) -> None:
        """Handle a signal; only the first counts, since Meltano may send both.

        Raises:
            Terminated: The run has not ended yet.
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
        """Let no signal disturb the run's last lines."""
        self._has_ended = True
        cancel_alarm()


def cancel_alarm() -> None:
    """Raise no exception again."""
    signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def signals_held() -> Iterator[None]:
    """Hold the signals back that end a run, in this thread and in threads that it starts."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        # In here: a handler may raise out of this call when the signals are held already.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def shielded(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, or raise what it raises; it runs in a thread of its own.

    The exception of a signal handler is raised as soon as the work is done, at the latest after
    :data:`GRACE` seconds.
    """
    result: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def worker() -> None:
        try:
            result.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - raised by the caller
            result.put((None, error))

    thread = threading.Thread(target=worker, name=_SHIELDED, daemon=True)
    try:
        # The thread inherits the mask: no signal may be taken by it.
        with signals_held():
            thread.start()
        value, error = result.get()
    except BaseException:
        with signals_held():
            if thread.ident is not None:
                thread.join(GRACE)
        raise
    if error is not None:
        raise error
    answer: T = value
    return answer


def wait_for_shielded() -> None:
    """Wait, :data:`GRACE` seconds at most, for shielded work that other threads have begun."""
    for thread in threading.enumerate():
        if thread.name == _SHIELDED:
            thread.join(GRACE)
