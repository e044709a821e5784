"""What runs under the default ``api_version`` request and store, for the golden file.

``python -m tests.helpers.version_4`` writes the file anew with today's code. It was made with the
code before version 5 came.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from pardot_emulator import Emulator
from tests.helpers.runner import Runner

GOLDEN = Path(__file__).parents[1] / "golden" / "version_4.json"
CLOCK = "2024-06-01T12:00:00+00:00"
_SETTINGS = {"max_concurrent_requests": 1, "export_poll_interval": 1, "start_date": "2023-01-01"}
_HOUR = 3600


def requests_and_states() -> list[dict[str, Any]]:
    """Return the requests and the last STATE of a first run and of one an hour later."""
    runs, state = [], None
    with (
        Emulator(rows=250, seed=7, clock=CLOCK, timezone="America/New_York") as emulator,
        tempfile.TemporaryDirectory() as folder,
    ):
        emulator.set(export_seconds=0.0)
        for _ in range(2):
            emulator.clear_calls()
            run = Runner(Path(folder)).run({**emulator.config, **_SETTINGS}, state=state)
            assert run.exit_code == 0, run.stderr
            state = run.state
            runs.append({"requests": [*map(_text, emulator.calls)], "state": _untimed(state)})
            emulator.forward(_HOUR)
    return runs


def _untimed(state: Any) -> Any:
    """Return a STATE without the seconds that exports took on this machine."""
    if not isinstance(state, dict):
        return state
    return {key: _untimed(value) for key, value in state.items() if key != "export_seconds"}


def _text(call: dict[str, Any]) -> str:
    parameters = json.dumps(call["params"], sort_keys=True)
    return f"{call['method']} {call['path']} {parameters}"


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(requests_and_states(), indent=1) + "\n")
