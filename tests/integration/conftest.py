"""Waits that pass at once, and runs that read only what queries read."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.helpers.catalog import select
from tests.helpers.postgres import postgres
from tests.helpers.streams import QUERIES
from tests.helpers.waits import short_polls

if TYPE_CHECKING:
    from tests.helpers.runner import Runner
    from tests.helpers.tap import Tap

__all__ = ["postgres"]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the tap's variables out of the environment."""
    for name in [name for name in os.environ if name.startswith("TAP_PARDOT")]:
        monkeypatch.delenv(name)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the waits between tries, which pass at once."""
    waited: list[float] = []
    clock = SimpleNamespace(
        sleep=waited.append,
        monotonic=lambda: time.monotonic() + sum(waited),
    )
    monkeypatch.setattr("tap_pardot.api.retry.time", clock)
    return waited


@pytest.fixture(autouse=True)
def polls(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the waits between two looks at an export job, which pass at once."""
    return short_polls(monkeypatch)


@pytest.fixture
def queries_only(tap: Runner, tap_process: Tap) -> None:
    """Let a run without a catalog read only the streams that a query alone reads.

    Exports of all years since 2007 would be 200 jobs in each run, which other tests are about.
    """
    tap.default_catalog = tap_process.default_catalog = select(*(each.name for each in QUERIES))


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits pass at once, and nothing be tried again for long."""
    monkeypatch.setattr("tap_pardot.api.retry.PATIENCE", 0)
    monkeypatch.setattr(time, "sleep", lambda _: None)
