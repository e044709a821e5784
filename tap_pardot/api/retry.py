"""When a request is tried again, and when that ends: a plain loop over attempts."""

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
"""Seconds of attempts while other requests are answered, so that Pardot as a whole is not down."""
FEWEST_ATTEMPTS = 6
ATTEMPTS_BEFORE_SPLIT = 2
"""Attempts of a request that Pardot has no time for, where a smaller one can be made."""
LONGEST_WAIT = 20
LONGEST_RETRY_AFTER = 300


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a ``Retry-After`` header (a number or a date), at most 5 minutes."""
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
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if seconds == seconds else None  # noqa: PLR0124


def waits() -> Iterator[float]:
    """Yield the seconds to wait after each attempt: doubling from 1 to 20, jittered downward."""
    steps = backoff.expo(max_value=LONGEST_WAIT)
    next(steps)  # the generator's start, which is no wait
    for step in steps:
        yield step * random.uniform(0.5, 1.0)  # noqa: S311


class ThrottlePause:
    """A time in which no thread sends a request."""

    def __init__(self) -> None:
        self._until = 0.0

    def extend(self, seconds: float) -> None:
        """Let the pause last for at least some seconds from now on."""
        self._until = max(self._until, time.monotonic() + seconds)

    def wait(self) -> None:
        """Wait until the pause is over."""
        if (rest := self._until - time.monotonic()) > 0:
            time.sleep(rest)


@dataclass
class _Attempts:
    """What the failures of one request add up to.

    Attributes:
        can_split: Whether the caller can make a smaller request.
        others_are_answered: As of :func:`with_retries`.
        started: When the first attempt was made, by the monotonic clock.
    """

    can_split: bool
    others_are_answered: Callable[[Retriable, float], bool | None]
    started: float
    count: int = 0
    timeouts: int = 0
    had_verdict: bool = False
    others: bool | None = None  # whether other requests are answered, once that is known

    def check(self, failure: Retriable) -> None:
        """Count a failure; errors as of :func:`with_retries`."""
        self.count += 1
        if self.had_verdict and failure.verdict is not None:
            raise failure.verdict from failure
        self.had_verdict = failure.verdict is not None
        if self.can_split and failure.timed_out:
            self._check_size(failure)
        waited = time.monotonic() - self.started
        if self.count < FEWEST_ATTEMPTS:
            return
        if self.others is None and waited < PATIENCE:
            self.others = self.others_are_answered(failure, waited)
        if self.others or waited >= PATIENCE:
            message, code = failure.message, failure.code
            raise Outage(message, code, is_isolated=bool(self.others)) from failure

    def _check_size(self, failure: Retriable) -> None:
        """Ask for a smaller request after some timeouts.

        No answer may also mean an outage, which smaller requests would only make longer.
        """
        self.timeouts += 1
        if self.timeouts < ATTEMPTS_BEFORE_SPLIT:
            return
        if failure.code is None:
            self.others = self.others_are_answered(failure, PATIENCE)
        if failure.code is not None or self.others:
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
    """Call ``send`` until it works: at least 6 attempts, for at most about 10 minutes.

    Args:
        send: Makes one request; raises :class:`Retriable` to ask for another attempt.
        label: Names the request in the log (a stream or the login).
        can_split: Whether the caller can make a smaller request.
        others_are_answered: Gets a failure and the seconds since the first attempt; returns
            whether other requests are answered, None to be asked again later. If they are,
            waiting for long is no use, and a timeout may mean that the request is too large.
        on_wait: Gets each failure, and the seconds to wait after it.

    Raises:
        Outage: Attempts and time are used up; its message is that of the last failure.
        ConfigurationError: Two failures in a row had this verdict.
        RequestTooLarge: Pardot runs out of time, and the caller can make a smaller request.
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
