"""Version 5 of the API in a run that reads by both dialects."""

from __future__ import annotations

import logging
import threading

logger = logging.getLogger("tap-pardot")

_MISSING = 3
"""Objects in a row without an address, after which version 5 counts as missing."""


class Version5:
    """Whether the account has version 5 of the API, as far as its answers tell."""

    def __init__(self) -> None:
        self.is_gone = False
        """Whether no stream is read by version 5 any more in this run."""
        self._missing = 0
        self._lock = threading.Lock()

    @property
    def may_be_gone(self) -> bool:
        """Whether the object that was requested last is missing, or all are."""
        return self.is_gone or self._missing > 0

    def note_missing(self) -> None:
        """Note that Pardot does not know the address of an object."""
        with self._lock:
            self._missing += 1
            if self._missing == _MISSING and not self.is_gone:
                self.is_gone = True
                logger.warning(
                    "Pardot does not offer version 5 of the API: the run goes on as with "
                    "api_version 4."
                )

    def note_answered(self) -> None:
        """Note that Pardot has answered a request of version 5."""
        with self._lock:
            self._missing = 0
