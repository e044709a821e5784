"""What tests of streams that follow others share: a tap that goes on, run by run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.helpers.catalog import select
from tests.helpers.exports import QUICK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pardot_emulator import Emulator
    from tests.helpers.runner import Runner
    from tests.helpers.tap import Finished

NOW = "2024-06-01T12:00:00+00:00"
THEN = "2024-05-20T10:00:00Z"
SINCE = {**QUICK, "start_date": "2024-05-01T00:00:00Z", "bulk_source": "query"}
"""Settings under which a reading of everything is one short window."""


class Runs:
    """A tap whose runs go on from the last STATE.

    Attributes:
        emulator: The account; its clock stands.
        state: The STATE that the last run wrote.
        warnings: The last run's warnings and errors.
    """

    def __init__(self, emulator: Emulator, tap: Runner) -> None:
        emulator.set(clock=NOW, export_seconds=0.01)
        self.emulator = emulator
        self.state: Any = None
        self.warnings: list[str] = []
        self._tap = tap

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
        catalog = select(*streams, columns=columns, methods=methods, types=types)
        return self.run(catalog, **settings)

    def run(self, catalog: dict[str, Any], **settings: Any) -> Finished:
        """Run with a catalog; settings beside those of :data:`SINCE`."""
        self.emulator.clear_calls()
        config = {**self.emulator.config, **SINCE, **settings}
        run = self._tap.run(config, state=self.state, catalog=catalog)
        self.warnings = run.warnings
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

    def bookmark(self, stream: str) -> dict[str, Any]:
        """Return a stream's part of STATE."""
        part: dict[str, Any] = self.state["bookmarks"][stream]
        return part
