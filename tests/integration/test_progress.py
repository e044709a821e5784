"""A run says what it is going to do and, while anything takes long, how far it is."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from tap_pardot.cli import CommandLine
from tests.helpers.catalog import select
from tests.helpers.exports import QUICK, fill
from tests.helpers.tap import Finished
from tests.integration.test_log_lines import JSON_LOG

NOW = "2024-06-01T12:00:00Z"
MARCH = "2024-03-05T10:00:00+00:00"
SINCE = {**QUICK, "start_date": "2023-09-01"}
WHOLE = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \| [A-Z]+ +\| \S+ +\| .*[^\n]\n")
END = re.compile(r"(\w+: [\d,]+ rows?, |None of the |Complete: |Stopped )")


@pytest.fixture
def often(monkeypatch):
    """Let runs in this process log their progress ten times a second."""
    monkeypatch.setattr(CommandLine, "progress_interval", staticmethod(lambda: 0.1))


@pytest.fixture
def start(tap_process):
    """Start a process that logs its progress at another interval."""
    started = []

    def begin(interval, config, catalog):
        code = (
            "import sys; from tap_pardot.cli import CommandLine, main; "
            f"CommandLine.progress_interval = staticmethod(lambda: {interval}); main()"
        )
        arguments = tap_process.arguments(config, catalog=catalog)
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def collect(stream):
    """Read a stream in a thread; return its lines, which become more, and the thread."""
    lines = []
    thread = threading.Thread(target=lambda: lines.extend(iter(stream.readline, "")))
    thread.start()
    return lines, thread


def plan_of(run):
    """Return the one line of a run's plan."""
    (line,) = [line for line in run.log if line.startswith("Plan: ")]
    return line


def progress_of(lines):
    return [line for line in lines if "Progress: " in line]


def assert_ends_after_progress(lines):
    """Check that each line is whole, and that no line of progress is in or after the report."""
    assert [line for line in lines if not WHOLE.fullmatch(line)] == []
    log = [line.split(" | ", 3)[-1] for line in lines]
    first = next(place for place, line in enumerate(log) if END.match(line))
    assert progress_of(log[first:]) == []


# --- the plan ---


def test_a_run_begins_with_its_plan(emulator, tap):
    emulator.set(clock=NOW, export_seconds=0.01)
    fill(emulator, ["visitor_activities"], [MARCH])
    catalog = select("lists", "visitor_activities", "emails")
    config = {**emulator.config, **QUICK, "start_date": "2021-07-01", "max_waiting_exports": 2}
    config["bulk_source"] = "export"

    first = tap.run(config, catalog=catalog)
    emulator.set(clock="2024-06-01T13:00:00Z")
    second = tap.run(config, catalog=catalog, state=first.state)
    emulator.set(clock="2024-06-01T14:00:00Z")
    third = tap.run(config, catalog=select("lists", "tags"), state=second.state)

    # Calls: account, 2 creations, the first page of lists, 2 polls, and a creation and a poll.
    assert plan_of(first) == (
        "Plan: 3 streams, first run, from 2021-07-01T00:00:00+00:00; 2 exports created or resumed "
        "and 1 to create; at least 8 calls."
    )
    assert plan_of(second) == (
        "Plan: 3 streams, since 2024-06-01T11:59:00+00:00; 1 export created or resumed; at least "
        "4 calls."
    )
    assert plan_of(third) == (
        "Plan: 2 streams, since 2024-06-01T12:59:00+00:00, 1 of them for the first time, from "
        "2021-07-01T00:00:00+00:00; at least 3 calls."
    )
    place = first.log.index(plan_of(first))
    assert not any("Beginning" in line for line in first.log[:place])


@pytest.mark.parametrize("bulk_source", ["export", "query"])
def test_a_run_makes_at_least_the_calls_of_its_plan(emulator, tap, bulk_source):
    emulator.reset(rows=30)
    emulator.set(export_seconds=0.01)
    config = {**emulator.config, **SINCE, "bulk_source": bulk_source}
    state = None
    for hour in (12, 13):
        emulator.set(clock=f"2024-06-01T{hour}:00:00Z")
        emulator.clear_calls()
        run = tap.run(config, state=state)
        state = run.state

        least = int(re.search(r"at least (\d+) calls", plan_of(run))[1])
        assert run.exit_code == 0, run.stderr
        assert 15 <= least <= len(emulator.calls)


def test_a_run_that_reads_nothing_has_no_plan(emulator, tap):
    emulator.set(daily_limit=0)

    run = tap.run(emulator.config, catalog=select("lists"))

    assert run.exit_code == 2
    assert "Plan: " not in run.stderr


# --- progress ---


def test_a_run_that_takes_no_time_logs_no_progress_and_leaves_no_thread(emulator, tap):
    emulator.add("list", [{"id": 1}])

    run = tap.run(emulator.config, catalog=select("lists"))

    assert run.exit_code == 0, run.stderr
    assert "Progress" not in run.stderr
    assert "progress" not in {thread.name for thread in threading.enumerate()}


def test_while_an_export_takes_long_lines_give_its_age_and_its_place(emulator, tap, often):  # noqa: ARG001
    (account,) = emulator.rows("account")
    emulator.update("account", [account["id"]], level="Growth")
    emulator.set(export_seconds=1)
    fill(emulator, ["visitor_activities", "external_activities"], [MARCH] * 3)
    emulator.add("list", [{"id": 1}])
    catalog = select("external_activities", "lists", "visitor_activities")

    run = tap.run({**emulator.config, **SINCE, "start_date": "2025-12-15"}, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    lines = progress_of(run.log)
    assert len(lines) >= 5
    form = re.compile(
        r"Progress: reading (external|visitor)_activities \(\d rows\); \d rows and \d+ calls so "
        r"far \(the edition has 25,000 a day\); exports: (\d) collected, (\d) waiting; export "
        r"\d+(?: \((?:waiting|processing)\))? is (\d+) seconds? old, with (\d) of this run's "
        r"exports before it and (\d) after it\."
    )
    found = [match for line in lines if (match := form.fullmatch(line))]
    assert {(*match.group(1, 2, 3, 5, 6),) for match in found} == {
        ("external", "0", "2", "0", "1"),
        ("visitor", "1", "1", "0", "0"),
    }
    assert {int(match[4]) for match in found} >= {0, 1}
    assert {message["type"] for message in run.messages} <= {"SCHEMA", "RECORD", "STATE"}
    assert_ends_after_progress(run.stderr.splitlines(keepends=True))


def test_a_slow_answer_a_slow_page_and_a_slow_login_are_covered(emulator, tap, often):  # noqa: ARG001
    emulator.fault(op="token", latency=0.5)
    emulator.fault(object="list", nth=2, latency=0.5)
    emulator.add("list", [{"id": number} for number in range(1, 402)])

    run = tap.run(emulator.config, catalog=select("lists"))

    lines = progress_of(run.log)
    assert "Progress: making the first calls." in lines
    assert any("reading lists (200 rows); 200 rows and " in line for line in lines)


def test_the_figures_of_plan_and_progress_are_structured_fields(emulator, tap, tmp_path, often):  # noqa: ARG001
    emulator.set(export_seconds=0.6)
    path = tmp_path / "logging.yml"
    path.write_text(JSON_LOG)

    run = tap.run(
        {**emulator.config, **QUICK, "start_date": "2025-12-15", "daily_call_limit": 100},
        catalog=select("external_activities"),
        env={"SINGER_SDK_LOG_CONFIG": str(path)},
    )

    assert run.exit_code == 0, run.stderr
    lines = [json.loads(line) for line in run.stderr.splitlines() if line.startswith("{")]
    (plan,) = [line["extra"] for line in lines if line["message"].startswith("Plan: ")]
    assert plan == {
        "streams": 1,
        "first_run": True,
        "since": "2025-12-15T00:00:00+00:00",
        "exports_waiting": 1,
        "exports_to_create": 0,
        "calls_expected": 3,
    }
    *_, last = [line["extra"] for line in lines if line["message"].startswith("Progress: r")]
    (job,) = emulator.exports
    assert last | {"export_age": 0, "calls": 0, "calls_today": 0} == {
        "stream": "external_activities",
        "stream_rows": 0,
        "rows": 0,
        "calls": 0,
        "calls_today": 0,
        "daily_call_limit": 100,
        "daily_calls_of_edition": 100_000,
        "exports_collected": 0,
        "exports_waiting": 1,
        "exports_to_create": 0,
        "export": job["id"],
        "export_state": "processing",
        "export_age": 0,
        "exports_before": 0,
        "exports_after": 0,
    }
    assert last["calls"] == last["calls_today"] >= 3


def test_a_target_that_does_not_read_is_covered(emulator, start):
    emulator.add("list", [{"id": number, "name": "x" * 300} for number in range(1, 2001)])
    process = start(0.2, emulator.config, select("lists"))
    errors, listener = collect(process.stderr)
    until = time.monotonic() + 20
    while len(progress_of(errors)) < 8 and time.monotonic() < until:
        time.sleep(0.05)
    before = progress_of(errors)

    output = process.stdout.read()
    code = process.wait(20)
    listener.join(5)

    assert len(before) >= 8
    assert before[-1].split("Progress")[1] == before[-2].split("Progress")[1]  # it stood still
    assert code == 0
    assert len(Finished(code, output, "").ids("lists")) == 2000
    assert_ends_after_progress(errors)


def test_what_takes_long_before_the_streams_are_known_is_covered(emulator, tap, often):  # noqa: ARG001
    """Custom fields are columns, so they are read before anything else."""
    emulator.fault(object="customField", latency=0.5)

    run = tap.run({**emulator.config, "bulk_source": "query"}, catalog=select("prospects"))

    assert run.exit_code == 0, run.stderr
    place = next(n for n, line in enumerate(run.log) if line.startswith("Plan: "))
    assert "Progress: making the first calls." in run.log[:place]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_a_line_is_due_cuts_no_line_and_the_last_one_stays_last(
    emulator, start, signum
):
    emulator.add("list", [{"id": number, "name": "x" * 300} for number in range(1, 2001)])
    emulator.set(latency=0.02)
    moments = random.Random(5)
    for _ in range(4):
        process = start(0.0005, emulator.config, select("lists"))
        errors, listener = collect(process.stderr)
        output = [process.stdout.readline()]  # the handlers are there by now
        rest, reader = collect(process.stdout)
        time.sleep(moments.uniform(0.02, 0.3))
        process.send_signal(signum)
        began = time.monotonic()
        code = process.wait(15)
        assert time.monotonic() - began < 5
        reader.join(5)
        listener.join(5)

        assert code in {0, 128 + signum}
        assert progress_of(errors)
        beginning = "Complete: " if code == 0 else f"Stopped by {signal.Signals(signum).name}: "
        assert beginning in errors[-1]
        assert json.loads([*output, *rest][-1])["type"] == "STATE"
        assert_ends_after_progress(errors)


def test_a_signal_while_the_target_does_not_read_ends_the_run_once_it_reads(emulator, start):
    emulator.add("list", [{"id": number, "name": "x" * 300} for number in range(1, 2001)])
    process = start(0.1, emulator.config, select("lists"))
    errors, listener = collect(process.stderr)
    until = time.monotonic() + 20
    while len(progress_of(errors)) < 8 and time.monotonic() < until:
        time.sleep(0.05)

    process.send_signal(signal.SIGTERM)
    number = len(errors)
    time.sleep(0.5)
    assert len(progress_of(errors[number:])) >= 2  # what takes long now is the target
    output = process.stdout.read()
    code = process.wait(20)
    listener.join(5)

    assert code == 143
    assert json.loads(output.splitlines()[-1])["type"] == "STATE"
    assert "Stopped by SIGTERM: STATE covers what was written" in errors[-1]
    assert_ends_after_progress(errors)


def test_a_target_that_closes_the_pipe_ends_the_lines_too(emulator, start):
    emulator.add("list", [{"id": number, "name": "x" * 300} for number in range(1, 2001)])
    process = start(0.0005, emulator.config, select("lists"))
    process.stdout.readline()
    process.stdout.close()

    process.wait(20)
    lines = process.stderr.readlines()

    assert process.returncode == 1
    assert "The target closed the pipe" in lines[-1]
    assert [line for line in lines if not WHOLE.fullmatch(line)] == []
