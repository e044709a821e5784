"""What targets take for the rows of this tap: alone, from a file, and behind the tap.

    python benchmarks/targets.py [--rows 1.0] [--case NAME] [--target NAME] [--save]

Each target is installed into an environment of its own and reads few and many rows; the difference
is the cost of the further rows, without start and tables. CPU is that of the target's own process,
not that of PostgreSQL's server. A target that cannot be installed is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import results
from measure import ROOT, SPAN, FailedError, Running, Usage, account, tap_command
from page import write_page

sys.path.insert(0, str(ROOT))  # as a script it sees only its own folder

from tests.helpers.postgres import running_postgres
from tests.third_party.environments import NotInstalledError, environment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.helpers.postgres import Postgres

TARGETS = {
    "target-postgres": "meltanolabs-target-postgres==0.8.1",
    "target-jsonl": "target-jsonl==0.1.4",
    "target-duckdb": "target-duckdb==0.8.0",
}

ALONE = {"PATH": os.environ["PATH"]}
"""The environment of a target: nothing of this checkout."""


class Case(NamedTuple):
    """What is loaded.

    Attributes:
        kind: The kind of the account's rows.
        stream: The stream that reads them.
        few: The smaller number of rows.
        many: The larger one.
    """

    kind: str
    stream: str
    few: int
    many: int


CASES = {
    "activities": Case("activities", "visitor_activities", 10_000, 50_000),
    "prospects": Case("prospects", "prospects", 2_000, 10_000),
}


class Source(NamedTuple):
    """The rows of an account.

    Attributes:
        rows: How many.
        tap: The command that reads them.
        messages: A file with its output.
    """

    rows: int
    tap: list[str]
    messages: Path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=float, default=1.0, help="factor for the rows; default 1")
    parser.add_argument("--case", choices=CASES, action="append", help="only these")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only these")
    parser.add_argument("--save", action="store_true", help="keep the figures for the page")
    options = parser.parse_args()
    commands = installed(options.target or TARGETS)
    figures = {name: measured(name, commands, options.rows) for name in options.case or CASES}
    if options.save:
        results.save("targets", figures)
        write_page()


def installed(names: Iterable[str]) -> dict[str, str]:
    """Return the programs of the targets that could be installed."""
    found = {}
    for name in names:
        try:
            found[name] = str(environment(TARGETS[name]) / name)
        except NotInstalledError as reason:
            print(reason)
    return found


def measured(name: str, programs: dict[str, str], factor: float) -> dict[str, Any]:
    """Measure one case with each target, print it, and return its figures."""
    case = CASES[name]
    with ExitStack() as stack:
        few, many = (read(case, int(rows * factor), stack) for rows in (case.few, case.many))
        server = stack.enter_context(running_postgres())
        further = many.rows - few.rows
        print(f"{name}: {many.rows:,} rows, {few.rows:,} subtracted")
        print(f"  {'':16} {'µs CPU/row':>10} {'rows/s':>8} {'MB':>5} {'rows/s behind the tap':>22}")
        figures = {}
        for target, program in programs.items():
            cheap, dear, quick, slow = (
                load([program, "--config", config_of(target, server, stack)], source, piped=piped)
                for piped in (False, True)
                for source in (few, many)
            )
            figures[target] = {
                "cost": (dear.cpu - cheap.cpu) / further * 1e6,
                "rows_per_second": further / (dear.seconds - cheap.seconds),
                "memory": dear.memory,
                "pipe_rows_per_second": further / (slow.seconds - quick.seconds),
            }
            one = figures[target]
            print(
                f"  {target:16} {one['cost']:10.1f} {one['rows_per_second']:8,.0f}"
                f" {one['memory']:5.0f} {one['pipe_rows_per_second']:22,.0f}",
                flush=True,
            )
    return {"rows": many.rows, "subtracted": few.rows, "targets": figures}


def read(case: Case, rows: int, stack: ExitStack) -> Source:
    """Start an account and write what the tap says of it into a file."""
    found = stack.enter_context(account(rows, case.kind))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    settings = {**SPAN, "bulk_source": "export", "export_poll_interval": 1}
    tap = tap_command(found, folder, case.stream, **settings)
    messages = folder / "messages.jsonl"
    with messages.open("wb") as file:
        Running(tap, stdout=file).usage()
    return Source(rows, tap, messages)


def load(command: list[str], source: Source, *, piped: bool) -> Usage:
    """Run a target on the rows, from the file or behind the tap, and return what it used."""
    if not piped:
        with source.messages.open("rb") as file:
            return Running(command, ALONE, stdin=file).usage()
    tap = Running(source.tap, stdout=subprocess.PIPE)
    assert tap.process.stdout is not None
    target = Running(command, ALONE, stdin=tap.process.stdout)
    tap.process.stdout.close()  # only the target reads it
    used = target.usage()
    tap.usage()
    return used


def config_of(target: str, server: Postgres, stack: ExitStack) -> str:
    """Write the settings of a target, with an empty place to load to; return their path."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    settings: dict[str, Any]
    if target == "target-postgres":
        database = server.create_database(folder.name)
        settings = {"sqlalchemy_url": database.url, "default_target_schema": "public"}
    elif target == "target-duckdb":
        settings = {"path": str(folder / "rows.duckdb"), "default_target_schema": "main"}
    else:
        settings = {"destination_path": str(folder), "do_timestamp_file": False}
    config = folder / "config.json"
    config.write_text(json.dumps(settings))
    return str(config)


if __name__ == "__main__":
    try:
        main()
    except FailedError as error:
        sys.exit(str(error))
