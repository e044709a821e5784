"""API calls, stream by stream: of a first run, of an hour without changes, and of busy hours.

    python benchmarks/calls.py [--rows 1200] [--changes 100 1000] [--version 5] [--save]

Calls are what a customer pays for: an account has 25,000 to 100,000 a day for all its tools. All
streams are read, as an hourly schedule does. The youngest row is 90 days old, so that no e-mail is
young enough for its figures to be read again. In a busy hour so many rows of each kind change, or
are new where rows of a kind never change. None of them is in the recycle bin: changes there cost
three more calls for prospects, and one for prospect accounts and visitors each. Campaigns and
opportunities are read whole in each run; there are few of them.

With ``--version 5`` the setting ``api_version`` is 5, and custom fields have one value each.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import results
from measure import FailedError, Running
from page import write_page

from pardot_emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = "2024-08-01T12:00:00+00:00"
HOUR = 3600
VERSION_5 = 5
MOST_IDLE, MOST_BUSY = 36, 44
"""Calls of an hour without changes, and of one with 100 changes of each kind (issue 12)."""
BUSY = 100

CHANGED = {
    **dict.fromkeys(("list", "tag", "form", "customRedirect", "dynamicContent"), "updated_at"),
    **dict.fromkeys(("prospect", "prospectAccount", "visitor", "listMembership"), "updated_at"),
}
"""Objects whose rows change, and the field that says when."""
NEW: dict[str, dict[str, Any]] = {
    "emailClick": {"created_at": ...},
    "externalActivity": {"createdAt": ..., "activityDate": ...},
    "lifecycleHistory": {"created_at": ...},
    "tagObject": {"created_at": ...},
    # Of a form: an activity of an e-mail has its figures read again.
    "visitorActivity": {"created_at": ..., "updated_at": ..., "type": 4, "type_name": "Form"},
}
"""Objects whose rows are new, and their fields; ``...`` stands for the time."""

FEW = ("campaign", "opportunity")
"""Objects that are read whole; so many rows that they fit into a page."""


class Run(NamedTuple):
    """What a run cost.

    Attributes:
        calls: By stream.
        total: As the emulator counts them.
        state: The last STATE.
    """

    calls: dict[str, int]
    total: int
    state: Any


def main() -> None:
    """Run several times, count, print; exit code 1 if a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1200, help="of each big object; default 1200")
    parser.add_argument(
        "--changes", type=int, nargs="+", default=[BUSY, 1000], help="rows of each kind in an hour"
    )
    parser.add_argument("--version", type=int, choices=(4, 5), default=4, help="api_version")
    parser.add_argument("--save", action="store_true", help="keep the figures for the page")
    options = parser.parse_args()
    runs = dict(play(options.rows, options.changes, options.version))
    print(f"{'stream':22}" + "".join(f"{name:>16}" for name in runs))
    for stream in next(iter(runs.values())).calls:
        print(f"{stream:22}" + "".join(f"{run.calls.get(stream, 0):16,}" for run in runs.values()))
    print(f"{'all':22}" + "".join(f"{run.total:16,}" for run in runs.values()))
    if options.version == VERSION_5:
        return
    if options.save:
        figures = {name: {"calls": run.calls, "total": run.total} for name, run in runs.items()}
        results.save("calls", {"rows": options.rows, "runs": figures})
        write_page()
    busy = runs.get(f"{BUSY:,} changes")
    sys.exit(runs["no changes"].total > MOST_IDLE or (busy is not None and busy.total > MOST_BUSY))


def play(rows: int, changes: list[int], version: int) -> Iterator[tuple[str, Run]]:
    """Yield the runs by name."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(rows=rows, clock=NOW, timezone="America/New_York", export_seconds=0) as emulator,
    ):
        for name in FEW:
            emulator.delete(name, [row["id"] for row in emulator.rows(name)][BUSY:])
        if version == VERSION_5:
            several = [each for each in emulator.rows("customField") if has_several(each)]
            emulator.delete("customField", [each["id"] for each in several])
        emulator.forward(days=90)
        last = sync(emulator, Path(folder), None, version)
        yield "first run", last
        for number in (0, *changes):
            now = emulator.forward(HOUR)
            change(emulator, number, now - HOUR // 2)
            last = sync(emulator, Path(folder), last.state, version)
            yield f"{number:,} changes" if number else "no changes", last


def change(emulator: Emulator, number: int, moment: int) -> None:
    """Change so many rows of each kind at a moment, or make them."""
    for name, field in CHANGED.items():
        ids = [row["id"] for row in emulator.rows(name) if not row.get("deleted")]
        if len(ids) < number:
            raise FailedError(f"there are only {len(ids):,} rows of {name}: take more --rows")
        emulator.update(name, ids[:number], **{field: moment})
    for name, fields in NEW.items():
        row = {field: moment if value is ... else value for field, value in fields.items()}
        first = emulator.model.next_id(name)
        emulator.add(name, ({**row, "id": first + place} for place in range(number)))


def has_several(field: dict[str, Any]) -> bool:
    """Return whether a custom field has several values, which version 5 cannot query."""
    return bool(field["is_record_multiple_responses"]) or field["type_id"] in {3, 6}


def sync(emulator: Emulator, folder: Path, state: Any, version: int) -> Run:
    """Run the tap on all streams.

    Raises:
        FailedError: It failed.
    """
    config = {**emulator.config, "export_poll_interval": 1, "api_version": version}
    command = [sys.executable, "-m", "tap_pardot"]
    for name, content in (("config", config), ("state", state)):
        if content is not None:
            (folder / f"{name}.json").write_text(json.dumps(content))
            command += [f"--{name}", str(folder / f"{name}.json")]
    emulator.clear_calls()
    with (folder / "messages.jsonl").open("wb") as file:
        log = Running(command, stdout=file).usage().log
    with (folder / "messages.jsonl").open() as file:
        *_, last = (line for line in file if line.startswith('{"type":"STATE"'))
    found = re.findall(r"\b(\w+): [\d,]+ rows?(?: by v\d)?, ([\d,]+) calls?, ", log)
    calls = {stream: int(number.replace(",", "")) for stream, number in found}
    return Run(calls, len(emulator.calls), json.loads(last)["value"])


if __name__ == "__main__":
    try:
        main()
    except FailedError as error:
        sys.exit(str(error))
