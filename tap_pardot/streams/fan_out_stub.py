"""Stand-in until the streams that are read through others are wired."""

from __future__ import annotations

from typing import Any


class FanOut:
    """No stream is read through others."""

    def __init__(self, *_: Any) -> None:
        self.must_run_first: list[Any] = []

    def start(self) -> None:
        """Do nothing."""

    def submit(self) -> None:
        """Do nothing."""

    def store(self) -> None:
        """Do nothing."""
