"""The retry loop: when a failed request is sent again, and when the tap gives up."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import backoff

from tap_pardot.errors import Outage, RequestTooLarge, Retriable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeVar

    T = TypeVar("T")

logger = logging.getLogger("tap-pardot")

PATIENCE = 600
"""Seconds of attempts for one request before it counts as an outage."""
SHORT_PATIENCE = 60
"""Seconds of attempts if other requests are answered meanwhile, so that Pardot is not down."""
MIN_ATTEMPTS = 6
ATTEMPTS_BEFORE_SPLIT = 2
"""Timeouts of one request before a smaller one is made, if the caller can make one."""
MAX_WAIT = 20
"""Seconds between two attempts, unless the server asks for more."""
MAX_RETRY_AFTER = 300
"""Seconds of a ``Retry-After`` header that are respected."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a ``Retry-After`` header (a number or a date), at most 5 minutes.

    None if there is no such header, or it is malformed.
    """
    text = headers.get("Retry-After")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER) if seconds == seconds else None  # noqa: PLR0124


def waits() -> Iterator[float]:
    """Yield the seconds to wait after each attempt: doubling from 1 to 20, jittered downward."""
    steps = backoff.expo(max_value=MAX_WAIT)
    next(steps)  # the generator yields None first
    for step in steps:
        yield step * random.uniform(0.5, 1.0)  # noqa: S311


class ThrottlePause:
    """A time in which no thread sends a request."""

    def __init__(self) -> None:
        self._until = 0.0

    def extend(self, seconds: float) -> None:
        """Make the pause end no earlier than some seconds from now."""
        self._until = max(self._until, time.monotonic() + seconds)

    def wait(self) -> None:
        """Wait until the pause is over."""
        if (rest := self._until - time.monotonic()) > 0:
            time.sleep(rest)


@dataclass
class _Attempts:
    """Counts the failed attempts of one request and decides when to give up.

    Attributes:
        can_split: Whether the caller can make a smaller request.
        others_are_answered: As of :func:`with_retries`.
        started: When the first attempt was made, by the monotonic clock.
        count: The number of failed attempts.
        timeouts: How many of them were timeouts.
        had_final_error: Whether the last failure had a ``final_error``.
        is_isolated: Whether other requests are answered; None while that is unknown.
    """

    can_split: bool
    others_are_answered: Callable[[Retriable, float], bool | None]
    started: float
    count: int = 0
    timeouts: int = 0
    had_final_error: bool = False
    is_isolated: bool | None = None

    def check(self, failure: Retriable) -> None:
        """Count a failure; return if there should be another attempt.

        Raises:
            TapPardotError: There should be none; errors as of :func:`with_retries`.
        """
        self.count += 1
        if self.had_final_error and failure.final_error is not None:
            raise failure.final_error from failure
        self.had_final_error = failure.final_error is not None
        if self.can_split and failure.timed_out:
            self._count_timeout(failure)
        waited = time.monotonic() - self.started
        if self.count < MIN_ATTEMPTS:
            return
        if self.is_isolated is None and waited < PATIENCE:
            self.is_isolated = self.others_are_answered(failure, waited)
        if self.is_isolated or waited >= PATIENCE:
            message, code = failure.message, failure.code
            raise Outage(message, code, is_isolated=bool(self.is_isolated)) from failure

    def _count_timeout(self, failure: Retriable) -> None:
        """Count a timeout of a request that the caller can make smaller.

        A timeout without a Pardot code may also mean an outage. Smaller requests would not help
        then, so the tap first checks whether other requests are answered.

        Raises:
            RequestTooLarge: There were enough timeouts: the caller should make a smaller request.
        """
        self.timeouts += 1
        if self.timeouts < ATTEMPTS_BEFORE_SPLIT:
            return
        if failure.code is None:
            self.is_isolated = self.others_are_answered(failure, PATIENCE)
        if failure.code is not None or self.is_isolated:
            raise RequestTooLarge(failure.message, failure.code) from failure
        self.can_split = False


def with_retries(
    send: Callable[[], T],
    label: str,
    *,
    can_split: bool = False,
    others_are_answered: Callable[[Retriable, float], bool | None] = lambda *_: False,
    on_wait: Callable[[Retriable, float], None] = lambda *_: None,
) -> T:
    """Call ``send`` until it succeeds, and return what it returns.

    There are at least 6 attempts. They end after about 10 minutes, or after about 1 minute if other
    requests are answered meanwhile.

    Args:
        send: Makes one attempt; raises :class:`Retriable` to ask for another one.
        label: Names the request in the log (a stream, or the login).
        can_split: Whether the caller can make a smaller request.
        others_are_answered: Takes a failure and the seconds since the first attempt. Returns
            whether other requests are answered, or None to be called again after the next failure.
        on_wait: Called with each failure and the seconds to wait after it.

    Raises:
        Outage: There are no attempts left; the sentence is that of the last failure.
        ConfigurationError: Two failures in a row had a ``final_error``.
        RequestTooLarge: The request timed out, and the caller can make a smaller one.
    """
    attempts = _Attempts(can_split, others_are_answered, time.monotonic())
    pauses = waits()
    while True:
        try:
            return send()
        except Retriable as error:
            failure = error
        attempts.check(failure)
        seconds = max(next(pauses), failure.wait or 0.0)
        on_wait(failure, seconds)
        logger.warning("%s: %s Trying again in %.1f seconds.", label, failure, seconds)
        time.sleep(seconds)
