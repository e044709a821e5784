"""Shows whether two checkouts of this tap behave byte for byte alike.

    python benchmarks/compare.py BASE [HEAD] [--only NAME ...] [--log-lines 5]

BASE and HEAD are directories; HEAD is this checkout unless given. For every scenario of
`compare_scenarios` the tap of each checkout runs as a process against an emulator of its own. Both
emulators run this checkout's code, with equal rows and a clock that stands still. Compared are the
catalog, the API calls in order, stdout line by line and the exit code. Log lines are compared, too,
but listed apart: their wording may change. Exit code 1 if anything else differs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from difflib import SequenceMatcher
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
# Both sides run against the emulator of this checkout, whichever one is installed.
sys.path[:0] = [str(ROOT), str(ROOT / "emulator")]

from benchmarks.compare_scenarios import SCENARIOS, new_emulator  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.compare_scenarios import Scenario
    from pardot_emulator.harness import Emulator

COMMAND = [sys.executable, "-P", str(ROOT / "benchmarks" / "deterministic.py"), "tap_pardot"]
TIMEOUT = 120
WIDTH = 300
"""Characters of a line that are shown of each side, around the first that differs."""

_HEADERS = ("Accept", "Content-Type", "Pardot-Business-Unit-Id", "User-Agent")
_EXTRACTED = re.compile(r'"time_extracted":"[^"]*"')
_LOG_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+")
_TIMER = re.compile(r'("type":"timer".*?"value":)[\d.e-]+')
_PORT = re.compile(r"port=\d+")
_PROCESS = re.compile(r'"pid":\d+')


class Outcome(NamedTuple):
    """What one run did, normalized."""

    exit_code: list[str]
    requests: list[str]
    stdout: list[str]
    state: list[str]
    log: list[str]


class Difference(NamedTuple):
    """The first difference of one part of one run."""

    run: int
    part: str
    index: int
    base: str | None
    head: str | None

    def __str__(self) -> str:
        base, head = shortened(self.base, self.head)
        return (
            f"  run {self.run}, {self.part}, line {self.index}:\n    base: {base}\n    head: {head}"
        )


class Result(NamedTuple):
    """What differs in one scenario: behavior, and pairs of log lines; and what BASE did."""

    behavior: list[Difference]
    log: list[tuple[str, str]]
    base: list[Outcome]

    def __str__(self) -> str:
        verdict = "DIFFERS" if self.behavior else "equal"
        codes = "/".join(outcome.exit_code[0] for outcome in self.base)
        calls, lines = (
            sum(len(part) for part in parts)
            for parts in zip(*((each.requests, each.stdout) for each in self.base), strict=True)
        )
        wording = f", {len(self.log)} log lines differ" if self.log else ""
        return f"{verdict:8} {calls:5,} calls, {lines:6,} lines, exit codes {codes}{wording}"


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("base", type=Path)
    parser.add_argument("head", type=Path, nargs="?", default=ROOT)
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, metavar="NAME", default=SCENARIOS)
    parser.add_argument("--log-lines", type=int, default=20, help="shown where the wording differs")
    options = parser.parse_args()
    wording: dict[tuple[str, str], str] = {}
    differ = 0
    for name in options.only:
        started = time.monotonic()
        result = compare(SCENARIOS[name], options.base.resolve(), options.head.resolve())
        print(f"{name:24} {result} ({time.monotonic() - started:.1f} s)", flush=True)
        for difference in result.behavior:
            print(difference, flush=True)
        differ += bool(result.behavior)
        for pair in result.log:
            wording.setdefault(pair, name)
    print_wording(wording, options.log_lines)
    print(f"{differ} of {len(options.only)} scenarios differ.")
    sys.exit(1 if differ else 0)


def print_wording(wording: dict[tuple[str, str], str], most: int) -> None:
    """List the log lines that differ, each with the first scenario it was seen in."""
    if wording:
        print(f"\n{len(wording)} differences of log lines (no difference of behavior):")
    for (base, head), name in list(wording.items())[:most]:
        print(f"  {name}\n    base: {base[:WIDTH]}\n    head: {head[:WIDTH]}")


def compare(scenario: Scenario, base: Path, head: Path) -> Result:
    """Play a scenario with both checkouts, at the same time."""
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda checkout: play(scenario, checkout), (base, head)))
    result = Result([], [], outcomes[0])
    for number, (one, other) in enumerate(zip(*outcomes, strict=True), start=1):
        for part in Outcome._fields[:-1]:
            lines = getattr(one, part), getattr(other, part)
            result.behavior.extend(first_difference(number, part, *lines))
        result.log.extend(different_lines(one.log, other.log))
    return result


def play(scenario: Scenario, checkout: Path) -> list[Outcome]:
    """Return what each run of a scenario did."""
    outcomes: list[Outcome] = []
    with scenario.emulator() as emulator, tempfile.TemporaryDirectory() as folder:
        calls = recorded(emulator)
        scenario.prepare(emulator)
        for run in scenario.runs:
            for change in run.before:
                change(emulator)
            calls.clear()
            files = {}
            if run.with_settings:
                files["config"] = {**emulator.config, **scenario.settings, **run.settings}
            if run.with_catalog:
                listed = json.loads(discovered(checkout, scenario.custom_fields))
                files["catalog"] = scenario.selected(listed)
            state = run.state([outcome.stdout for outcome in outcomes])
            if state is not None:
                files["state"] = state
            done = execute(checkout, Path(folder), files, run.arguments)
            outcomes.append(outcome_of(done, [*calls], emulator.url))
    return outcomes


@cache
def discovered(checkout: Path, custom_fields: int) -> str:
    """Return the catalog of the scenarios' account."""
    with new_emulator(custom_fields) as emulator, tempfile.TemporaryDirectory() as folder:
        done = execute(checkout, Path(folder), {"config": emulator.config}, ["--discover"])
    if done.returncode:
        sys.exit(f"{checkout}: --discover failed:\n{done.stderr}")
    return done.stdout


def execute(
    checkout: Path, folder: Path, files: dict[str, Any], arguments: Iterable[str]
) -> subprocess.CompletedProcess[str]:
    """Run the tap of a checkout to its end."""
    command = [*COMMAND, *arguments]
    for name, content in files.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content))
        command += [f"--{name}", path.name]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("TAP_PARDOT_")
    }
    environment |= {"PYTHONPATH": str(checkout), "PYTHONHASHSEED": "0"}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        timeout=TIMEOUT,
    )


def recorded(emulator: Emulator) -> list[str]:
    """Return a list that takes all of the emulator's calls and logins from now on."""
    calls: list[str] = []
    answer, log_in = emulator._server._play, emulator.state.issuer.exchange  # noqa: SLF001

    async def play(http: Any, request: Any, call: dict[str, Any]) -> Any:
        line = {
            "call": f"{request.method} {request.path}",
            "query": request.query,
            "form": request.form,
            "body": request.body.decode(errors="replace"),
            "headers": {name: request.headers.get(name) for name in _HEADERS},
        }
        calls.append(json.dumps(line))
        return await answer(http, request, call)

    def exchange(form: dict[str, str], *arguments: Any) -> Any:
        calls.append(json.dumps({"call": "login", "form": form}))
        return log_in(form, *arguments)

    emulator._server.__dict__["_play"] = play  # noqa: SLF001
    emulator.state.issuer.__dict__["exchange"] = exchange
    return calls


def outcome_of(done: subprocess.CompletedProcess[str], calls: list[str], url: str) -> Outcome:
    """Return what a run did, without what is never the same: times, the emulator's port."""

    def lines(text: str) -> Iterator[str]:
        host = url.removeprefix("http://")
        return (line.replace(host, "HOST") for line in text.splitlines())

    stdout = [_EXTRACTED.sub('"time_extracted":""', line) for line in lines(done.stdout)]
    return Outcome(
        [str(done.returncode)],
        calls,
        stdout,
        [line for line in stdout if line.startswith('{"type":"STATE"')],
        [timeless(line) for line in lines(done.stderr)],
    )


def timeless(line: str) -> str:
    """Return a log line without times and the number of its process."""
    line = _TIMER.sub(r"\1TIME", _LOG_TIME.sub("", line))
    return _PROCESS.sub('"pid":0', _PORT.sub("port=PORT", line))


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
        return tuple("(no line)" if line is None else line[:WIDTH] for line in (base, head))
    equal = (one == other for one, other in zip(base, head, strict=False))
    place = next((index for index, same in enumerate(equal) if not same), min(len(base), len(head)))
    first = max(0, place - WIDTH // 3)
    return tuple(("…" if first else "") + line[first : first + WIDTH] for line in (base, head))


if __name__ == "__main__":
    main()
