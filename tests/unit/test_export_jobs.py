"""The calls for export jobs: waiting for one, and those of all streams that wait."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tap_pardot.api.dialect import JobStatus
from tap_pardot.api.v4 import V4, ApiVersion
from tap_pardot.records.times import Window
from tap_pardot.records.zone_check import TimezoneCheck
from tap_pardot.sources.export_jobs import ExportJobClient, JobSettings, next_wait
from tap_pardot.sources.export_plan import Job, JobSpec
from tap_pardot.sources.job_tracker import JobCounts, JobTracker, WaitingJob

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
MARCH = datetime(2024, 3, 5, 10, tzinfo=UTC)


class Clock:
    """Pardot's clock, which goes on while the tap sleeps."""

    is_known = True

    def __init__(self):
        self.passed = 0.0

    def now(self):
        return NOW + timedelta(seconds=self.passed)


JOB = Job(8, JobSpec(Window(MARCH, NOW), None, ("id",), ""), NOW)


def job_client(call, clock, tracker):
    return ExportJobClient(
        call,
        V4("https://pi.pardot.com", ApiVersion(4)),
        stream="visitors",
        clock=clock,
        tracker=tracker,
        timezone_check=TimezoneCheck(ZoneInfo("UTC"), {}),
        settings=JobSettings(poll_interval=30, timeout=7200, downloads=4),
    )


def test_a_waiting_job_is_polled_less_often_the_longer_it_takes(monkeypatch):
    clock, slept, looks, seen = Clock(), [], [], []
    tracker = JobTracker(24)
    for number in (6, 7, 8, 9):
        tracker.add(number, NOW)

    def sleep(seconds):
        slept.append(seconds)
        clock.passed += seconds
        seen.append(tracker.counts())

    def call(request):
        looks.append(request.path)
        state = "complete" if len(looks) == 10 else "waiting" if len(looks) < 5 else "processing"
        return JobStatus(8, state, is_expired=False, files=("https://a/1",), created_at=None)

    monkeypatch.setattr(time, "monotonic", lambda: clock.passed)
    monkeypatch.setattr(time, "sleep", sleep)
    jobs = job_client(call, clock, tracker)

    assert jobs.wait(JOB) == (("https://a/1",), math.ceil(sum(slept)))

    assert set(looks) == {("export", "read", "id", "8")}
    assert slept[0] == 2
    assert slept == sorted(slept)
    assert max(slept) <= 30
    assert [counts.next.id for counts in seen] == [6] + [8] * 9
    assert [counts.next.state for counts in seen] == [None] + ["waiting"] * 4 + ["processing"] * 5
    assert len(tracker) == 1  # those before it are complete as well
    assert tracker.counts() == JobCounts(1, 1, 0, WaitingJob(9, None, NOW, 0, 0))


def test_the_job_that_is_waited_for_has_a_place_among_the_jobs_of_the_run():
    tracker = JobTracker(24)
    for number in (6, 7, 8, 9):
        tracker.add(number, NOW + timedelta(seconds=number))
    assert tracker.counts().next == WaitingJob(6, None, NOW + timedelta(seconds=6), 0, 3)

    tracker.note_poll(8, "processing")

    assert tracker.counts() == JobCounts(
        0, 4, 0, WaitingJob(8, "processing", NOW + timedelta(seconds=8), 2, 1)
    )
    tracker.remove(8)
    assert tracker.counts().next.id == 6


def test_jobs_that_are_not_created_yet_are_counted_for_all_readings():
    tracker = JobTracker(24)
    tracker.note_planned("one", 176)
    tracker.note_planned("another", 3)
    tracker.note_planned("one", 175)

    assert tracker.counts() == JobCounts(0, 0, 178, None)


def test_no_more_jobs_wait_than_may():
    tracker = JobTracker(2)
    tracker.add(11, NOW)
    assert not tracker.is_full
    tracker.add(12, NOW)
    assert tracker.is_full
    tracker.remove(11)
    tracker.remove(11)
    assert not tracker.is_full
    tracker.add(13, NOW)
    tracker.mark_complete(12)
    assert len(tracker) == 1


def test_polls_of_a_job_become_less_frequent_up_to_the_interval():
    assert [next_wait(waited, 30) for waited in (0, 2, 10, 40, 900)] == [2, 2, 5, 20, 30]
    assert next_wait(0, 1) == 1


def test_the_first_poll_comes_after_half_of_what_the_last_job_took(monkeypatch):
    clock, slept = Clock(), []

    def sleep(seconds):
        slept.append(seconds)
        clock.passed += seconds

    def call(_):
        state = "complete" if clock.passed >= 20 else "waiting"
        return JobStatus(8, state, is_expired=False, files=(), created_at=None)

    monkeypatch.setattr(time, "monotonic", lambda: clock.passed)
    monkeypatch.setattr(time, "sleep", sleep)
    jobs = job_client(call, clock, JobTracker(24))

    assert jobs.wait(JOB, last_duration=40) == ((), 20)
    assert slept == [20]
    # It was complete before it was polled, so nobody knows how long it took.
    assert jobs.wait(JOB, last_duration=30) == ((), None)
    clock.passed = 0
    slept.clear()
    jobs.wait(JOB, last_duration=3600)
    assert slept == [30]  # export_poll_interval
