"""The cost of a row: this tap beside a bare loop and beside singer-io's tap.

    python benchmarks/record_path.py [--rounds 3] [--rows 1.0] [--case NAME] [--peers]
    python benchmarks/record_path.py --instructions

All read the same rows from an emulator in a process of its own and write to /dev/null. Each is run
with few and with many rows; the difference is the cost of the further rows, without start and
login. The bare loop of an export has the files on disk already. With ``--instructions`` only the
bare loop and this tap are compared, by instructions instead of seconds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from measure import HERE, ROOT, FailedError, account, instructions_of, tap_command, usage_of

sys.path.insert(0, str(ROOT))  # as a script it sees only its own folder

from tests.third_party.clients import SingerIo, redirected, singer_catalog, singer_config
from tests.third_party.environments import SINGER_IO, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Command = tuple[list[str], Mapping[str, str]]
    """A command and its environment."""

BARE, OURS, THEIRS = "bare loop", "tap-pardot-sdk", "singer-io 1.4.9"
MAX_OVER_BARE = 1.25

# All rows of an account lie within it, so that they are one window.
SPAN = {"start_date": "2024-03-01T00:00:00Z", "end_date": "2024-12-31T00:00:00Z"}


class Case(NamedTuple):
    """What is read.

    Attributes:
        kind: The kind of the account's rows.
        stream: The stream that reads them.
        source: The setting ``bulk_source``.
        object: The API's name of the object.
        few: The smaller number of rows.
        many: The larger one.
    """

    kind: str
    stream: str
    source: str
    object: str
    few: int
    many: int


CASES = {
    "activities-export": Case(
        "activities", "visitor_activities", "export", "visitorActivity", 20_000, 100_000
    ),
    "prospects-export": Case("prospects", "prospects", "export", "prospect", 5_000, 25_000),
    "clicks-query": Case("clicks", "email_clicks", "query", "emailClick", 20_000, 100_000),
    "prospects-query": Case("prospects", "prospects", "query", "prospect", 5_000, 25_000),
}


def main() -> None:
    """Measure and print; exit code 1 if a row costs too much."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3, help="of runs in turn; default 3")
    parser.add_argument("--rows", type=float, default=1.0, help="factor for the rows; default 1")
    parser.add_argument("--case", choices=CASES, action="append", help="only these")
    parser.add_argument("--instructions", action="store_true", help="count them, with valgrind")
    parser.add_argument("--peers", action="store_true", help="singer-io's tap too, by query")
    options = parser.parse_args()
    good = True
    for name in options.case or CASES:
        good &= compare(name, CASES[name], options)
    sys.exit(not good)


def compare(name: str, case: Case, options: argparse.Namespace) -> bool:
    """Measure one case and print it; return whether the tap is fast enough."""
    few, many = int(case.few * options.rows), int(case.many * options.rows)
    cost: Callable[..., float] = (
        instructions_of if options.instructions else lambda *command: usage_of(*command).cpu
    )
    unit, scale = ("instructions", 1) if options.instructions else ("µs", 1e6)
    rounds = 1 if options.instructions else options.rounds
    costs: dict[str, list[float]] = {}
    with ExitStack() as stack:
        small = commands(case, few, stack, peers=options.peers)
        large = commands(case, many, stack, peers=options.peers)
        for _ in range(rounds):
            for tap in small:
                cheap, dear = (cost(*each[tap]) for each in (small, large))
                costs.setdefault(tap, []).append((dear - cheap) / (many - few) * scale)
    bare = min(costs[BARE])
    print(f"{name}: {many:,} rows, {few:,} subtracted")
    for tap, found in costs.items():
        ratios = [each / bare for each in found]
        print(
            f"  {tap:18} {min(found):12,.1f} {unit} a row  {min(ratios):5.2f}x the bare loop"
            f" ({min(ratios):.2f} to {max(ratios):.2f})",
            flush=True,
        )
    return min(costs[OURS]) / bare <= MAX_OVER_BARE


def commands(case: Case, rows: int, stack: ExitStack, *, peers: bool) -> dict[str, Command]:
    """Start an account and return the commands that read it, by name."""
    found = stack.enter_context(account(rows, case.kind))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    settings = {**SPAN, "bulk_source": case.source, "export_poll_interval": 1}
    ours = tap_command(found, folder, case.stream, **settings, max_concurrent_requests=1)
    kinds = kinds_of(json.loads((folder / f"{case.stream}.json").read_text()), case.stream)
    config = str(folder / "config.json")
    script = ROOT / "benchmarks" / ("bare_csv.py" if case.source == "export" else "bare.py")
    bare = [sys.executable, str(script)]
    if case.source == "export":
        files = download(found, folder, ours)
        header = Path(files[0]).read_text("utf-8").splitlines()[0].split(",")
        types = {column: kinds.get(column.lower(), "string") for column in header}
        bare += [case.stream, json.dumps(types), *files]
    else:
        bare += [config, case.stream, case.object, json.dumps(kinds)]
    by_name: dict[str, Command] = {
        BARE: (bare, HERE),
        OURS: (ours, HERE),
    }
    if peers:
        by_name |= other_taps(case, found, folder, kinds)
    return by_name


def other_taps(
    case: Case, found: Mapping[str, Any], folder: Path, kinds: Mapping[str, str]
) -> dict[str, Command]:
    """Return the command of singer-io's tap, which reads by query: it has no exports."""
    theirs = SingerIo(environment(SINGER_IO), folder).command(
        singer_config(dict(found["config"]), "2024-01-01T00:00:00Z"),
        singer_catalog({case.stream: dict(kinds)}),
    )
    return {THEIRS: (theirs, redirected(found["url"], folder / "redirect"))}


def kinds_of(catalog: dict[str, Any], stream: str) -> dict[str, str]:
    """Return the type of each selected column, a format for strings that have one."""
    entry = next(each for each in catalog["streams"] if each["tap_stream_id"] == stream)
    left_out = {
        each["breadcrumb"][-1]
        for each in entry["metadata"]
        if each["breadcrumb"] and each["metadata"].get("selected-by-default") is False
    }
    kinds = {}
    for name, column in entry["schema"]["properties"].items():
        if name not in left_out:
            kind = next(each for each in column["type"] if each != "null")
            kinds[name] = "date-time" if column.get("format") == "date-time" else kind
    return kinds


def download(found: Mapping[str, Any], folder: Path, command: list[str]) -> list[str]:
    """Save the files of the export that a run of the tap makes."""
    usage_of(command)
    url, config = found["url"], found["config"]
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
    return names


if __name__ == "__main__":
    try:
        main()
    except FailedError as error:
        sys.exit(str(error))
