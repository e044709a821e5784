"""Waits of the tap that pass at once."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def short_polls(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let waits between two looks at an export job take 10 ms; return the list of them.

    For the tap's clock they pass whole.
    """
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        time.sleep(min(seconds, 0.01))

    clock = SimpleNamespace(sleep=sleep, monotonic=lambda: time.monotonic() + sum(waited))
    monkeypatch.setattr("tap_pardot.sources.export_jobs.time", clock)
    return waited
