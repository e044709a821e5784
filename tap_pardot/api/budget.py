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
        self.limit = limit
        self.edition_limit: int | None = None
        """The daily calls of the account's edition, for all its tools; None if unknown."""
        self._stored = stored
        self._today = today
        self._lock = threading.Lock()

    def open_day(self, day: str) -> None:
        """Set the account's day. A stored count of another day starts at zero."""
        if self.limit is None:
            return
        with self._lock:
            if self._stored.get("day") != day:
                self._stored["made"] = self.by_stream.total()
            self._stored["day"] = self._today = day

    @property
    def made(self) -> int:
        """How many calls this run has made. Any thread may ask."""
        with self._lock:
            return self.by_stream.total()

    @property
    def made_today(self) -> int | None:
        """How many calls of the account's day STATE counts; None without a limit or a day."""
        with self._lock:
            return self._stored.get("made", 0) if self._counts_today else None

    @property
    def _counts_today(self) -> bool:
        """Whether the stored count is one of the account's day."""
        is_today = self._today is not None and self._stored.get("day") == self._today
        return self.limit is not None and is_today

    def take(self, stream: str) -> None:
        """Count one call.

        Raises:
            CallLimitReached: The call would exceed the limit; it must not be made.
        """
        with self._lock:
            if self.limit is not None:
                if self._counts_today and self._stored["made"] >= self.limit:
                    raise CallLimitReached(
                        f"daily_call_limit ({self.limit}) is reached: run again after midnight "
                        "in the account's time zone or raise the limit, nothing is lost."
                    )
                self._stored["made"] = self._stored.get("made", 0) + 1
            self.by_stream[stream] += 1
