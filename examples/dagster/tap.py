"""Business units, and the tap that reads one part of a unit into a target.

A unit is a folder in ``units``:

    config.json    settings of the tap
    target.json    settings of the target
    catalog.json   what ``tap-pardot --config config.json --discover`` prints
    <part>/        STATE and files of a part: of a month, or of ``whole``
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).resolve().parent
UNITS = HERE / "units"
TAP = "tap-pardot"
TARGET = os.environ.get("TARGET", "target-jsonl")
# Pardot has no upper bound for these: every month would read all later rows again.
WITHOUT_END = {"exports", "imports"}


@dataclass
class Run:
    """How a run ended.

    Attributes:
        streams: By stream, the figures of the tap: ``rows``, ``calls``, ``reached``, ``status``.
        sentence: The last line of the tap's log.
        exit_code: Of the tap. 0: complete, 1: something failed, 2: Pardot ended the run early.
        target_exit_code: Of the target.
    """

    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    sentence: str = ""
    exit_code: int = 0
    target_exit_code: int = 0

    def streams_with(self, *statuses: str) -> list[str]:
        """Return the streams that ended as ``done``, ``skipped``, ``failed`` or ``stopped``."""
        return [name for name, found in self.streams.items() if found["status"] in statuses]


def units() -> list[str]:
    """Return the names of the units that have a catalog."""
    return sorted(path.parent.name for path in UNITS.glob("*/catalog.json"))


def first_month() -> str:
    """Return the first day of the month of the earliest ``start_date``."""
    starts = [read(UNITS / unit / "config.json")["start_date"] for unit in units()]
    return f"{min(starts):.7}-01"


def streams() -> tuple[list[str], list[str]]:
    """Return the selected streams of all units: those that are read by month, and the others."""
    by_month, whole = set(), set()
    for unit in units():
        for stream in read(UNITS / unit / "catalog.json")["streams"]:
            if selection(stream).get("selected"):
                (by_month if has_window(stream) else whole).add(stream["tap_stream_id"])
    return sorted(by_month), sorted(whole)


def has_window(stream: dict[str, Any]) -> bool:
    """Return whether ``start_date`` and ``end_date`` limit the rows of a stream of a catalog."""
    if stream.get("replication_method") != "INCREMENTAL" or stream["tap_stream_id"] in WITHOUT_END:
        return False
    return stream["schema"]["properties"][stream["replication_key"]].get("format") == "date-time"


def selection(stream: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a stream as a whole, which tells whether it is selected."""
    found: dict[str, Any] = next(m["metadata"] for m in stream["metadata"] if not m["breadcrumb"])
    return found


def run(
    unit: str, part: str, names: Iterable[str], settings: dict[str, Any], log: logging.Logger
) -> Run:
    """Read streams of one part of a unit, from where the last run of that part has ended.

    Args:
        unit: Name of the unit.
        part: Name of the part. Each part has its own STATE.
        names: The streams.
        settings: Settings of the tap that take precedence over those of the unit.
        log: Gets the lines of the tap's log.
    """
    folder = UNITS / unit / part
    folder.mkdir(exist_ok=True)
    tap = [TAP, "--config", str(UNITS / unit / "config.json")]
    tap += ["--config", write(folder / "settings.json", settings)]
    tap += ["--catalog", write(folder / "catalog.json", catalog(unit, set(names)))]
    if state := last_state(folder):
        tap += ["--state", state]
    return pipe(tap, [TARGET, "--config", str(UNITS / unit / "target.json")], folder, log)


def pipe(tap: list[str], target: list[str], folder: Path, log: logging.Logger) -> Run:
    """Run both commands as ``tap | target > states.jsonl``."""
    env = {**os.environ, "SINGER_SDK_LOG_CONFIG": str(HERE / "log.yaml")}
    out = subprocess.PIPE
    with (
        (folder / "states.jsonl").open("w") as states,
        subprocess.Popen(tap, cwd=folder.parent, env=env, stdout=out, stderr=out) as source,
        subprocess.Popen(target, cwd=folder, stdin=source.stdout, stdout=states) as sink,
    ):
        assert source.stdout
        assert source.stderr
        source.stdout.close()  # now the tap notices when the target ends
        try:
            result = follow(source.stderr, log)
        except BaseException:  # Dagster cancels the run: the tap writes a last STATE and ends
            source.terminate()
            raise
    result.exit_code, result.target_exit_code = source.returncode, sink.returncode
    return result


def follow(lines: IO[bytes], log: logging.Logger) -> Run:
    """Pass on the tap's log until it ends, and return what it says about the streams."""
    result = Run()
    levels = logging.getLevelNamesMapping()
    for line in lines:
        try:
            entry = json.loads(line)
            level, result.sentence = levels[entry["level"].upper()], entry["message"]
        except (ValueError, TypeError, KeyError):  # a line from before the log was set up
            entry, level, result.sentence = {}, logging.INFO, line.decode(errors="replace").rstrip()
        log.log(level, result.sentence)
        figures = entry.get("extra", {})
        if figures.keys() >= {"stream", "status"}:
            result.streams[figures["stream"]] = figures
    return result


def catalog(unit: str, names: set[str]) -> dict[str, Any]:
    """Return the catalog of a unit in which the streams that are not named are deselected."""
    found = read(UNITS / unit / "catalog.json")
    for stream in found["streams"]:
        if stream["tap_stream_id"] not in names:
            selection(stream)["selected"] = False
    return found


def last_state(folder: Path) -> str | None:
    """Return the file of the last STATE that the target has written; None before the first."""
    states, state = folder / "states.jsonl", folder / "state.json"
    # Without its line end, the last line was cut, because the target was killed.
    *lines, _ = states.read_text().split("\n") if states.exists() else [""]
    if lines:
        state.write_text(lines[-1])
    return str(state) if state.exists() else None


def read(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds."""
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def write(path: Path, content: dict[str, Any]) -> str:
    """Write a JSON file, and return its path."""
    path.write_text(json.dumps(content))
    return str(path)
