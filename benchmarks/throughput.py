"""Rows per second of CPU: this tap beside singer-io's and beside a bare loop, in one run.

    python benchmarks/throughput.py [--rows 200000] [--rounds 3]

Each reads the same lists from an emulator in a process of its own and writes to /dev/null. CPU is
user and system time of the tap's process alone, start included; of some rounds in turn the best
counts, because others use the machine too. Ratios hold on any machine, seconds do not.
Memory is measured at a quarter of the rows and at all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # as a script it sees only its own folder

from tests.third_party.clients import SingerIo, redirected, singer_catalog, singer_config  # noqa: E402
from tests.third_party.environments import SINGER_IO, environment  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS, THEIRS, BARE = "tap-pardot-sdk", SINGER_IO, "bare loop"
LEAST_OVER_THEIRS = 5.0
MOST_OVER_BARE = 2.0
MOST_GROWTH = 5.0
"""MB of memory that four times the rows may cost."""

COLUMNS = {
    "id": "integer",
    "name": "string",
    "is_public": "boolean",
    "is_dynamic": "boolean",
    "title": "string",
    "description": "string",
    "is_crm_visible": "boolean",
    "created_at": "date-time",
    "updated_at": "date-time",
}


class Program(NamedTuple):
    """What is measured: a command and its environment."""

    command: list[str]
    env: dict[str, str]


class Usage(NamedTuple):
    """What a finished process used: seconds of CPU, MB of memory at the peak."""

    cpu: float
    memory: float


def main() -> None:
    """Measure and print."""
    options = _options()
    sizes = (options.rows // 4, options.rows)
    best: dict[tuple[str, int], Usage] = {}
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder, _account(rows) as account:
            programs = _programs(account, Path(folder))
            for number in range(options.rounds):
                for name, program in programs.items():
                    usage = _measured(program, account["url"], rows)
                    kept = best.setdefault((name, rows), usage)
                    best[name, rows] = Usage(*map(min, kept, usage))
                    print(
                        f"{rows:>9,} rows, round {number + 1}: {name:<20} {usage.cpu:7.2f} s CPU, "
                        f"{usage.memory:5.1f} MB",
                        flush=True,
                    )
    print()
    _print_table(best, *sizes)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=200_000, help="default 200000")
    parser.add_argument("--rounds", type=int, default=3, help="the best counts; default 3")
    return parser.parse_args()


@contextmanager
def _account(rows: int) -> Iterator[dict[str, Any]]:
    """An emulator with so many lists, as ``{"url": …, "config": …}``."""
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "benchmarks" / "account.py"), str(rows)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            sys.exit("the emulator did not start")
        yield json.loads(line)
        server.stdin.close()


def _programs(account: dict[str, Any], folder: Path) -> dict[str, Program]:
    config = folder / "config.json"
    config.write_text(json.dumps(account["config"]))
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps(_our_catalog()))
    theirs = SingerIo(environment(SINGER_IO), folder).command(
        singer_config(account["config"], "2024-01-01T00:00:00Z"), singer_catalog({"lists": COLUMNS})
    )
    ours = [sys.executable, "-m", "tap_pardot", "--config", str(config), "--catalog", str(catalog)]
    bare = [sys.executable, str(ROOT / "benchmarks" / "bare.py"), str(config)]
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    return {
        OURS: Program(ours, here),
        THEIRS: Program(theirs, redirected(account["url"], folder / "redirect")),
        BARE: Program(bare, here),
    }


def _our_catalog() -> dict[str, Any]:
    listed = subprocess.run(
        [sys.executable, "-m", "tap_pardot", "--discover"],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    catalog: dict[str, Any] = json.loads(listed.stdout)
    for stream in catalog["streams"]:
        root = next(each for each in stream["metadata"] if not each["breadcrumb"])
        root["metadata"]["selected"] = stream["tap_stream_id"] == "lists"
    return catalog


def _measured(program: Program, url: str, rows: int) -> Usage:
    """Run a program to its end and return what it used; exit when it did not read all rows."""
    with urlopen(Request(f"{url}/emulator/calls", method="DELETE"), timeout=60):
        pass
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            program.command, env=program.env, stdout=subprocess.DEVNULL, stderr=log
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        if process.returncode:
            sys.exit(log.read().decode(errors="replace"))
    with urlopen(f"{url}/emulator/calls", timeout=60) as answer:
        read = sum(call["rows"] or 0 for call in json.load(answer)["calls"])
    if not rows <= read <= rows + 1:  # the account's own record is no list
        sys.exit(f"{program.command[0]} read {read} rows instead of {rows}")
    # ru_maxrss counts KiB on Linux, bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Usage(used.ru_utime + used.ru_stime, used.ru_maxrss / unit)


def _print_table(best: dict[tuple[str, int], Usage], few: int, many: int) -> None:
    bare = best[BARE, many].cpu
    print(
        f"{'':20} {'rows/CPU s':>10} {'µs/row':>7} {'µs/further row':>14} {'x bare':>7} "
        f"{f'MB at {few:,}':>13} {f'at {many:,}':>11}"
    )
    for name in (OURS, THEIRS, BARE):
        small, large = best[name, few], best[name, many]
        further = (large.cpu - small.cpu) / (many - few)
        print(
            f"{name:20} {many / large.cpu:>10,.0f} {large.cpu / many * 1e6:>7.1f} "
            f"{further * 1e6:>14.1f} {large.cpu / bare:>7.2f} {small.memory:>13.1f} "
            f"{large.memory:>11.1f}"
        )
    print()
    ours = best[OURS, many]
    over_theirs = best[THEIRS, many].cpu / ours.cpu
    growth = ours.memory - best[OURS, few].memory
    for text, value, good in (
        (f"times {THEIRS} (at least 5)", over_theirs, over_theirs >= LEAST_OVER_THEIRS),
        (
            "times the CPU of the bare loop (at most 2)",
            ours.cpu / bare,
            ours.cpu / bare <= MOST_OVER_BARE,
        ),
        ("MB more at four times the rows (at most 5)", growth, growth <= MOST_GROWTH),
    ):
        print(f"{value:6.2f} {text}: {'ok' if good else 'MISSED'}")


if __name__ == "__main__":
    main()
