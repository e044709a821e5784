"""What tests of streams that follow others share: a tap that goes on, run by run."""

from __future__ import annotations

import io
import json
import logging
from contextlib import redirect_stdout
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tap_pardot.endings import ending_in_a_sentence
from tap_pardot.tap import TapPardot
from tests.helpers.exports import QUICK, select
from tests.helpers.tap import Finished

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pardot_emulator import Emulator

NOW = "2024-06-01T12:00:00+00:00"
THEN = "2024-05-20T10:00:00Z"
SINCE = {"start_date": "2024-05-01T00:00:00Z", "bulk_source": "query", **QUICK}
"""Settings under which a reading of everything is one short window."""


class Runs:
    """A tap that goes on from its last STATE, in this process.

    Attributes:
        emulator: The account; its clock stands.
        state: The STATE that the last run wrote.
        warnings: What the last run warned of, or called an error.
    """

    def __init__(self, emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
        emulator.set(clock=NOW, export_seconds=0.01)
        self.emulator = emulator
        self.state: Any = None
        self.warnings: list[str] = []
        self._caplog = caplog
        caplog.set_level(logging.INFO)

    def sync(
        self,
        *streams: str,
        columns: dict[str, Iterable[str]] | None = None,
        methods: dict[str, str] | None = None,
        types: dict[str, dict[str, Any]] | None = None,
        **settings: Any,
    ) -> Finished:
        """Run for these streams; forgets the calls before it.

        Args:
            streams: Those selected.
            columns: By stream, the only columns selected besides the keys.
            methods: By stream, INCREMENTAL or FULL_TABLE, where it is not the default.
            types: By stream and column, the JSON Schema that the catalog gives it.
            settings: Beside those of :data:`SINCE`.
        """
        catalog = select(*streams, columns=columns)
        for entry in catalog["streams"]:
            if method := (methods or {}).get(entry["tap_stream_id"]):
                entry["replication_method"] = method
            entry["schema"]["properties"].update((types or {}).get(entry["tap_stream_id"], {}))
        return self.run(catalog, **settings)

    def run(self, catalog: dict[str, Any], **settings: Any) -> Finished:
        """Run with a catalog; settings beside those of :data:`SINCE`."""
        config = {**self.emulator.config, **SINCE, **settings}
        state = None if self.state is None else io.StringIO(json.dumps(self.state))
        self.emulator.clear_calls()
        self._caplog.clear()
        with redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit) as end:  # noqa: SIM117
            with ending_in_a_sentence():
                TapPardot.invoke(
                    config=SimpleNamespace(config=config, parse_env=False),
                    state=state,
                    catalog=io.StringIO(json.dumps(catalog)),
                )
        code = end.value.code
        assert isinstance(code, int)
        logged = self._caplog.records
        self.warnings = [each.getMessage() for each in logged if each.levelno >= logging.WARNING]
        run = Finished(code, out.getvalue(), "\n".join(self._caplog.messages))
        self.state = run.state or self.state
        return run

    def fill(self, objects: Iterable[str], numbers: Iterable[int], at: str = THEN) -> None:
        """Add rows that were made, and last changed, at a moment; clicks never change."""
        listed = list(numbers)
        for name in objects:
            times = {"created_at": at} | ({} if name == "emailClick" else {"updated_at": at})
            self.emulator.add(name, [{"id": number, **times} for number in listed])

    def later(self, hours: int = 1) -> str:
        """Let hours pass; return the moment ten minutes before the new time."""
        self.emulator.forward(hours * 3600)
        return datetime.fromtimestamp(self.emulator.settings.now() - 600, UTC).isoformat()

    def calls(self, pardot_object: str) -> list[dict[str, Any]]:
        """Return the last run's calls for an object, oldest first."""
        return [call for call in self.emulator.calls if call["object"] == pardot_object]

    def kept(self, stream: str) -> dict[str, Any]:
        """Return a stream's part of STATE."""
        part: dict[str, Any] = self.state["bookmarks"][stream]
        return part
