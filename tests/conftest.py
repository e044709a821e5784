"""Fixtures that all tests share: a local Pardot, and the tap's command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pardot_emulator import Emulator
from tests.helpers.postgres import postgres
from tests.helpers.tap import Tap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


__all__ = ["postgres"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A local Pardot without rows, its API user in New York."""
    with Emulator(timezone="America/New_York") as server:
        yield server


@pytest.fixture
def tap(tmp_path: Path) -> Tap:
    """The tap's command line."""
    return Tap(tmp_path)
