"""Seconds for the clicks of an account by workers, with a Pardot that takes its time for each call.

    python benchmarks/latency.py [--rows 20000] [--latency 0.15] [--workers 1 4] [--rounds 3]
        [--save]

Start-up, login and the first calls are taken off: a run that finds nothing is measured too. The
emulator has a process of its own, and waits without work, so any number of calls takes as long as
one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import results
from measure import account, tap_command, usage_of
from page import write_page

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVERYTHING, _NOTHING = "2024-01-01T00:00:00Z", "2025-06-01T00:00:00Z"


def main() -> None:
    """Run with each number of workers in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--latency", type=float, default=0.15, help="seconds of a call")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--save", action="store_true", help="keep the figures for the page")
    options = parser.parse_args()
    seconds: dict[int, list[float]] = {workers: [] for workers in options.workers}
    calls: dict[int, list[dict[str, Any]]] = {}
    with account(options.rows, "clicks") as found:
        _control(found, "settings", "PATCH", {"latency": options.latency})
        for _ in range(options.rounds):
            for workers in options.workers:
                idle, _ = _run(found, workers, _NOTHING)
                busy, calls[workers] = _run(found, workers, _EVERYTHING)
                seconds[workers].append(busy - idle)
    first = median(seconds[options.workers[0]])
    print(f"{options.rows:,} clicks, {options.latency * 1000:.0f} ms a call")
    print(f"{'workers':>7} {'seconds':>9} {'spread':>13} {'calls':>7} {'at once':>8} {'ratio':>6}")
    for workers, each in seconds.items():
        pages = [call for call in calls[workers] if call["object"] == "emailClick"]
        at_once = max(call["in_flight"] for call in pages)
        spread = f"{min(each):.2f}-{max(each):.2f}"
        print(
            f"{workers:>7} {median(each):>9.2f} {spread:>13} {len(pages):>7} {at_once:>8} "
            f"{first / median(each):>6.2f}"
        )
    if options.save:
        medians = {str(workers): median(each) for workers, each in seconds.items()}
        figures = {"rows": options.rows, "latency": options.latency, "seconds": medians}
        results.save("latency", figures)
        write_page()


def _run(
    found: Mapping[str, Any], workers: int, start_date: str
) -> tuple[float, list[dict[str, Any]]]:
    """Read the clicks since a time; return the seconds of the run, and its calls."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"max_concurrent_requests": workers, "start_date": start_date}
        command = tap_command(found, Path(folder), "email_clicks", **settings)
        _control(found, "calls", "DELETE")
        started = time.perf_counter()
        usage_of(command)
        seconds = time.perf_counter() - started
    return seconds, _control(found, "calls")["calls"]


def _control(found: Mapping[str, Any], what: str, method: str = "GET", body: Any = None) -> Any:
    """Ask or change the emulator."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{found['url']}/emulator/{what}", data, method=method)) as answer:
        return json.load(answer)


if __name__ == "__main__":
    sys.exit(main())
