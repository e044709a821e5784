"""Pardot's time, which this machine's clock may contradict."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("tap-pardot")


class ServerClock:
    """Pardot's clock, from the ``Date`` of its answers: this machine's may be wrong."""

    def __init__(self) -> None:
        self._noted: datetime | None = None
        self._tick = 0.0
        self._warned = False

    def note(self, headers: Mapping[str, str]) -> None:
        """Take the time from an answer's headers; the first answer that has one counts."""
        if self.is_known or (date := date_of(headers)) is None:
            return
        self._tick = time.monotonic()
        self._noted = date

    @property
    def is_known(self) -> bool:
        """Whether an answer has had the time."""
        return self._noted is not None

    def now(self) -> datetime:
        """Return Pardot's time in UTC; this machine's where no answer has had it."""
        if self._noted is None:
            if not self._warned:
                logger.warning(
                    "Pardot's answers have no Date header: this machine's clock is used."
                )
            self._warned = True
            return datetime.now(UTC)
        # The monotonic clock is not moved by whoever sets this machine's time.
        return self._noted + timedelta(seconds=time.monotonic() - self._tick)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the time in an answer's ``Date`` header, in UTC."""
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
