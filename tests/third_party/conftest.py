"""Fixtures: the other clients, each in an environment of its own, made at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.helpers.postgres import postgres
from tests.third_party.airbyte import MANIFEST, Airbyte, manifest
from tests.third_party.clients import PyPardotSF, SingerIo
from tests.third_party.environments import AIRBYTE_CDK, PYPARDOT_SF, SINGER_IO, environment

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["postgres"]


@pytest.fixture
def singer_io(tmp_path: Path) -> SingerIo:
    """singer-io's tap."""
    return SingerIo(environment(SINGER_IO), tmp_path)


@pytest.fixture
def pypardot(tmp_path: Path) -> PyPardotSF:
    """The library PyPardotSF."""
    return PyPardotSF(environment(PYPARDOT_SF), tmp_path)


@pytest.fixture
def airbyte(tmp_path: Path) -> Airbyte:
    """Airbyte's source; without its manifest the test is skipped."""
    text = manifest()
    if text is None:
        pytest.skip(f"{MANIFEST} names no copy of the manifest of Airbyte's source-pardot")
    return Airbyte(environment(AIRBYTE_CDK), text, tmp_path)
