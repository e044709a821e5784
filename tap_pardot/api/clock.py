"""Pardot's time: this machine's clock may be wrong."""

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
    """Pardot's clock, read from the ``Date`` header of its answers."""

    def __init__(self) -> None:
        self._noted: datetime | None = None
        self._tick = 0.0
        self._warned = False

    def note(self, headers: Mapping[str, str]) -> None:
        """Set the clock by an answer's headers, unless it is set already."""
        if self.is_known or (date := date_of(headers)) is None:
            return
        self._tick = time.monotonic()
        self._noted = date

    @property
    def is_known(self) -> bool:
        """Whether an answer had a ``Date`` header."""
        return self._noted is not None

    def now(self) -> datetime:
        """Return Pardot's time in UTC; this machine's while no answer had a ``Date`` header."""
        if self._noted is None:
            if not self._warned:
                logger.warning(
                    "Pardot's answers have no Date header: this machine's clock is used."
                )
            self._warned = True
            return datetime.now(UTC)
        # The monotonic clock does not jump when this machine's time is set.
        return self._noted + timedelta(seconds=time.monotonic() - self._tick)


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the time in an answer's ``Date`` header, in UTC; None if it has none."""
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
