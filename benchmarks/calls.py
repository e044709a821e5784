"""API calls of a first run and of a second one with nothing new, stream by stream.

    python benchmarks/calls.py [--rows 1000]

Calls are what a customer pays for: an account has 25,000 to 100,000 a day for all its tools.
The second run shows what an hourly schedule costs when nothing happens.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from pardot_emulator import Emulator
from tap_pardot.streams import STREAMS


def main() -> None:
    """Run twice, count, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1000, help="of each big object; default 1000")
    options = parser.parse_args()
    runs: list[Counter[str]] = []
    with tempfile.TemporaryDirectory() as folder, Emulator(rows=options.rows) as emulator:
        counts = emulator.counts()
        state = None
        for _ in range(2):
            emulator.clear_calls()
            state = _run(emulator.config, Path(folder), state)
            runs.append(Counter(call["object"] for call in emulator.calls))
    first, second = runs
    print(f"{'stream':20} {'rows':>7} {'first run':>10} {'second run':>11}")
    for stream in sorted(STREAMS, key=lambda each: each.name):
        name = stream.pardot_object
        print(f"{stream.name:20} {counts[name]:>7,} {first[name]:>10,} {second[name]:>11,}")
    print(f"{'all':20} {'':>7} {first.total():>10,} {second.total():>11,}")


def _run(config: dict[str, Any], folder: Path, state: Any) -> Any:
    """Run the tap on all streams; return its last STATE."""
    command = [sys.executable, "-m", "tap_pardot", "--config", str(folder / "config.json")]
    (folder / "config.json").write_text(json.dumps(config))
    if state is not None:
        (folder / "state.json").write_text(json.dumps(state))
        command += ["--state", str(folder / "state.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    states = [line for line in done.stdout.splitlines() if line.startswith('{"type":"STATE"')]
    return json.loads(states[-1])["value"]


if __name__ == "__main__":
    main()
