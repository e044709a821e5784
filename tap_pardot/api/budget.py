"""The count of calls, and the user's own limits."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from tap_pardot.errors import CallLimitReached


class UsageLimit:
    """Stops before the calls of all tools exceed the user's share of the account's daily calls.

    Until Pardot has reported the account's count, there is no limit. Threads may share it.

    Args:
        percent: The share of the account's daily calls, 1 to 100.
    """

    def __init__(self, percent: int) -> None:
        self.percent = percent
        self._used = 0
        self._daily: int | None = None
        self._lock = threading.Lock()

    def note(self, used: int, daily: int) -> None:
        """Take the account's own count; this run's calls are added to it until the next one.

        Args:
            used: The calls of the day so far, by all tools.
            daily: The account's daily calls.
        """
        with self._lock:
            self._used, self._daily = used, daily

    def note_again(self, used: int, daily: int) -> None:
        """Take a later count as of :meth:`note`; ignored where there was no first one."""
        with self._lock:
            if self._daily is not None:
                self._used, self._daily = used, daily

    def take(self) -> None:
        """Count one call.

        Raises:
            CallLimitReached: The call would exceed the limit; it must not be made.
        """
        with self._lock:
            if self._daily is not None and self._used * 100 >= self._daily * self.percent:
                raise CallLimitReached(
                    f"api_usage_limit ({self.percent} percent) is reached: the account's tools "
                    f"have made {self._used:,} of its {self._daily:,} API calls of the day. Run "
                    "again after midnight in the account's time zone or raise the limit, nothing "
                    "is lost."
                )
            self._used += 1


class CallBudget:
    """Counts calls to Pardot, and stops before one of the user's limits is exceeded.

    Args:
        limit: The most calls of this tap in a day of the account, or None.
        stored: The part of STATE that counts the day's calls, changed in place:
            ``{"day": "2026-11-23", "made": 12}``.
        today: The account's day by this machine's clock, until :meth:`open_day` sets it; None if
            the account's zone is unknown. The stored count limits calls of the same day only.
        usage: The limit of the calls of all tools, or None.
    """

    def __init__(
        self,
        limit: int | None,
        stored: dict[str, Any],
        today: str | None,
        usage: UsageLimit | None = None,
    ) -> None:
        self.by_stream: Counter[str] = Counter()
        self.limit = limit
        self.usage = usage
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
            if self._counts_today and self._stored["made"] >= self.limit:
                raise CallLimitReached(
                    f"daily_call_limit ({self.limit}) is reached: run again after midnight "
                    "in the account's time zone or raise the limit, nothing is lost."
                )
            if self.usage is not None:
                self.usage.take()
            if self.limit is not None:
                self._stored["made"] = self._stored.get("made", 0) + 1
            self.by_stream[stream] += 1
