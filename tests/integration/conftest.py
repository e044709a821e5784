"""Runs inside the test's process, for waits that must not be slept and errors put in by hand.

Most promises are about queries: their tests leave exports and children out.
"""

from __future__ import annotations

import io
import json
import signal
import time
from contextlib import redirect_stdout
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tap_pardot.endings import ending_in_a_sentence
from tap_pardot.tap import TapPardot
from tests.helpers.streams import QUERIES
from tests.helpers.tap import Finished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.helpers.tap import Tap

    Run = Callable[..., Finished]

_WITH_EXPORTS = (
    *("test_export", "test_bulk", "test_custom", "test_prospect_ids", "test_meltano"),
    *(
        "test_catalog",
        "test_clocks",
        "test_email",
        "test_fan_out",
        "test_matrix",
        "test_opportunity",
        "test_stream_maps",
        "test_visits",
    ),
)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Give the process its signal handlers back: a tap takes them."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def log_level() -> str:
    """Give the level that a run inside this process logs at; modules may give another."""
    return "INFO"


@pytest.fixture
def run(caplog: pytest.LogCaptureFixture, log_level: str) -> Run:
    """Give a run of the tap inside this process; what it logs stands for stderr."""

    def invoke(config: dict[str, Any], state: Any = None) -> Finished:
        caplog.clear()
        given = SimpleNamespace(config=config, parse_env=False)
        kept = None if state is None else io.StringIO(json.dumps(state))
        with redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit) as end:  # noqa: SIM117
            with ending_in_a_sentence():
                TapPardot.invoke(config=given, state=kept)
        code = end.value.code
        assert isinstance(code, int)
        return Finished(code, out.getvalue(), caplog.text)

    caplog.set_level(log_level)
    return invoke


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
def queries_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run without a catalog read only what is not read by export.

    Exports of all years since 2007 would be 200 jobs in each run, which other tests are about.
    """
    if request.module.__name__.rpartition(".")[2].startswith(_WITH_EXPORTS):
        return
    monkeypatch.setattr("tap_pardot.tap.STREAMS", QUERIES)
    if "tap" in request.fixturenames:
        tap: Tap = request.getfixturevalue("tap")
        tap.default_catalog = tap.catalog(*(stream.name for stream in QUERIES))
