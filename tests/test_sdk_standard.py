"""The SDK's own tests of a tap, against a local Pardot with rows in every stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_pardot.sandbox.harness import Sandbox
from tap_pardot.tap import TapPardot

if TYPE_CHECKING:
    from collections.abc import Iterator

# The SDK makes its tap while tests are collected, which is before any fixture.
SANDBOX = Sandbox(rows=250, seed=7, timezone="America/New_York").start()


@pytest.fixture(autouse=True, scope="module")
def _sandbox() -> Iterator[None]:
    yield
    SANDBOX.stop()


TestTapPardot = get_tap_test_class(
    tap_class=TapPardot,
    config=SANDBOX.config,
    suite_config=SuiteConfig(ignore_no_records=False, max_records_limit=None),
    parse_env_config=False,
)
