"""Work that a signal does not break off at once."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from tap_pardot.endings import signals_held

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

GRACE = 4.0
"""Seconds that such work has left after a signal."""
_NAME = "unbroken"


def unbroken(work: Callable[[], T]) -> T:
    """Return what ``work`` returns, or raise what it raises; it runs in a thread of its own.

    An exception of a signal handler is raised as soon as the work is done, at the latest after
    :data:`GRACE` seconds.
    """
    result: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()

    def worker() -> None:
        try:
            result.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - raised by the caller
            result.put((None, error))

    thread = threading.Thread(target=worker, name=_NAME, daemon=True)
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
    return value  # type: ignore[no-any-return]


def wait_for_unbroken() -> None:
    """Wait, :data:`GRACE` seconds at most, for such work that other threads have begun."""
    for thread in threading.enumerate():
        if thread.name == _NAME:
            thread.join(GRACE)
