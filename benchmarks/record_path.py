"""The cost of a row: this tap beside a bare loop, an ordinary SDK tap and singer-io's tap.

    python benchmarks/record_path.py [--rounds 3] [--rows 1.0] [--case NAME] [--no-peers] [--save]
    python benchmarks/record_path.py --instructions [--save]

All read the same rows from an emulator in a process of its own and write to /dev/null. Each is run
with few and with many rows; the difference is the cost of the further rows, without start and
login. The bare loop of an export has the files on disk already; singer-io's tap knows queries only.
With ``--instructions`` the bare loop and this tap are compared by instructions instead of seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import results
from contestants import BARE, OURS, Contestant, contestants
from measure import FailedError, Usage, account, calls_of, instructions_of, records_of, usage_of
from page import write_page

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_OVER_BARE = 1.25
MAX_NOISE = 0.2
"""Figures are kept only if the two best runs of a command with equal rows differ by less than this
share of what the further rows cost. On a busy machine the start alone varies by more than that."""


class Case(NamedTuple):
    """What is read.

    Attributes:
        kind: The kind of the account's rows.
        stream: The stream that reads them.
        source: The setting ``bulk_source``.
        object: The API's name of the object; under version 5 that of versions 3 and 4.
        few: The smaller number of rows.
        many: The larger one.
        version: The setting ``api_version``.
    """

    kind: str
    stream: str
    source: str
    object: str
    few: int
    many: int
    version: int = 4


CASES = {
    "activities-export": Case(
        "activities", "visitor_activities", "export", "visitorActivity", 20_000, 100_000
    ),
    "prospects-export": Case("prospects", "prospects", "export", "prospect", 5_000, 25_000),
    "clicks-query": Case("clicks", "email_clicks", "query", "emailClick", 20_000, 100_000),
    "prospects-query": Case("prospects", "prospects", "query", "prospect", 5_000, 25_000),
    # Other taps do not know version 5.
    "visits-v5": Case("visits", "visits", "query", "visit", 20_000, 100_000, version=5),
}


def main() -> None:
    """Measure and print; exit code 1 if a row costs too much."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3, help="of runs in turn; default 3")
    parser.add_argument("--rows", type=float, default=1.0, help="factor for the rows; default 1")
    parser.add_argument("--case", choices=CASES, action="append", help="only these")
    parser.add_argument("--instructions", action="store_true", help="count them, with valgrind")
    parser.add_argument(
        "--peers", action=argparse.BooleanOptionalAction, default=True, help="other taps, too"
    )
    parser.add_argument("--save", action="store_true", help="keep the figures for the page")
    options = parser.parse_args()
    compare = compare_instructions if options.instructions else compare_seconds
    figures = {name: compare(name, CASES[name], options) for name in options.case or CASES}
    if options.save:
        check_noise(figures)
        results.save("instructions" if options.instructions else "record_path", figures)
        write_page()
    sys.exit(any(case["taps"][OURS]["ratio"] > MAX_OVER_BARE for case in figures.values()))


def compare_seconds(name: str, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Measure one case by CPU time, print it, and return its figures."""
    few, many = int(case.few * options.rows), int(case.many * options.rows)
    rounds: dict[str, list[tuple[Usage, Usage]]] = {}
    calls = {}
    with ExitStack() as stack:
        small = entered(case, few, stack, peers=options.peers)
        large = entered(case, many, stack, peers=options.peers)
        for tap in small:
            check_rows(small[tap], few)
        for _ in range(options.rounds):
            for tap in small:
                cheap = usage_of(small[tap].command, small[tap].env)
                calls_of(large[tap].url)
                dear = usage_of(large[tap].command, large[tap].env)
                calls[tap] = calls_of(large[tap].url)
                rounds.setdefault(tap, []).append((cheap, dear))
    further = many - few
    costs = {tap: cost_of(pairs, further) for tap, pairs in rounds.items()}
    bare = costs[BARE]
    taps: dict[str, dict[str, Any]] = {
        tap: {
            "cost": costs[tap],
            "ratio": costs[tap] / bare,
            "spread": [
                choice(cost_of([pair], further) for pair in pairs) / bare for choice in (min, max)
            ],
            "noise": noise_of(pairs),
            "rows_per_second": median(
                further / (dear.seconds - cheap.seconds) for cheap, dear in pairs
            ),
            "memory": max(dear.memory for _, dear in pairs),
            "calls": calls[tap],
        }
        for tap, pairs in rounds.items()
    }
    print(f"{name}: {many:,} rows, {few:,} subtracted, {options.rounds} in turn")
    show(taps)
    return {"rows": many, "subtracted": few, "rounds": options.rounds, "taps": taps}


def show(taps: dict[str, dict[str, Any]]) -> None:
    """Print the table of a case."""
    print(f"  {'':18} µs CPU/row  of bare         spread noise   rows/s    MB calls")
    for tap, one in taps.items():
        low, high = one["spread"]
        print(
            f"  {tap:18} {one['cost']:10.1f} {one['ratio']:7.2f}x {low:6.2f} to {high:4.2f}"
            f" {one['noise']:5.0%} {one['rows_per_second']:8,.0f} {one['memory']:5.0f}"
            f" {one['calls']:5,}",
            flush=True,
        )


def check_noise(figures: Mapping[str, Any]) -> None:
    """Raise FailedError if equal runs differ too much."""
    noisy = [
        f"{tap} of {name} by {one['noise']:.0%}"
        for name, case in figures.items()
        for tap, one in case["taps"].items()
        if one.get("noise", 0) > MAX_NOISE
    ]
    if noisy:
        raise FailedError(
            f"Not kept: equal runs differ by too much of what the rows cost: {', '.join(noisy)}. "
            "Use an idle machine, more --rows, and at least two --rounds."
        )


def cost_of(pairs: list[tuple[Usage, Usage]], further: int) -> float:
    """Return the µs of a further row, by the best run with few and the best one with many rows."""
    cheap = min(few.cpu for few, _ in pairs)
    dear = min(many.cpu for _, many in pairs)
    return (dear - cheap) / further * 1e6


def noise_of(pairs: list[tuple[Usage, Usage]]) -> float:
    """Return by how much the two best of equal runs differ, as a share of what the rows cost.

    The cost is that of the best runs, so a run that was disturbed does not count. A single run
    tells nothing: 1.
    """
    if len(pairs) == 1:
        return 1.0
    few, many = ([usage.cpu for usage in usages] for usages in zip(*pairs, strict=True))
    cost = min(many) - min(few)
    least = [(second - first) for first, second, *_ in map(sorted, (few, many))]
    return max(least) / cost if cost > 0 else 1.0


def compare_instructions(name: str, case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Count the instructions of one case, print them, and return the figures."""
    few, many = int(case.few * options.rows), int(case.many * options.rows)
    with ExitStack() as stack:
        small, large = (entered(case, rows, stack, peers=False) for rows in (few, many))
        costs = {}
        for tap in small:
            cheap, dear = (instructions_of(*taps[tap][:2]) for taps in (small, large))
            costs[tap] = (dear - cheap) / (many - few)
    taps = {tap: {"cost": cost, "ratio": cost / costs[BARE]} for tap, cost in costs.items()}
    print(f"{name}: {many:,} rows, {few:,} subtracted")
    for tap, one in taps.items():
        cost, ratio = one["cost"], one["ratio"]
        print(
            f"  {tap:18} {cost:12,.0f} instructions a row {ratio:6.2f}x the bare loop", flush=True
        )
    return {"rows": many, "subtracted": few, "taps": taps}


def entered(case: Case, rows: int, stack: ExitStack, *, peers: bool) -> Mapping[str, Contestant]:
    """Start an account for a case and return who reads it, by name."""
    found = stack.enter_context(account(rows, case.kind))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    return contestants(case, found, folder, peers=peers)


def check_rows(contestant: Contestant, rows: int) -> None:
    """Raise FailedError unless a contestant writes all rows."""
    written = records_of(contestant.command, contestant.env)
    if written != rows:
        raise FailedError(f"{contestant.command[-1]} wrote {written:,} of {rows:,} rows")


if __name__ == "__main__":
    try:
        main()
    except FailedError as error:
        sys.exit(str(error))
