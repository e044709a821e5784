"""STATE never runs ahead of the records, and a run killed anywhere goes on from it."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import threading
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from tests.helpers.catalog import metadata_of, select
from tests.helpers.warehouse import (
    BY_ID,
    BY_OFFSET,
    TABLES,
    WHOLE,
    WINDOWED,
    Warehouse,
    by_stream,
    iso,
)

pytestmark = pytest.mark.usefixtures("queries_only")

NOW = "2024-06-01T12:00:00+00:00"
ROWS = {
    "lists": 640,
    "email_clicks": 620,
    "opportunities": 450,
    "imports": 130,
    "tags": 430,
    "tag_objects": 410,
    "users": 30,
}
LAST_SENTENCE = r"Stopped by SIG(TERM|INT): STATE covers what was written; run again to go on\."
EXIT = {signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.fixture
def account(emulator):
    """Rows of several pages whose ids do not follow their times."""
    emulator.set(clock=NOW)
    chance = random.Random(7)
    first, last = 1_600_000_000, 1_717_200_000
    for stream, number in ROWS.items():
        table = TABLES[stream]
        moments = sorted(chance.sample(range(first, last), number))
        if not table.is_immutable:
            chance.shuffle(moments)
        rows = [
            table.row(10 * position, iso(datetime.fromtimestamp(moment, UTC)))
            for position, moment in enumerate(moments, start=1)
        ]
        emulator.add(table.object, rows)
    return emulator


def wait_until(happened, seconds=60.0):
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


class Listener:
    """Reads what a run writes, as it comes; a pipe that nobody reads would stop the run."""

    def __init__(self, process):
        self.process = process
        self.out, self.err = [], []
        self._threads = [
            threading.Thread(target=lines.extend, args=(pipe,), daemon=True)
            for lines, pipe in ((self.out, process.stdout), (self.err, process.stderr))
        ]
        for thread in self._threads:
            thread.start()

    def end(self, signum=None):
        """Send a signal, if any; return the exit code, the lines of stdout, and stderr."""
        if signum is not None:
            self.process.send_signal(signum)
        code = self.process.wait(15)
        for thread in self._threads:
            thread.join(15)
        return code, self.out, "".join(self.err)


def stalled_at(emulator, stream, nth=3):
    """Let the call for the nth page of a stream hang; return whether it does by now."""
    params = {"sort_order": "ascending"}  # not the one for the newest row
    emulator.fault(object=TABLES[stream].object, op="query", params=params, nth=nth, hang=60)
    return lambda: any(fault["fired"] for fault in emulator.faults)


def asked_again(emulator, bookmarks):
    """Return the calls for pages that a STATE says are out already."""
    again = []
    for stream, bookmark in bookmarks.items():
        if stream not in TABLES:
            continue
        table = TABLES[stream]
        calls = [each for each in emulator.calls if each["object"] == table.object]
        calls = [each for each in calls if each["params"].get("sort_order") != "descending"]
        cursor = bookmark.get("cursor") or 0
        if cursor or table.is_immutable:
            cursor = cursor or bookmark.get("replication_key_value") or 0
            again += [c for c in calls if int(c["params"].get("id_greater_than", 0)) < cursor]
        elif stream not in WHOLE and bookmark.get("replication_key_value"):
            again += calls  # the clock stands still: there is nothing after the bookmark
    return again


def check_end(warehouse, lines, err):
    """A signal's last words: whole lines, no record after the last STATE, one sentence."""
    assert lines[-1].endswith("\n")
    messages = [json.loads(line) for line in lines]
    assert [each["type"] for each in messages if each["type"] != "SCHEMA"][-1] == "STATE"
    warehouse.load(lines)
    assert re.search(LAST_SENTENCE + "$", err.rstrip()), err
    assert "Traceback" not in err


# --- STATE and records ---


def test_every_state_covers_only_records_that_came_before_it(account, tap):
    catalog = select(*TABLES)
    metadata_of(catalog, "opportunities").update(
        {"replication-method": "INCREMENTAL", "replication-key": "updated_at"}
    )
    run = tap.run(account.config, catalog=catalog)

    assert run.exit_code == 0, run.stderr
    warehouse = Warehouse()
    ahead = {}
    since = Counter()
    for message in run.messages:
        warehouse.take(message)
        if message["type"] == "RECORD":
            # A page has to be read again after a kill, not more.
            since[message["stream"]] += 1
            assert since[message["stream"]] <= 200
        if message["type"] == "STATE":
            since.clear()
            for stream in TABLES:
                if early := warehouse.lost(account, stream):
                    ahead[warehouse.states, stream] = early
    assert ahead == {}
    # One STATE at least for each page, or this test would prove little.
    assert warehouse.states >= sum(rows // 200 + 1 for rows in ROWS.values()) - 1
    assert warehouse.all_missing(account) == {}


# --- killed ---


def test_a_run_killed_again_and_again_gets_everything_and_asks_no_page_twice(
    account, tap, tap_process
):
    """SIGKILL after so many lines; whatever the tap had in its buffer is gone."""
    warehouse = Warehouse()
    for lines in (1, 40, 250, 301, 620, 777, 1100):
        account.clear_calls()
        before = {**(warehouse.state or {}).get("bookmarks", {})}
        with tap_process.start(account.config, state=warehouse.state) as process:
            warehouse.load(process.stdout.readline() for _ in range(lines))
            os.kill(process.pid, signal.SIGKILL)
            process.stdout.close()
        assert asked_again(account, before) == []
        assert {stream: warehouse.lost(account, stream) for stream in TABLES} == (
            by_stream(TABLES, [])
        )

    account.clear_calls()
    before = {**warehouse.state["bookmarks"]}
    last = tap.run(account.config, state=warehouse.state)
    warehouse.load(last.stdout.splitlines(keepends=True))

    assert last.exit_code == 0, last.stderr
    assert asked_again(account, before) == []
    assert warehouse.all_missing(account) == {}


@pytest.mark.parametrize("stream", ["lists", "email_clicks"])
def test_a_run_killed_while_a_call_hangs_goes_on_from_that_page(account, tap, tap_process, stream):
    hangs = stalled_at(account, stream)
    warehouse = Warehouse()
    listener = Listener(tap_process.start(account.config))
    wait_until(hangs)
    warehouse.load(listener.end(signal.SIGKILL)[1])
    assert warehouse.bookmark(stream)["cursor"] == 4000

    account.clear_faults()
    account.clear_calls()
    before = {**warehouse.state["bookmarks"]}
    resumed = tap.run(account.config, state=warehouse.state)
    warehouse.load(resumed.stdout.splitlines(keepends=True))

    assert resumed.exit_code == 0, resumed.stderr
    assert min(resumed.ids(stream)) == 4010
    assert asked_again(account, before) == []
    assert warehouse.all_missing(account) == {}


def test_a_resumed_run_reads_its_old_window_and_then_the_time_since(account, tap, tap_process):
    """A row that was out and changed after the kill is in the second window."""
    hangs = stalled_at(account, "lists")
    warehouse = Warehouse()
    listener = Listener(tap_process.start(account.config))
    wait_until(hangs)
    warehouse.load(listener.end(signal.SIGKILL)[1])
    account.clear_faults()
    account.set(clock="2024-06-01T18:00:00+00:00")
    for stream in (*WINDOWED, *BY_OFFSET):
        table = TABLES[stream]
        account.add(table.object, [table.row(10, "2024-06-01T15:00:00+00:00", "changed")])
    for stream, table in BY_ID.items():
        assert stream in TABLES
        account.add(table.object, [table.row(15, "2024-06-01T15:00:00+00:00")])

    resumed = tap.run(account.config, state=warehouse.state)
    warehouse.load(resumed.stdout.splitlines(keepends=True))

    assert resumed.exit_code == 0, resumed.stderr
    assert warehouse.all_missing(account) == {}
    assert warehouse.bookmark("lists")["replication_key_value"] == "2024-06-01T17:59:00+00:00"
    assert warehouse.bookmark("lists")["window"] is None


def test_older_ids_that_are_out_are_not_read_again_after_a_kill(account, tap, tap_process):
    """Late rows with old ids come before the new ones, and once."""
    first = tap.run(account.config)
    account.set(clock="2024-06-01T18:00:00+00:00")
    moment = "2024-06-01T15:00:00+00:00"
    table = TABLES["email_clicks"]
    late, new = range(5, 2255, 10), range(6210, 12210, 10)
    account.add(table.object, [table.row(each, moment) for each in (*late, *new)])
    account.fault(object="emailClick", op="query", params={"id_greater_than": 8200}, hang=60)
    warehouse = Warehouse()
    warehouse.load(first.stdout.splitlines(keepends=True))
    listener = Listener(tap_process.start(account.config, state=first.state))
    wait_until(lambda: account.faults[0]["fired"])
    warehouse.load(listener.end(signal.SIGKILL)[1])
    assert warehouse.bookmark("email_clicks")["cursor"] == 8200
    assert warehouse.bookmark("email_clicks")["replication_key_value"] == 6200

    account.clear_faults()
    resumed = tap.run(account.config, state=warehouse.state)
    warehouse.load(resumed.stdout.splitlines(keepends=True))

    assert warehouse.all_missing(account) == {}
    assert min(resumed.ids("email_clicks")) == 8210


# --- SIGTERM and SIGINT ---


@pytest.mark.parametrize(
    ("signum", "stream"), [(signal.SIGTERM, "lists"), (signal.SIGINT, "opportunities")]
)
def test_a_signal_while_a_call_hangs_ends_the_run_at_once_in_good_order(
    account, tap_process, signum, stream
):
    hangs = stalled_at(account, stream)
    warehouse = Warehouse()
    listener = Listener(tap_process.start(account.config))
    wait_until(hangs)
    sent = time.monotonic()
    code, out, err = listener.end(signum)

    assert time.monotonic() - sent < 10
    assert code == EXIT[signum]
    check_end(warehouse, out, err)
    assert warehouse.bookmark(stream)["cursor"] == 4000
    assert {name: warehouse.lost(account, name) for name in TABLES} == (by_stream(TABLES, []))
    assert re.search(rf"{stream}: 400 rows, 3 calls, stopped: ", err)


def test_a_signal_during_the_login_or_between_retries_ends_in_a_sentence(account, tap_process):
    account.fault(op="token", hang=60)
    listener = Listener(tap_process.start(account.config))
    wait_until(lambda: account.faults[0]["fired"])
    code, _, err = listener.end(signal.SIGTERM)
    assert code == 143
    assert re.search("Stopped by SIGTERM.*[.]$", err.rstrip())
    assert "Traceback" not in err

    account.clear_faults()
    account.fault(object="list", op="query", nth=2, times=None, code=66)
    listener = Listener(tap_process.start(account.config))
    wait_until(lambda: account.faults[0]["fired"] >= 2)
    listener.process.send_signal(signal.SIGINT)
    time.sleep(0.01)  # Meltano sends both; the second comes while the tap says its last words
    code, out, err = listener.end(signal.SIGTERM)
    assert code in EXIT.values()
    warehouse = Warehouse()
    check_end(warehouse, out, err)
    assert warehouse.bookmark("lists")["cursor"] == 2000


@pytest.mark.parametrize(("signum", "unbuffered"), [(signal.SIGTERM, ""), (signal.SIGINT, "1")])
def test_a_signal_while_the_reader_is_stalled_leaves_whole_lines(
    account, tap, tap_process, signum, unbuffered
):
    """The pipe is full, and nobody reads for two seconds after the signal."""
    account.update("emailClick", range(10, 6210, 10), url="x" * 2000)
    account.update("emailClick", 1000, url="y" * 200_000)  # a line longer than a pipe
    process = tap_process.start(account.config, env={"PYTHONUNBUFFERED": unbuffered})
    wait_until(lambda: any(call["object"] == "emailClick" for call in account.calls))
    time.sleep(0.5)
    calls = len(account.calls)
    process.send_signal(signum)
    time.sleep(2)
    assert process.poll() is None, "nobody has read the tap's output yet"
    reading = time.monotonic()
    code, out, err = Listener(process).end()

    assert time.monotonic() - reading < 10
    assert code == EXIT[signum]
    assert len(account.calls) == calls
    warehouse = Warehouse()
    check_end(warehouse, out, err)
    assert warehouse.tables["email_clicks"]
    assert {name: warehouse.lost(account, name) for name in TABLES} == (by_stream(TABLES, []))

    resumed = tap.run(account.config, state=warehouse.state)
    warehouse.load(resumed.stdout.splitlines(keepends=True))
    assert warehouse.all_missing(account) == {}


@pytest.mark.parametrize("lines", [3, 333, 1500])
def test_a_signal_in_the_middle_of_the_records_loses_none(account, tap, tap_process, lines):
    """The reader goes on reading, as Meltano's does."""
    account.update("list", range(10, 6410, 10), description="x" * 800)
    warehouse = Warehouse()
    process = tap_process.start(account.config)
    first = [process.stdout.readline() for _ in range(lines)]
    code, out, err = Listener(process).end(signal.SIGTERM)

    assert code == 143
    check_end(warehouse, [*first, *out], err)
    assert {name: warehouse.lost(account, name) for name in TABLES} == (by_stream(TABLES, []))
    resumed = tap.run(account.config, state=warehouse.state)
    warehouse.load(resumed.stdout.splitlines(keepends=True))
    assert warehouse.all_missing(account) == {}
