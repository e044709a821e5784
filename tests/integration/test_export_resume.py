"""A run that is killed anywhere goes on from its jobs and files, and loses nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.helpers.catalog import select
from tests.helpers.exports import OBJECTS, QUICK, fill, jobs_of, ops, row
from tests.helpers.warehouse import Warehouse

NOW = "2024-06-01T12:00:00+00:00"
STREAMS = ("visitor_activities", "visitors", "external_activities")
MOMENTS = [f"202{year}-{month:02}-15T10:00:00Z" for year in (2, 3) for month in range(1, 13)]
ROWS = 120
JOBS = 3 * (1 + 2 + 1)  # windows of a year since 2022, and both sides of the visitors
MOST_SECONDS = 10


@pytest.fixture
def account(emulator):
    emulator.set(clock=NOW, export_seconds=0.02, export_file_rows=20)
    fill(emulator, STREAMS, [MOMENTS[n % len(MOMENTS)] for n in range(ROWS)])
    return emulator


class Killed:
    """A run whose lines are collected as they come, up to where it is killed."""

    def __init__(self, tap_process, config, catalog, state):
        self.process = tap_process.start(config, catalog=catalog, state=state)
        self.out, self.err = [], []
        self.threads = [
            threading.Thread(target=lines.extend, args=(pipe,), daemon=True)
            for lines, pipe in ((self.out, self.process.stdout), (self.err, self.process.stderr))
        ]
        for thread in self.threads:
            thread.start()

    def wait_for(self, happened, seconds=60.0):
        """Wait for something, or for the end of the run; say which."""
        until = time.monotonic() + seconds
        while not happened():
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < until, "it did not happen in time"
            time.sleep(0.005)
        return True

    def end(self, signum):
        """Send a signal; return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        code = self.process.wait(15)
        for thread in self.threads:
            thread.join(15)
        return code


def downloads(account):
    return [call["path"] for call in ops(account, "download") if call["status"] == 200]


def complete(account, warehouse):
    return {
        stream: {each["id"] for each in account.rows(OBJECTS[stream])}
        - set(warehouse.tables[stream])
        for stream in STREAMS
    } == {stream: set() for stream in STREAMS}


def test_a_run_killed_at_ten_moments_is_complete_with_few_jobs_more(
    account, tap, tap_process, record_property
):
    """Each run is killed after a few more creates, looks or downloads, seeded."""
    config = {**account.config, **QUICK, "start_date": "2022-01-01"}
    catalog = select(*STREAMS)
    warehouse = Warehouse()
    chance = random.Random(4)
    account.set(latency=0.03)  # so that few calls pass between a moment and its kill
    kills = 0
    for calls in [chance.randint(1, 7) for _ in range(10)]:
        account.clear_calls()
        already = {
            (job["id"], name)
            for bookmark in (warehouse.state or {}).get("bookmarks", {}).values()
            for job in bookmark.get("jobs") or []
            for name in job["done"]
        }
        run = Killed(tap_process, config, catalog, warehouse.state)
        kills += run.wait_for(
            lambda calls=calls: len(ops(account, "create", "read", "download")) >= calls
        )
        time.sleep(chance.random() / 20)
        run.end(signal.SIGKILL)
        warehouse.load(run.out)
        again = {
            (job, name)
            for job, name in already
            if any(path.endswith(f"/id/{job}/file/{name}") for path in downloads(account))
        }
        assert again == set(), "a file that is out was downloaded again"

    account.set(latency=0)
    last = tap.run(config, catalog=catalog, state=warehouse.state)
    warehouse.load(last.stdout.splitlines(keepends=True))

    assert last.exit_code == 0, last.stderr
    assert kills == 10
    assert complete(account, warehouse)
    made = len(account.exports)
    record_property("jobs created", made)
    print(f"{made} jobs were created by {kills + 1} runs; {JOBS} are needed.")  # noqa: T201
    # A kill between a create and its STATE costs one job.
    assert JOBS <= made <= JOBS + kills
    assert all(
        bookmark["jobs"] is None
        for s, bookmark in warehouse.state["bookmarks"].items()
        if s in STREAMS
    )


def test_the_second_of_three_files_is_where_a_killed_run_goes_on(account, tap, tap_process):
    account.clear("visitorActivity")
    fill(account, ["visitor_activities"], ["2024-03-05T10:00:00Z"] * 60)
    config = {
        **account.config,
        **QUICK,
        "start_date": "2024-01-01",
        "max_concurrent_requests": 1,
    }
    catalog = select("visitor_activities")
    account.fault(op="download", nth=3, hang=60)
    warehouse = Warehouse()
    run = Killed(tap_process, config, catalog, None)
    assert run.wait_for(lambda: account.faults[0]["fired"])
    time.sleep(0.3)
    run.end(signal.SIGKILL)
    warehouse.load(run.out)
    (job,) = warehouse.bookmark("visitor_activities")["jobs"]
    assert len(job["done"]) == 2
    assert len(warehouse.tables["visitor_activities"]) == 40

    account.clear_faults()
    account.clear_calls()
    resumed = tap.run(config, catalog=catalog, state=warehouse.state)
    warehouse.load(resumed.stdout.splitlines(keepends=True))
    assert len(resumed.ids("visitor_activities")) == 20
    assert len(downloads(account)) == 1
    assert ops(account, "create") == []
    assert len(warehouse.tables["visitor_activities"]) == 60


def test_rows_since_the_kill_come_with_a_window_of_their_own(account, tap, tap_process):
    account.set(export_seconds=3600)
    config = {**account.config, **QUICK, "start_date": "2024-01-01"}
    catalog = select("visitor_activities")
    account.add("visitorActivity", [row("visitor_activities", 1, "2024-03-05T10:00:00Z")])
    run = Killed(tap_process, config, catalog, None)
    assert run.wait_for(lambda: ops(account, "read"))
    run.end(signal.SIGKILL)
    warehouse = Warehouse()
    warehouse.load(run.out)
    account.set(export_seconds=0, clock="2024-06-02T12:00:00Z")
    account.add("visitorActivity", [row("visitor_activities", 500, "2024-06-02T01:00:00Z")])

    resumed = tap.run(config, catalog=catalog, state=warehouse.state)

    assert resumed.exit_code == 0, resumed.stderr
    assert sorted(resumed.ids("visitor_activities")) == [1, 500]
    assert len(jobs_of(account, "visitor_activities")) == 2


@pytest.mark.parametrize("where", ["download", "read", "wait"])
def test_sigterm_during_a_download_a_look_or_a_wait_ends_in_good_order(
    account, tap, tap_process, where
):
    config = {
        **account.config,
        "bulk_source": "export",
        "export_poll_interval": 60,
        "start_date": "2022-01-01",
        "max_concurrent_requests": 2,
    }
    if where == "wait":
        account.set(export_seconds=3600)
    else:
        account.fault(op=where, nth=3, times=None, hang=60)
    run = Killed(tap_process, config, select(*STREAMS), None)
    if where == "wait":
        assert run.wait_for(lambda: len(ops(account, "read")) >= 1)
        time.sleep(0.2)
    else:
        assert run.wait_for(lambda: account.faults[0]["fired"])
    sent = time.monotonic()
    code = run.end(signal.SIGTERM)

    assert time.monotonic() - sent < MOST_SECONDS
    assert code == 143
    err = "".join(run.err)
    assert "Traceback" not in err
    assert err.rstrip().endswith("STATE covers what was written; run again to go on.")
    types = [json.loads(line)["type"] for line in run.out]
    assert types[-1] == "STATE"
    warehouse = Warehouse()
    warehouse.load(run.out)

    account.clear_faults()
    account.set(export_seconds=0)
    config["export_poll_interval"] = 1
    resumed = tap.run(config, catalog=select(*STREAMS), state=warehouse.state)
    warehouse.load(resumed.stdout.splitlines(keepends=True))
    assert resumed.exit_code == 0, resumed.stderr
    assert complete(account, warehouse)
    assert len(account.exports) == JOBS


def test_a_killed_download_leaves_nothing_on_the_disk(account, tap_process, tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    account.fault(op="download", nth=2, hang=60)
    config = {**account.config, **QUICK, "start_date": "2022-01-01"}
    command = tap_process.command(config, catalog=select("visitor_activities"))
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    until = time.monotonic() + 15
    while not account.faults[0]["fired"]:
        assert time.monotonic() < until
        time.sleep(0.02)
    held = []
    for each in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            held.append(each.readlink())
    assert any(str(each).startswith(str(folder)) for each in held)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert list(folder.iterdir()) == []
