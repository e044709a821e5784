"""The cost of a row and the memory, from ten thousand rows to five million.

    python benchmarks/scale.py [--most 5000000] [--source query] [--workers 4] [--save]

Reads visitor activities by query and by export with several workers. Exit code 1 unless all rows
came, and unless the memory is flat: below 120 MB, and within 10 MB from 50,000 rows on.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import results
from measure import SPAN, FailedError, Usage, account, tap_command, usage_of
from page import write_page

SIZES = (10_000, 50_000, 500_000, 5_000_000)
SETTLED = 50_000
"""From so many rows on the memory must not grow."""
MOST_MEMORY, MORE_MEMORY = 120, 10
"""MB at the peak, and how much more with many rows than with few."""


def main() -> None:
    """Measure, print, and exit with 1 unless the memory is flat."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="rows; default 5,000,000")
    parser.add_argument("--source", choices=("query", "export"), action="append")
    parser.add_argument("--workers", type=int, default=4, help="requests at once; default 4")
    parser.add_argument("--save", action="store_true", help="keep the figures for the page")
    options = parser.parse_args()
    sources = options.source or ["query", "export"]
    sizes = [size for size in SIZES if size < options.most] + [options.most]
    figures: dict[str, list[dict[str, Any]]] = {source: [] for source in sources}
    print(f"{'rows':>9} source  {'seconds':>8} {'CPU s':>7} {'µs CPU/further row':>18} {'MB':>5}")
    for size in sizes:
        with account(size, "activities") as found:
            for source in sources:
                usage = read(found, size, source, options.workers)
                figures[source].append(noted(size, usage, figures[source]))
                show(source, figures[source][-1])
    if options.save:
        results.save("scale", {"workers": options.workers, "sources": figures})
        write_page()
    sys.exit(not all(is_flat(source, found) for source, found in figures.items()))


def read(found: dict[str, Any], rows: int, source: str, workers: int) -> Usage:
    """Run the tap on an account and return what it used.

    Raises:
        FailedError: It failed, or not all rows came.
    """
    settings = {"bulk_source": source, "export_poll_interval": 1, "export_timeout": 7200}
    settings |= {"max_concurrent_requests": workers, "request_timeout": 600}
    with tempfile.TemporaryDirectory() as folder:
        usage = usage_of(tap_command(found, Path(folder), "visitor_activities", **SPAN, **settings))
    came = re.search(r"visitor_activities: ([\d,]+) rows, ", usage.log)
    if came is None or came[1] != f"{rows:,}":
        raise FailedError(f"not {rows:,} rows:\n{usage.log}")
    return usage


def noted(rows: int, usage: Usage, before: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of a size; the cost is that of the rows that the size before has not."""
    cost = None
    if before:
        cost = (usage.cpu - before[-1]["cpu"]) / (rows - before[-1]["rows"]) * 1e6
    return {
        "rows": rows,
        "seconds": round(usage.seconds, 2),
        "cpu": round(usage.cpu, 2),
        "cost": cost and round(cost, 2),
        "memory": round(usage.memory, 1),
    }


def show(source: str, one: dict[str, Any]) -> None:
    """Print one size."""
    cost = "" if one["cost"] is None else f"{one['cost']:.1f}"
    print(
        f"{one['rows']:9,} {source:7} {one['seconds']:8.1f} {one['cpu']:7.1f} {cost:>18}"
        f" {one['memory']:5.0f}",
        flush=True,
    )


def is_flat(source: str, figures: list[dict[str, Any]]) -> bool:
    """Say whether the memory is flat, and print it."""
    settled = [one["memory"] for one in figures if one["rows"] >= SETTLED]
    most = max(one["memory"] for one in figures)
    more = max(settled) - settled[0] if settled else 0.0
    good = most <= MOST_MEMORY and more <= MORE_MEMORY
    print(
        f"{source}: {most:.0f} MB (at most {MOST_MEMORY}), {more:+.1f} MB from {SETTLED:,} rows on"
        f" (at most {MORE_MEMORY}): {'ok' if good else 'MISSED'}"
    )
    return good


if __name__ == "__main__":
    try:
        main()
    except FailedError as error:
        sys.exit(str(error))
