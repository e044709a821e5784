"""A line of progress at intervals, from a thread of its own.

The thread reads counters that the run keeps anyway, so a row costs nothing more. It writes its line
also while the run waits for Pardot, for an export or for the target.
"""

from __future__ import annotations

import logging
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_pardot.signals import signals_blocked
from tap_pardot.sync.report import Report, quantity, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Self

    from tap_pardot.api.budget import CallBudget
    from tap_pardot.sources.job_tracker import JobCounts, WaitingJob
    from tap_pardot.sync.context import SyncContext

logger = logging.getLogger("tap-pardot")

# A little less than the 60 and 10 seconds that are promised: a busy machine is late.
_INTERVAL = 55.0
_INTERVAL_AT_TERMINAL = 9.0

_PATIENCE = 1.0
"""Seconds that the end of the thread is waited for."""
_MAX_SECONDS = 120
"""Ages from this number of seconds on are given in minutes."""


def default_interval() -> float:
    """Return the seconds between two lines: fewer where someone watches stderr."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return _INTERVAL_AT_TERMINAL if is_terminal else _INTERVAL


class Progress:
    """Logs a line of progress at each interval, between entering and leaving the context.

    Args:
        interval: Seconds between two lines.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._log = partial(_log_now, Report(), lambda: None)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._log_lines, name="progress", daemon=True)

    def watch(self, report: Report, context: Callable[[], SyncContext | None]) -> None:
        """Log the figures of a run from now on.

        Args:
            report: What each stream has written, and what the run is doing.
            context: Returns the context of the run; None until its first calls are made.
        """
        self._log = partial(_log_now, report, context)

    def __enter__(self) -> Self:
        """Start the thread. It inherits the mask of signals, so it receives none."""
        with signals_blocked():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the thread, so that no line follows.

        The wait for its end is bounded: a signal's exception can leave the lock of a log handler
        acquired for good (in the moment before ``logging`` enters its ``try``). Then the thread
        never ends, and logs nothing more.
        """
        with signals_blocked():
            self._ended.set()
            self._thread.join(_PATIENCE)

    def _log_lines(self) -> None:
        while not self._ended.wait(self._interval):
            try:
                self._log()
            except Exception as error:  # noqa: BLE001 - a line less is no reason to end
                unexpected(error)


def _log_now(report: Report, context: Callable[[], SyncContext | None]) -> None:
    log_line(report, context())


def log_line(report: Report, sync: SyncContext | None) -> None:
    """Log how far the run is. The figures are structured fields too."""
    activity = report.activity
    if sync is None:
        logger.info("Progress: %s.", activity, extra={"stream": None})
        return
    budget, jobs = sync.client.budget, sync.jobs.counts()
    rows = {name: result.rows for name, result in list(report.results.items())}
    stream_rows = None if activity.stream is None else rows.get(activity.stream, 0)
    of_stream = "" if stream_rows is None else f" ({quantity(stream_rows, 'row')})"
    so_far = f"{quantity(sum(rows.values()), 'row')} and {quantity(budget.made, 'call')} so far"
    now = sync.now() if jobs.next is not None else None
    logger.info(
        "Progress: %s.",
        "; ".join([f"{activity}{of_stream}", so_far + _of_the_day(budget), *_exports(jobs, now)]),
        extra={
            "stream": activity.stream,
            "stream_rows": stream_rows,
            "rows": sum(rows.values()),
            "calls": budget.made,
            "calls_today": budget.made_today,
            "daily_call_limit": budget.limit,
            "daily_calls_of_edition": budget.edition_limit,
            "exports_collected": jobs.collected,
            "exports_waiting": jobs.waiting,
            "exports_to_create": jobs.to_create,
            **_job_fields(jobs.next, now),
        },
    )


def _of_the_day(budget: CallBudget) -> str:
    """Return what the calls are compared with: the user's limit, and the edition's calls a day."""
    known = []
    if budget.limit is not None and budget.made_today is not None:
        known.append(f"today {budget.made_today:,} of daily_call_limit {budget.limit:,}")
    if budget.edition_limit is not None:
        known.append(f"the edition has {budget.edition_limit:,} a day")
    return f" ({', '.join(known)})" if known else ""


def _exports(jobs: JobCounts, now: datetime | None) -> list[str]:
    """Return what is known of the export jobs; nothing in a run without any."""
    if not any((jobs.collected, jobs.waiting, jobs.to_create)):
        return []
    parts = [f"exports: {jobs.collected:,} collected, {jobs.waiting:,} waiting"]
    if jobs.to_create:
        parts[0] += f", {jobs.to_create:,} to create"
    if jobs.next is not None and now is not None:
        job = jobs.next
        state = "" if job.state is None else f" ({job.state})"
        parts.append(
            f"export {job.id}{state} is {_age(job, now)} old, with {job.before:,} of this run's "
            f"exports before it and {job.after:,} after it"
        )
    return parts


def _age(job: WaitingJob, now: datetime) -> str:
    seconds = _age_in_seconds(job, now)
    if seconds < _MAX_SECONDS:
        return quantity(seconds, "second")
    return quantity(seconds // 60, "minute")


def _age_in_seconds(job: WaitingJob, now: datetime) -> int:
    return int((now - job.created_at).total_seconds())


def _job_fields(job: WaitingJob | None, now: datetime | None) -> dict[str, Any]:
    """Return the structured fields of the job that is waited for; nulls without one."""
    if job is None or now is None:
        values: tuple[Any, ...] = (None,) * 5
    else:
        values = (job.id, job.state, _age_in_seconds(job, now), job.before, job.after)
    names = ("export", "export_state", "export_age", "exports_before", "exports_after")
    return dict(zip(names, values, strict=True))
