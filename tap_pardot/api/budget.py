"""The count of calls, and the user's own daily limit."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from tap_pardot.errors import CallLimitReached


class CallBudget:
    """Counts calls to Pardot, and stops before the user's ``daily_call_limit`` is exceeded.

    Args:
        limit: The most calls of this tap in a day of the account, or None.
        stored: The part of STATE that counts the day's calls, changed in place:
            ``{"day": "2026-11-23", "made": 12}``.
        today: The account's day by this machine's clock, until :meth:`open_day` sets it; None if
            the account's zone is unknown. The stored count limits calls of the same day only.
    """

    def __init__(self, limit: int | None, stored: dict[str, Any], today: str | None) -> None:
        self.by_stream: Counter[str] = Counter()
        self._limit = limit
        self._stored = stored
        self._today = today
        self._lock = threading.Lock()

    def open_day(self, day: str) -> None:
        """Set the account's day. A stored count of another day starts at zero."""
        if self._limit is None:
            return
        with self._lock:
            if self._stored.get("day") != day:
                self._stored["made"] = self.by_stream.total()
            self._stored["day"] = self._today = day

    def take(self, stream: str) -> None:
        """Count one call.

        Raises:
            CallLimitReached: The call would exceed the limit; it must not be made.
        """
        with self._lock:
            if self._limit is not None:
                same_day = self._today is not None and self._stored.get("day") == self._today
                if same_day and self._stored["made"] >= self._limit:
                    raise CallLimitReached(
                        f"daily_call_limit ({self._limit}) is reached: run again after midnight "
                        "in the account's time zone or raise the limit, nothing is lost."
                    )
                self._stored["made"] = self._stored.get("made", 0) + 1
            self.by_stream[stream] += 1
