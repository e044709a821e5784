"""Exports: rows per second of CPU beside a bare loop over the same CSV, and memory.

    python benchmarks/exports.py [--rounds 3] [--no-memory]

The tap reads from an emulator in a process of its own, everything included: start, login, calls,
the download to disk, types, UTC. The bare loop has the files on disk already and does csv, dict
and json alone. Both write to /dev/null; of some rounds in turn the best counts. Ratios hold on
any machine, seconds do not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_OVER_BARE = 2.0
MOST_MEMORY = 150.0
MOST_GROWTH = 15.0
"""MB of memory that twenty times the rows may cost: several files are downloaded at a time then."""

# All rows of an account lie within it, so that they are one window.
SPAN = {"start_date": "2024-03-01T00:00:00Z", "end_date": "2024-12-31T00:00:00Z"}


class Case(NamedTuple):
    """What is exported: rows in the emulator, and the stream that reads them."""

    kind: str
    stream: str
    rows: int


class Usage(NamedTuple):
    """What a finished process used: seconds of CPU, MB of memory at the peak."""

    cpu: float
    memory: float


CASES = (
    Case("activities", "visitor_activities", 200_000),
    Case("prospects", "prospects", 50_000),
)
MEMORY = (
    Case("activities", "visitor_activities", 50_000),
    Case("activities", "visitor_activities", 1_000_000),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3, help="the best counts; default 3")
    parser.add_argument("--no-memory", action="store_true", help="without the million rows")
    options = parser.parse_args()
    verdicts = [speed(case, options.rounds) for case in CASES]
    if not options.no_memory:
        verdicts.append(memory())
    if not all(verdicts):
        sys.exit(1)


def speed(case: Case, rounds: int) -> bool:
    """Measure the tap beside the bare loop; say whether it is quick enough."""
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as name, _account(case) as account:
        folder = Path(name)
        command = _tap(account, folder, case)
        files, columns = _files(account, folder, case)
        loop = [sys.executable, str(ROOT / "benchmarks" / "bare_csv.py"), case.stream, *files]
        for _ in range(rounds):
            ours.append(_measured(command, case.rows).cpu)
            bare.append(_measured(loop, case.rows).cpu)
    ratio = min(ours) / min(bare)
    print(
        f"{case.stream}: {case.rows:,} rows x {columns} columns: "
        f"{case.rows / min(ours):,.0f} rows/CPU s, bare loop {case.rows / min(bare):,.0f}: "
        f"{ratio:.2f} times its CPU (at most {MOST_OVER_BARE:g}): {_word(ratio <= MOST_OVER_BARE)}",
        flush=True,
    )
    return ratio <= MOST_OVER_BARE


def memory() -> bool:
    """Measure the peak of memory at few and at many rows; say whether it stays flat."""
    peaks = []
    for case in MEMORY:
        with tempfile.TemporaryDirectory() as folder, _account(case) as account:
            peaks.append(_measured(_tap(account, Path(folder), case), case.rows).memory)
    few, many = peaks
    good = many <= MOST_MEMORY and many - few <= MOST_GROWTH
    print(
        f"peak of memory: {few:.1f} MB at {MEMORY[0].rows:,} rows, {many:.1f} MB at "
        f"{MEMORY[1].rows:,} (at most {MOST_MEMORY:g}, and {MOST_GROWTH:g} more): {_word(good)}"
    )
    return good


def _word(good: bool) -> str:  # noqa: FBT001
    return "ok" if good else "MISSED"


@contextmanager
def _account(case: Case) -> Iterator[dict[str, Any]]:
    """An emulator with the rows of a case, as ``{"url": ..., "config": ...}``."""
    script = str(ROOT / "benchmarks" / "account.py")
    server = subprocess.Popen(
        [sys.executable, script, str(case.rows), case.kind],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(),
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            sys.exit("the emulator did not start")
        yield json.loads(line)
        server.stdin.close()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _tap(account: dict[str, Any], folder: Path, case: Case) -> list[str]:
    """Return the tap's command for one stream; writes its files."""
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps({**account["config"], **SPAN, "export_poll_interval": 1}))
    command = [sys.executable, "-m", "tap_pardot", "--config", str(config)]
    listed = subprocess.run(
        [*command, "--discover"], capture_output=True, check=True, env=_environment()
    )
    found: dict[str, Any] = json.loads(listed.stdout)
    for stream in found["streams"]:
        root = next(each for each in stream["metadata"] if not each["breadcrumb"])
        root["metadata"]["selected"] = stream["tap_stream_id"] == case.stream
    catalog.write_text(json.dumps(found))
    return [*command, "--catalog", str(catalog)]


def _files(account: dict[str, Any], folder: Path, case: Case) -> tuple[list[str], int]:
    """Save the files of the export that a run of the tap makes; return them and their columns."""
    _measured(_tap(account, folder, case), case.rows)
    url, config = account["url"], account["config"]
    with urlopen(f"{url}/emulator/exports", timeout=60) as answer:
        jobs = json.load(answer)["exports"]
    form = {name: config[name] for name in ("client_id", "client_secret", "refresh_token")}
    body = urlencode({"grant_type": "refresh_token", **form}).encode()
    with urlopen(f"{url}/services/oauth2/token", body, timeout=60) as answer:
        token = json.load(answer)["access_token"]
    headers = {
        "Authorization": f"Bearer {token}",
        "Pardot-Business-Unit-Id": config["pardot_business_unit_id"],
    }
    names = []
    for job in jobs:
        for file in job["files"]:
            path = folder / f"{file['id']}.csv"
            address = f"export/version/4/do/downloadResults/id/{job['id']}/file/{file['id']}"
            request = Request(f"{url}/api/{address}", headers=headers)
            with urlopen(request, timeout=600) as answer, path.open("wb") as copy:
                shutil.copyfileobj(answer, copy)
            names.append(str(path))
    return names, len(jobs[0]["fields"])


def _measured(command: list[str], rows: int) -> Usage:
    """Run a program to its end and return what it used; exit when the tap did not read all rows."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, env=_environment(), stdout=subprocess.DEVNULL, stderr=log
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        told = log.read().decode(errors="replace")
    if process.returncode or ("tap_pardot" in command and f" {rows:,} rows of 1 " not in told):
        sys.exit(told)
    # ru_maxrss counts KiB on Linux, bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


if __name__ == "__main__":
    main()
