"""Shows whether two checkouts of this tap behave byte for byte alike.

    python benchmarks/compare.py BASE [HEAD] [--only NAME ...] [--any-order] [--log-lines 20]

BASE and HEAD are directories; HEAD is this checkout unless given. For every scenario of
`compare_scenarios` the tap of each checkout runs against an emulator of its own. Both emulators
run this checkout's code, with equal rows and a clock that stands still. Compared are the catalog,
the API calls in order, stdout line by line and the exit code. Log lines are compared, too, but
listed apart: their wording may change. Exit code 1 if anything else differs. With ``--any-order``
the order of a call's parameters and of keys in JSON does not count.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
# Both sides run against the emulator of this checkout, whichever one is installed.
sys.path[:0] = [str(ROOT), str(ROOT / "emulator")]

from benchmarks.compare_runs import Outcome, Tap, play  # noqa: E402
from benchmarks.compare_scenarios import SCENARIOS, Scenario  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 240
"""Characters that are shown of a line."""


class Difference(NamedTuple):
    """The first difference in one part of one run; None stands for a line that is not there."""

    run: int
    part: str
    index: int
    base: str | None
    head: str | None

    def __str__(self) -> str:
        base, head = shortened(self.base, self.head)
        place = f"run {self.run}, {self.part}, line {self.index}"
        return f"  {place}:\n    base: {base}\n    head: {head}"


class Result(NamedTuple):
    """What differs in one scenario: behavior, and pairs of log lines; and what BASE did.

    Of the behavior, the first run that differs is enough: what follows may follow from it.
    """

    behavior: list[Difference]
    log: list[tuple[str, str]]
    base: list[Outcome]

    def __str__(self) -> str:
        verdict = "DIFFERS" if self.behavior else "equal"
        codes = "/".join(outcome.exit_code[0] for outcome in self.base)
        calls = sum(len(outcome.requests) for outcome in self.base)
        lines = sum(len(outcome.stdout) for outcome in self.base)
        wording = f", {len(self.log)} log lines differ" if self.log else ""
        return f"{verdict:8}{calls:6,} calls, {lines:6,} lines, exit codes {codes}{wording}"


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("base", type=Path)
    parser.add_argument("head", type=Path, nargs="?", default=ROOT)
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, metavar="NAME", default=SCENARIOS)
    parser.add_argument("--any-order", action="store_true", help="of parameters and JSON keys")
    parser.add_argument("--log-lines", type=int, default=20, help="most that are listed")
    options = parser.parse_args()
    wording: dict[tuple[str, str], str] = {}
    differ = 0
    begun = time.monotonic()
    with Tap(options.base.resolve()) as base, Tap(options.head.resolve()) as head:
        for name in options.only:
            started = time.monotonic()
            result = compare(SCENARIOS[name], base, head, any_order=options.any_order)
            print(f"{name:32}{result} ({time.monotonic() - started:.1f} s)")
            for difference in result.behavior:
                print(difference)
            sys.stdout.flush()
            differ += bool(result.behavior)
            for pair in result.log:
                wording.setdefault(pair, name)
    print_wording(wording, options.log_lines)
    seconds = time.monotonic() - begun
    print(f"{differ} of {len(options.only)} scenarios differ ({seconds:.0f} s).")
    sys.exit(1 if differ else 0)


def print_wording(wording: dict[tuple[str, str], str], most: int) -> None:
    """List the log lines that differ, each with the first scenario it was seen in."""
    if wording:
        print(f"\n{len(wording)} differences of log lines, which are no difference of behavior:")
    for (base, head), name in list(wording.items())[:most]:
        print(f"  {name}\n    base: {base[:WIDTH]}\n    head: {head[:WIDTH]}")


def compare(scenario: Scenario, base: Tap, head: Tap, *, any_order: bool = False) -> Result:
    """Play a scenario with both taps at the same time."""
    with ThreadPoolExecutor(2) as pool:
        plays = pool.map(play, (scenario, scenario), (base, head))
        return differences(*plays, any_order=any_order)


def differences(one: list[Outcome], other: list[Outcome], *, any_order: bool = False) -> Result:
    """Return what differs between two plays of a scenario."""
    behavior: list[Difference] = []
    log: list[tuple[str, str]] = []
    for number, (mine, yours) in enumerate(zip(one, other, strict=True), start=1):
        if not behavior:
            for part in Outcome._fields[:-1]:
                lines = [getattr(mine, part), getattr(yours, part)]
                if any_order:
                    lines = [[sorted_keys(line) for line in each] for each in lines]
                behavior.extend(first_difference(number, part, *lines))
        log.extend(different_lines(mine.log, yours.log))
    return Result(behavior, log, one)


def sorted_keys(line: str) -> str:
    """Return a line with its keys in alphabetical order if it is JSON."""
    try:
        return json.dumps(json.loads(line), sort_keys=True)
    except ValueError:
        return line


def first_difference(
    run: int, part: str, base: Sequence[str], head: Sequence[str]
) -> Iterator[Difference]:
    """Yield the first place where two lists differ, if they do."""
    for index, (one, other) in enumerate(zip_longest(base, head)):
        if one != other:
            yield Difference(run, part, index, one, other)
            return


def different_lines(base: list[str], head: list[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of log lines that stand for each other and differ; "" stands for none."""
    for kind, a, b, c, d in SequenceMatcher(None, base, head, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from zip_longest(base[a:b], head[c:d], fillvalue="")


def shortened(base: str | None, head: str | None) -> tuple[str, str]:
    """Return both lines, cut to what is around the first character that differs."""
    if base is None or head is None:
        return (base or "(no line)")[:WIDTH], (head or "(no line)")[:WIDTH]
    equal = [one == other for one, other in zip(base, head, strict=False)]
    place = equal.index(False) if False in equal else len(equal)
    first = max(0, place - WIDTH // 3)
    cut = slice(first, first + WIDTH)
    return ("…" if first else "") + base[cut], ("…" if first else "") + head[cut]


if __name__ == "__main__":
    main()
