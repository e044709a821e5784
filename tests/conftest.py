"""Fixtures that all tests share: a local Pardot, and the tap's command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis
import pytest

from pardot_emulator import Emulator
from tests.helpers.runner import Runner
from tests.helpers.tap import Tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# A busy machine is no failure.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local Pardot without rows, its API user in New York."""
    with Emulator(timezone="America/New_York") as server:
        yield server


@pytest.fixture
def tap(tmp_path: Path) -> Runner:
    """The tap, run in this process."""
    return Runner(tmp_path)


@pytest.fixture
def tap_process(tmp_path: Path) -> Tap:
    """The tap's command, run as a process."""
    return Tap(tmp_path)
