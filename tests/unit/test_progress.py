"""What the plan of a run and its lines of progress say, and when they are logged."""

from __future__ import annotations

import io
import logging
import signal
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tap_pardot.api.budget import CallBudget
from tap_pardot.signals import SIGNALS
from tap_pardot.sources.job_tracker import JobTracker
from tap_pardot.sync.plan import log_plan
from tap_pardot.sync.progress import Progress, default_interval, log_line
from tap_pardot.sync.report import Activity, Report
from tap_pardot.sync.runnable import Turn

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
START = datetime(2007, 1, 1, tzinfo=UTC)
MAY = "2024-05-01T00:00:00+00:00"
JUNE = "2024-06-01T00:00:00+00:00"


def context(limit=None, stored=None, today=None):
    """Return what a line needs of the context of a run."""
    return SimpleNamespace(
        client=SimpleNamespace(budget=CallBudget(limit, stored or {}, today)),
        jobs=JobTracker(24),
        now=lambda: NOW,
        start=START,
        end=NOW,
    )


def stream(name, turn=Turn.QUERY, *, reached=None, incremental=True, failure=None):
    return SimpleNamespace(
        name=name, turn=turn, reached_text=reached, incremental=incremental, failure=failure
    )


def logged(caplog, log, *arguments):
    """Return the sentence that a function logs, and its structured fields."""
    caplog.clear()
    with caplog.at_level("INFO", logger="tap-pardot"):
        log(*arguments)
    (record,) = caplog.records
    standard = vars(logging.makeLogRecord({})).keys() | {"message", "asctime"}
    fields = {name: value for name, value in vars(record).items() if name not in standard}
    return record.getMessage(), fields


# --- the plan ---


LISTS, TAGS = stream("lists", reached=MAY), stream("tags", reached=JUNE)
NEW = stream("forms")
FULL = stream("campaigns", incremental=False)
NEWEST = f"(the oldest bookmark; the newest is {JUNE})"
FIRST_TIME = "1 of them for the first time, from 2007-01-01T00:00:00+00:00"
CHILD = stream("emails", Turn.CHILD)
AT_END = stream("users", reached="2024-06-01T12:00:00+00:00")
FAILED = stream("prospects", failure=ValueError())


@pytest.mark.parametrize(
    ("streams", "bookmarked", "sentence", "since"),
    [
        (
            [NEW, FULL, CHILD],
            [],
            "3 streams, first run, from 2007-01-01T00:00:00+00:00; at least 2 calls",
            "2007-01-01T00:00:00+00:00",
        ),
        ([LISTS], ["lists"], f"1 stream, since {MAY}; at least 1 call", MAY),
        (
            [LISTS, TAGS, NEW, FULL],
            ["lists", "tags", "campaigns"],
            f"4 streams, since {MAY} {NEWEST}, {FIRST_TIME}; at least 4 calls",
            MAY,
        ),
        ([FULL], ["campaigns"], "1 stream, all rows; at least 1 call", None),
        ([NEW], ["x"], "1 stream, from 2007-01-01T00:00:00+00:00; at least 1 call", None),
        ([CHILD], ["emails"], "1 stream; at least 0 calls", None),
        ([AT_END], ["users"], "1 stream, since 2024-06-01T12:00:00+00:00; at least 0 calls", ...),
        ([FAILED], ["x"], "1 stream, from 2007-01-01T00:00:00+00:00; at least 0 calls", None),
        ([], [], "0 streams, first run, from 2007-01-01T00:00:00+00:00; at least 0 calls", ...),
    ],
)
def test_the_plan_names_streams_their_beginning_and_the_least_calls(
    caplog, streams, bookmarked, sentence, since
):
    text, fields = logged(caplog, log_plan, streams, bookmarked, context())

    assert text == f"Plan: {sentence}."
    assert fields["first_run"] is (not bookmarked)
    if since is not ...:
        assert fields["since"] == since


def test_the_plan_counts_exports_and_calls_that_are_made_already(caplog):
    sync = context()
    for name in ("account", "visitors", "visitors"):
        sync.client.budget.take(name)
    for number in (1, 2):
        sync.jobs.add(number, NOW)
    sync.jobs.note_planned("visitors", 5)
    streams = [stream("account", incremental=False), NEW, stream("visitors", Turn.EXPORT)]

    text, fields = logged(caplog, log_plan, streams, [], sync)

    # 3 calls, the first page of forms, 2 polls, 5 creations and their polls.
    assert text.endswith("; 2 exports created or resumed and 5 to create; at least 16 calls.")
    assert fields == {
        "streams": 3,
        "first_run": True,
        "since": "2007-01-01T00:00:00+00:00",
        "exports_waiting": 2,
        "exports_to_create": 5,
        "calls_expected": 16,
    }


def test_a_bookmark_that_is_not_in_state_is_not_looked_at(caplog):
    """The SDK adds a bookmark to STATE when it is looked at."""

    class Untouched(SimpleNamespace):
        @property
        def reached_text(self):
            pytest.fail("looked at")

    forms = Untouched(name="forms", turn=Turn.QUERY, incremental=True, failure=None)

    text, _ = logged(caplog, log_plan, [LISTS, forms], ["lists"], context())

    assert "1 of them for the first time" in text


# --- a line ---


def test_a_line_names_what_the_run_is_doing_its_rows_calls_and_exports(caplog):
    report, sync = Report(), context()
    sync.client.budget.edition_limit = 25_000
    report.result_of("lists").rows = 1_200
    report.result_of("visitors").rows = 34
    report.activity = Activity("reading", "visitors")
    for _ in range(7):
        sync.client.budget.take("visitors")
    for number, minutes in ((5, 20), (6, 15), (8, 12), (9, 11)):
        sync.jobs.add(number, NOW - timedelta(minutes=minutes, seconds=5))
    sync.jobs.mark_complete(5)
    sync.jobs.note_poll(8, "processing")
    sync.jobs.note_planned("visitors", 3)

    text, fields = logged(caplog, log_line, report, sync)

    assert text == (
        "Progress: reading visitors (34 rows); 1,234 rows and 7 calls so far (the edition has "
        "25,000 a day); exports: 1 collected, 3 waiting, 3 to create; export 8 (processing) is "
        "12 minutes old, with 1 of this run's exports before it and 1 after it."
    )
    assert fields == {
        "stream": "visitors",
        "stream_rows": 34,
        "rows": 1_234,
        "calls": 7,
        "calls_today": None,
        "daily_call_limit": None,
        "daily_calls_of_edition": 25_000,
        "exports_collected": 1,
        "exports_waiting": 3,
        "exports_to_create": 3,
        "export": 8,
        "export_state": "processing",
        "export_age": 725,
        "exports_before": 1,
        "exports_after": 1,
    }


def test_a_line_of_a_run_without_exports_does_not_mention_them(caplog):
    report, sync = Report(activity=Activity("writing the last STATE")), context()
    report.result_of("lists").rows = 1

    text, fields = logged(caplog, log_line, report, sync)

    assert text == "Progress: writing the last STATE; 1 row and 0 calls so far."
    assert (fields["stream"], fields["stream_rows"], fields["export"]) == (None, None, None)


def test_a_line_compares_the_calls_of_the_day_with_the_users_limit(caplog):
    report = Report(activity=Activity("reading", "lists"))
    sync = context(500, {"day": "2024-06-01", "made": 120}, "2024-06-01")
    sync.client.budget.take("lists")

    text, fields = logged(caplog, log_line, report, sync)

    assert text.endswith(" and 1 call so far (today 121 of daily_call_limit 500).")
    assert (fields["calls"], fields["calls_today"], fields["daily_call_limit"]) == (1, 121, 500)


def test_a_line_before_the_first_answer_says_so(caplog):
    assert logged(caplog, log_line, Report(), None) == (
        "Progress: making the first calls.",
        {"stream": None},
    )


# --- the thread ---


@contextmanager
def handler_of(stream_):
    """Let a handler of its own write the tap's log to a stream."""
    handler = logging.StreamHandler(stream_)
    logger = logging.getLogger("tap-pardot")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


@contextmanager
def watching(context, interval):
    with Progress(interval) as progress:
        progress.watch(Report(), context)
        yield


def threads():
    return [each for each in threading.enumerate() if each.name == "progress"]


def wait_until(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_lines_come_at_each_interval_until_the_run_ends():
    text = io.StringIO()
    with handler_of(text):
        with watching(lambda: None, 0.02):
            wait_until(lambda: text.getvalue().count("\n") >= 3)
        written = text.getvalue()
        assert threads() == []
        time.sleep(0.1)

    assert text.getvalue() == written
    assert {*written.splitlines()} == {"Progress: making the first calls."}


def test_a_run_that_is_shorter_than_the_interval_has_no_line():
    text = io.StringIO()
    with handler_of(text), watching(lambda: None, 60):
        time.sleep(0.05)

    assert text.getvalue() == ""
    assert threads() == []


def test_the_thread_receives_no_signal():
    masks = []

    def look():
        masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))

    with watching(look, 0.01):
        wait_until(lambda: masks)

    assert masks[0] >= SIGNALS
    assert SIGNALS.isdisjoint(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def test_an_unexpected_error_costs_one_line_and_is_no_traceback(capsys):
    tries, text = [], io.StringIO()

    def broken():
        tries.append(1)
        if len(tries) == 1:
            raise KeyError("hunter2")

    with handler_of(text), watching(broken, 0.01):
        wait_until(lambda: len(tries) > 2)

    assert "Progress: " in text.getvalue()
    assert "hunter2" not in text.getvalue() + capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_the_thread_ends_with_the_run_however_that_ends(error):
    with pytest.raises(error), watching(lambda: None, 60):
        raise error

    assert threads() == []


def test_the_end_of_a_run_does_not_wait_for_a_line_that_cannot_be_written():
    """A signal's exception can leave the lock of a log handler acquired for good."""
    with handler_of(io.StringIO()) as handler:
        asked = threading.Event()
        handler.acquire()
        try:
            with watching(asked.set, 0.01):
                asked.wait(10)
                began = time.monotonic()
            assert time.monotonic() - began < 5
        finally:
            handler.release()
        wait_until(lambda: not threads())


@pytest.mark.parametrize(
    ("stderr", "most"),
    [
        (SimpleNamespace(isatty=lambda: True), 10),
        (SimpleNamespace(isatty=lambda: False), 60),
        (None, 60),
    ],
    ids=["a terminal", "a file", "closed"],
)
def test_a_terminal_gets_a_line_every_10_seconds_and_a_file_every_60(monkeypatch, stderr, most):
    monkeypatch.setattr(sys, "stderr", stderr)

    assert 0.85 * most < default_interval() < most
