"""The last lines are what people read, and the exit code is what schedulers read."""

from __future__ import annotations

import io
import json
import logging

import pytest
from singer_sdk.logging import StructuredFormatter

from tap_pardot.errors import (
    CallLimitReached,
    ConfigurationError,
    RunStopped,
    StreamFailed,
    StreamSkipped,
)
from tap_pardot.sync.report import Report, Status

SKIPPED = StreamSkipped("Give the role the View ability.", 46)
FAILED = StreamFailed("Report it.", 5)
STOPPED = RunStopped("Run again after midnight.", 122)
LIMIT = CallLimitReached("daily_call_limit (5) is reached: run again.")
WRONG = ConfigurationError("Check client_id.", 184)


def report_of(**ends):
    """Return a report on streams that ended with an error, or were complete (None)."""
    report = Report()
    for name, error in ends.items():
        report.result_of(name).rows = 1200
        if error is None:
            report.result_of(name).mark_done("up to now")
        else:
            report.record_error(name, error)
    return report


def log_of(report, caplog, last_sentence=None):
    with caplog.at_level("INFO", logger="tap-pardot"):
        report.log({"lists": 3, "tags": 1}, last_sentence)
    records = [record for record in caplog.records if record.name == "tap-pardot"]
    return [(record.levelname, record.getMessage()) for record in records]


@pytest.mark.parametrize(
    ("ends", "code", "over"),
    [
        ({}, 0, False),
        ({"lists": None}, 0, False),
        ({"lists": None, "tags": SKIPPED}, 0, False),
        ({"lists": None, "tags": FAILED}, 1, False),
        ({"lists": WRONG}, 1, True),
        ({"lists": STOPPED}, 2, True),
        ({"lists": FAILED, "tags": STOPPED}, 2, True),
        ({"lists": LIMIT}, 0, True),
        ({"lists": FAILED, "tags": LIMIT}, 1, True),
    ],
)
def test_the_exit_code_follows_how_the_streams_ended(ends, code, over):
    report = report_of(**ends)

    assert report.exit_code == code
    assert report.is_over is over


def test_a_run_that_could_not_begin_is_a_failure_without_any_stream():
    report = Report()
    report.result_of("lists")
    report.stop(WRONG)

    assert report.is_over
    assert report.exit_code == 1


def test_a_stream_that_was_not_begun_is_no_success_and_no_failure():
    report = report_of(lists=STOPPED)
    report.result_of("tags")

    assert report.streams_with(Status.STOPPED) == ["lists", "tags"]
    assert report.result_of("tags").message == "not read in this run"


def test_the_report_names_the_first_reason_to_stop():
    report = report_of(lists=STOPPED, tags=RunStopped("Later."), users=WRONG)
    report.stop(ConfigurationError("Too late."))

    assert report.stopped is STOPPED
    assert report.aborted is WRONG


def test_a_complete_run_ends_with_one_good_sentence(caplog):
    *lines, last = log_of(report_of(lists=None, tags=None), caplog)

    assert lines == [
        ("INFO", "lists: 1,200 rows, 3 calls, done: up to now"),
        ("INFO", "tags: 1,200 rows, 1 call, done: up to now"),
    ]
    assert last == ("INFO", "Complete: 2,400 rows of 2 streams in 4 calls.")


def test_skipped_streams_are_listed_in_the_last_line(caplog):
    *lines, last = log_of(report_of(lists=None, tags=SKIPPED), caplog)

    assert lines[1] == (
        "WARNING",
        "tags: 1,200 rows, 1 call, skipped: Give the role the View ability. (Pardot code 46)",
    )
    assert last == (
        "INFO",
        "Complete: 2,400 rows of 1 stream in 4 calls. Skipped: tags.",
    )


def test_failed_streams_are_named_as_an_error(caplog):
    *lines, (level, last) = log_of(report_of(lists=None, tags=FAILED, users=SKIPPED), caplog)

    assert [line[0] for line in lines] == ["INFO", "ERROR", "WARNING"]
    assert level == "ERROR"
    assert "tags failed" in last
    assert "run again" in last
    assert last.endswith("Skipped: users.")


def test_the_last_line_of_a_stopped_run_names_the_reason_and_failed_streams(caplog):
    *lines, (level, last) = log_of(report_of(lists=FAILED, tags=STOPPED), caplog)

    assert [line[0] for line in lines] == ["ERROR", "ERROR"]
    assert level == "ERROR"
    assert last.startswith("Stopped early after 2,400 rows: Run again after midnight.")
    assert last.endswith("Failed: lists.")


def test_the_users_own_limit_is_a_warning(caplog):
    *_, (level, last) = log_of(report_of(lists=LIMIT), caplog)

    assert level == "WARNING"
    assert "daily_call_limit (5) is reached" in last


def test_wrong_settings_are_an_error(caplog):
    *_, (level, last) = log_of(report_of(lists=WRONG), caplog)

    assert (level, last) == (
        "ERROR",
        "Stopped after 1,200 rows: Check client_id. (Pardot code 184)",
    )


def test_the_last_line_of_a_run_ended_by_a_signal_names_the_signal(caplog):
    *_, last = log_of(report_of(lists=None), caplog, "Stopped by SIGTERM.")

    assert last == ("WARNING", "Stopped by SIGTERM.")


@pytest.mark.parametrize(
    ("error", "last_sentence", "level"),
    [
        (WRONG, None, "ERROR"),
        (STOPPED, None, "ERROR"),
        (LIMIT, None, "WARNING"),  # the exit code is 0
        (None, "Stopped by X.", "WARNING"),
    ],
)
def test_nothing_was_read_is_one_line_for_all_streams(caplog, error, last_sentence, level):
    report = Report()
    for name in ("lists", "tags", "users"):
        report.result_of(name)
    if error is not None:
        report.stop(error)

    line, last = log_of(report, caplog, last_sentence)

    assert last[0] == level
    assert line == (level, "None of the 3 streams was read.")


@pytest.mark.parametrize(("error", "level"), [(STOPPED, "ERROR"), (LIMIT, "WARNING")])
def test_nothing_was_read_is_one_line_also_where_a_streams_first_call_ended_the_run(
    caplog, error, level
):
    report = Report()
    for name in ("lists", "tags", "users"):
        report.result_of(name)
    report.record_error("lists", error)

    line, last = log_of(report, caplog)

    assert line == (level, "None of the 3 streams was read.")
    assert str(error) in last[1]


def test_a_single_stream_that_was_not_read_has_its_own_line(caplog):
    report = Report()
    report.result_of("lists")
    report.stop(STOPPED)

    line, _ = log_of(report, caplog)

    assert line == ("ERROR", "lists: 0 rows, 3 calls, stopped: not read in this run")


def as_json(report, *arguments):
    """Return what the SDK's formatter of structured logs makes of the lines."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(StructuredFormatter())
    logger = logging.getLogger("tap-pardot")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    try:
        report.log({"lists": 3, "tags": 1}, *arguments)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_the_figures_are_fields_of_a_structured_log():
    report = report_of(lists=None, tags=FAILED, users=SKIPPED)
    report.result_of("lists").reached = "2024-06-01T11:59:00+00:00"

    *lines, last = as_json(report)

    assert [line["extra"] for line in lines] == [
        {
            "stream": "lists",
            "rows": 1200,
            "calls": 3,
            "reached": "2024-06-01T11:59:00+00:00",
            "status": "done",
        },
        {"stream": "tags", "rows": 1200, "calls": 1, "reached": None, "status": "failed"},
        {"stream": "users", "rows": 1200, "calls": 0, "reached": None, "status": "skipped"},
    ]
    assert [line["level"] for line in lines] == ["info", "error", "warning"]
    assert last["extra"] == {
        "rows": 3600,
        "calls": 4,
        "exit_code": 1,
        "done": 1,
        "failed": 1,
        "skipped": 1,
        "stopped": 0,
    }
    assert last["message"].startswith("Not complete (3,600 rows)")


def test_the_exit_code_of_a_signal_is_a_field_too():
    *_, last = as_json(report_of(lists=None), "Stopped by SIGTERM.", None, 143)

    assert last["extra"]["exit_code"] == 143
