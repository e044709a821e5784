"""The SDK's own tests of a tap, against a local Pardot with rows in every stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from pardot_emulator import Emulator
from tap_pardot.tap import TapPardot
from tests.helpers.waits import short_polls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_pardot.streams.base import PardotStream

START = f"{datetime.now(UTC) - timedelta(days=300):%Y-%m-%d}"
# The SDK makes its tap while tests are collected, which is before any fixture.
EMULATOR = Emulator(rows=250, seed=7, timezone="America/New_York", export_seconds=0.01).start()


@pytest.fixture(autouse=True, scope="module")
def _emulator() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        short_polls(monkeypatch)
        yield
    EMULATOR.stop()


class Everything(TapPardot):
    """The tap with every stream selected, as the SDK's dry run does too late for its mapper."""

    def discover_streams(self) -> Sequence[PardotStream]:
        """Return all streams, also those that are off by default."""
        streams = super().discover_streams()
        for stream in streams:
            stream.selected = True
        return streams


TestTapPardot = get_tap_test_class(
    tap_class=Everything,
    # One window for each export.
    config={
        **EMULATOR.config,
        "start_date": START,
        "export_poll_interval": 1,
        "include": ["prospect_ids"],
    },
    suite_config=SuiteConfig(ignore_no_records=False, max_records_limit=None),
    parse_env_config=False,
)
