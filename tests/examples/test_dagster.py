"""``examples/dagster``: the months of two business units in Dagster, against two emulators."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pardot_emulator import Emulator
from tests.examples.programs import run_program
from tests.third_party.environments import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.examples

EXAMPLE = ROOT / "examples" / "dagster"
TARGET_JSONL = "target-jsonl==0.1.4"
MONTHS = {
    "2024-01-01": ["2024-01-01T00:00:00Z", "2024-01-31T23:59:59Z"],
    "2024-02-01": ["2024-02-01T00:00:00Z", "2024-02-29T23:59:59Z"],
}
MOMENTS = [moment for month in MONTHS.values() for moment in month]
BY_MONTH = {
    "custom_redirects": "customRedirect",
    "dynamic_contents": "dynamicContent",
    "external_activities": "externalActivity",
    "forms": "form",
    "list_memberships": "listMembership",
    "lists": "list",
    "prospect_accounts": "prospectAccount",
    "prospects": "prospect",
    "tags": "tag",
    "visitor_activities": "visitorActivity",
    "visitors": "visitor",
}
WHOLE = {
    *("account", "campaigns", "custom_fields", "email_clicks", "email_stats", "email_templates"),
    *("emails", "exports", "imports", "lifecycle_histories", "lifecycle_stages", "opportunities"),
    *("opportunity_prospects", "tag_objects", "users", "visitor_page_views", "visits"),
}
ROWS = 40


class Project:
    """A copy of the example.

    Args:
        folder: Where it is.
    """

    def __init__(self, folder: Path) -> None:
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        # All but dagster-webserver: no test opens a browser.
        requirement = (EXAMPLE / "requirements.txt").read_text().split()[0]
        dagster, target = environment(requirement), environment(TARGET_JSONL)
        # Dagster's own Python first, the one with the tap last.
        path = [str(dagster), str(target), str(Path(sys.executable).parent), os.environ["PATH"]]
        self.folder = folder
        self.variables = {
            **{name: v for name, v in os.environ.items() if not name.startswith("TAP_PARDOT")},
            "PATH": os.pathsep.join(path),
            "DAGSTER_HOME": str(folder),
        }

    def add_unit(self, name: str, emulator: Emulator, **settings: Any) -> None:
        """Write the files of a unit; its catalog is the one that the tap prints."""
        unit = self.folder / "units" / name
        unit.mkdir(parents=True)
        config = {**emulator.config, "start_date": "2024-01-01", **settings}
        (unit / "config.json").write_text(json.dumps(config))
        (unit / "target.json").write_text(
            '{"destination_path": "data", "do_timestamp_file": false}'
        )
        found = self.run("tap-pardot", "--config", f"units/{name}/config.json", "--discover")
        assert found.returncode == 0, found.stderr
        (unit / "catalog.json").write_text(found.stdout)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the example's folder, to its end."""
        return run_program(command, cwd=self.folder, env=self.variables)

    def materialize(self, streams: str, partition: str, **options: Any) -> tuple[int, str]:
        """Materialize a partition in one process; return its exit code and what it printed."""
        select = ",".join(f"pardot/{stream}" for stream in streams.split())
        config = {"ops": {"pardot_by_month": {"config": options}}}
        done = self.run(
            *("dagster", "asset", "materialize", "-f", "definitions.py", "--select", select),
            *("--partition", partition, "--config-json", json.dumps(config)),
        )
        return done.returncode, done.stdout + done.stderr

    def rows(self, unit: str, part: str) -> dict[str, list[dict[str, Any]]]:
        """Return the rows that the target wrote for a part of a unit, by stream."""
        files = (self.folder / "units" / unit / part / "data").glob("*.jsonl")
        return {
            path.stem: [json.loads(line) for line in path.read_text().splitlines()]
            for path in files
        }


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The example, without units."""
    return Project(tmp_path / "dagster")


@pytest.fixture
def daemon(project: Project) -> Iterator[None]:
    """Dagster's daemon, which takes runs from the queue."""
    with subprocess.Popen(
        ["dagster-daemon", "run"],
        cwd=project.folder,
        env=project.variables,
        executable=shutil.which("dagster-daemon", path=project.variables["PATH"]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        yield
        process.terminate()


def fill(emulator: Emulator, seed: int) -> None:
    """Add rows of all objects that are read by month, at the edges of the months."""
    for name in BY_MONTH.values():
        times = ("createdAt",) if name == "externalActivity" else ("created_at", "updated_at")
        moments = enumerate(MOMENTS * (ROWS // len(MOMENTS)))
        rows = [{"id": seed + n, **dict.fromkeys(times, at)} for n, at in moments]
        emulator.add(name, rows)
    emulator.add("campaign", [{"id": seed}, {"id": seed + 1}])
    emulator.add("emailClick", [{"id": seed, "created_at": "2024-01-09"}])


@pytest.mark.usefixtures("daemon")
def test_the_months_of_all_units_add_up_to_the_accounts(project, emulator):
    with Emulator(timezone="Europe/Berlin", export_seconds=0.01) as other:
        emulator.set(export_seconds=0.01)
        accounts = {"emea": emulator, "apac": other}
        for seed, (unit, account) in enumerate(accounts.items(), 1):
            fill(account, seed * 1000)
            project.add_unit(unit, account)
        parts = [f"{month}|{unit}" for unit in accounts for month in MONTHS]

        months = project.run(
            *("dagster", "job", "backfill", "-j", "by_month", "--noprompt"),
            *("--partitions", ",".join(parts)),
        )
        whole = project.run(
            *("dagster", "job", "backfill", "-j", "whole", "--noprompt", "--partitions", "emea")
        )
        assert (months.returncode, whole.returncode) == (0, 0), months.stderr + whole.stderr
        script = str(Path(__file__).with_name("dagster_runs.py"))
        listed = project.run("python", script, str(len(parts) + 1))
        assert listed.returncode == 0, listed.stderr
        seen = json.loads(listed.stdout)

        assert {run["status"] for run in seen["runs"]} == {"SUCCESS"}
        for unit, account in accounts.items():
            assert_rows_add_up(project, unit, account)
        rest = project.rows("emea", "whole")
        assert not rest.keys() & BY_MONTH.keys()
        for stream, name in (("campaigns", "campaign"), ("email_clicks", "emailClick")):
            assert [row["id"] for row in rest[stream]] == [row["id"] for row in emulator.rows(name)]
        assert_one_month_at_a_time(seen["runs"])
        assert_metadata(seen["materializations"], project)


def assert_rows_add_up(project: Project, unit: str, account: Emulator) -> None:
    arrived = defaultdict(list)
    for month, (first, last) in MONTHS.items():
        for stream, rows in project.rows(unit, month).items():
            times = [row.get("updated_at") or row["created_at"] for row in rows]
            assert first[:10] <= min(times) <= max(times) <= last.replace("Z", "+00:00"), stream
            arrived[stream] += [row["id"] for row in rows]
    held = {name: [row["id"] for row in account.rows(of)] for name, of in BY_MONTH.items()}
    assert {name: sorted(ids) for name, ids in arrived.items()} == held


def assert_one_month_at_a_time(runs: list[dict[str, Any]]) -> None:
    """dagster.yaml allows one month of a unit at the same time."""
    by_unit = defaultdict(list)
    for run in runs:
        by_unit[run["tags"].get("dagster/partition/unit")].append((run["start"], run["end"]))
    del by_unit[None]  # the parts without a month
    assert {unit: len(times) for unit, times in by_unit.items()} == {"emea": 2, "apac": 2}
    for times in by_unit.values():
        assert all(end <= start for (_, end), (start, _) in pairwise(sorted(times)))


def assert_metadata(materializations: list[dict[str, Any]], project: Project) -> None:
    found = {(each["stream"], each["partition"]): each["metadata"] for each in materializations}
    assert {stream for stream, partition in found if "|" in partition} == BY_MONTH.keys()
    assert {stream for stream, partition in found if "|" not in partition} == WHOLE
    for (stream, partition), metadata in found.items():
        unit, part = partition.split("|")[::-1] if "|" in partition else (partition, "whole")
        assert metadata["rows"] == len(project.rows(unit, part).get(stream, []))
    calls = {stream: found[stream, "2024-01-01|emea"]["calls"] for stream in ("lists", "prospects")}
    assert calls["lists"] == 1 <= calls["prospects"]


def test_exit_code_2_is_retried_from_where_the_run_stopped(project, emulator):
    rows = [{"id": n, "updated_at": "2024-01-09"} for n in range(1, 251)]
    emulator.add("list", rows)
    project.add_unit("emea", emulator)
    emulator.fault(object="list", op="query", nth=2, code=122)

    code, printed = project.materialize("lists", "2024-01-01|emea", retry_after=1)

    assert code == 0, printed
    assert printed.count("STEP_UP_FOR_RETRY") == 1
    assert [row["id"] for row in project.rows("emea", "2024-01-01")["lists"]] == list(range(1, 251))


def test_a_month_that_reaches_its_call_limit_fails_and_goes_on_later(project, emulator):
    rows = [{"id": n, "updated_at": "2024-01-09"} for n in range(1, 251)]
    emulator.add("list", rows)
    project.add_unit("emea", emulator)
    month = "2024-01-01|emea"

    code, printed = project.materialize("lists tags", month, settings={"daily_call_limit": 4})

    assert code == 1
    assert "daily_call_limit" in printed
    assert "STEP_UP_FOR_RETRY" not in printed
    assert project.materialize("lists tags", month)[0] == 0
    assert [row["id"] for row in project.rows("emea", "2024-01-01")["lists"]] == list(range(1, 251))


def test_a_month_says_nothing_of_the_streams_that_are_not_of_it(project, emulator):
    emulator.add("list", [{"id": 1, "updated_at": "2024-01-09"}])
    project.add_unit("emea", emulator, include=["prospect_ids"])

    code, printed = project.materialize("lists", "2024-01-01|emea")

    assert code == 0, printed
    assert "discover it again" not in printed


def test_a_state_that_was_cut_when_the_target_was_killed_is_not_taken(project, emulator):
    emulator.add("list", [{"id": 1, "updated_at": "2024-01-09"}])
    project.add_unit("emea", emulator)
    month = "2024-01-01|emea"
    assert project.materialize("lists", month)[0] == 0
    states = project.folder / "units" / "emea" / "2024-01-01" / "states.jsonl"
    states.write_text(f'{states.read_text()}{{"bookmarks": {{"lis')

    code, printed = project.materialize("lists", month)

    assert code == 0, printed
    assert json.loads(states.with_name("state.json").read_text())["bookmarks"]["lists"]
