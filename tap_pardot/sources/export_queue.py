"""The export jobs of one stream, from the plan until their files are ready.

Pardot runs the jobs of an account one after another, so all jobs of a run are created before
anything is read. STATE holds their ids, so that the next run can collect the jobs of an
interrupted one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_pardot.errors import RequestTooLarge, StreamFailed
from tap_pardot.records.times import to_iso
from tap_pardot.sources.base import shorter_window
from tap_pardot.sources.export_jobs import JobLost
from tap_pardot.sources.export_plan import ExportPlan
from tap_pardot.sources.export_windows import (
    is_collectable,
    length_after_expiry,
    windows_after_stored,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from tap_pardot.records.times import Window
    from tap_pardot.sources.export_creation import JobCreator
    from tap_pardot.sources.export_jobs import ExportJobClient
    from tap_pardot.sources.export_plan import PlannedJob
    from tap_pardot.state.bookmark import Bookmark

logger = logging.getLogger("tap-pardot")


class ExportQueue:
    """Plans, creates and waits for the jobs of one stream, and stores them in STATE.

    Args:
        jobs: Makes the calls for jobs.
        creator: Creates jobs, and finds out what Pardot refuses in them.
        bookmark: The stream's bookmark, which also stores the jobs that were created.
        write_state: Writes STATE.
        shorten: Returns a window from its first row on, as far as that is known.
        has_rows: Returns whether a window may have rows with a value of ``deleted``.
        stores_rows: Whether STATE stores how many rows of a file are written.
        grace: How far jobs in STATE may go beyond the range.

    Attributes:
        plan: The windows and jobs that are still to be read.
    """

    def __init__(  # noqa: PLR0913
        self,
        jobs: ExportJobClient,
        creator: JobCreator,
        bookmark: Bookmark,
        *,
        write_state: Callable[[], None],
        shorten: Callable[[Window], Window],
        has_rows: Callable[[Window, bool | None], bool],
        stores_rows: bool,
        grace: timedelta,
    ) -> None:
        self._jobs = jobs
        self.creator = creator
        self._bookmark = bookmark
        self._write_state = write_state
        self._shorten = shorten
        self._has_rows = has_rows
        self._stores_rows = stores_rows
        self._grace = grace
        self.plan = ExportPlan(creator.scope)
        self._max_window: timedelta | None = None

    def fill(self, window: Window) -> None:
        """Plan the jobs of a range, adopt those in STATE, create as many others as may wait.

        Raises:
            KeysRejected: Exports refuse a field that every job must have.
            TapPardotError: Pardot refuses a job.
        """
        window = self._shorten(window)
        stored, zone, now = self._bookmark.jobs, self._jobs.dialect.zone, self._jobs.now()
        reused = stored
        if self._stores_rows and (length := length_after_expiry(stored, zone, now)):
            self._max_window = length
            reused = [each for each in stored if is_collectable(each, now)]
        windows = windows_after_stored(window, reused, zone, self._max_window, self._grace)
        known = {(each["start"], each["end"]) for each in reused}
        self.plan.fill(
            windows,
            self.creator.deleted_filters,
            self.creator.accepted_fields,
            lambda each, deleted: (
                (to_iso(each.start), to_iso(each.end)) in known or self._has_rows(each, deleted)
            ),
        )
        unmatched = self.plan.adopt(stored, now)
        for planned in self.plan.jobs:
            if planned.job is not None:
                self._jobs.resume(planned.job)
        self._jobs.discard(unmatched)
        self._save()
        self._create_ahead()

    def prepare(self) -> None:
        """Create the first job, even if the limit of waiting jobs is reached.

        A refusal of fields decides which columns SCHEMA has. No job is created while the account's
        queue is stuck.

        Raises:
            KeysRejected: Exports refuse a field that every job must have.
            TapPardotError: Pardot refuses the job.
        """
        tracker = self._jobs.tracker
        if tracker.is_stuck and tracker.is_full:
            return
        if self.plan.jobs and all(planned.job is None for planned in self.plan.jobs):
            self._create_or_split(self.plan.jobs[0])

    def next_window(self, window: Window) -> Window:
        """Return the oldest window of the plan; plan windows and jobs first if there are none."""
        if not self.plan.windows:
            self.fill(window)
        return next(iter(self.plan.windows), window)

    def split(self, window: Window, error: RequestTooLarge) -> None:
        """Plan shorter windows for a window, and for all windows with a job not created yet.

        Rows of the window that were written already are written again.
        """
        half = shorter_window(self._jobs.stream, window, self._jobs.dialect.zone, error)
        self._max_window = half.end - half.start
        creator = self.creator
        for job in self.plan.split(
            window, self._max_window, creator.deleted_filters, creator.accepted_fields
        ):
            self._jobs.cancel(job.id)
        self._save()

    def close(self, window: Window) -> None:
        """Drop the jobs of a window, because all of its rows are written."""
        self.plan.remove(window)
        self.store()

    def store(self) -> None:
        """Update the jobs in STATE; does not write it."""
        self._bookmark.store_jobs(self.plan.to_state(), self.creator.rejected.to_state())

    def _save(self) -> None:
        self._jobs.tracker.note_planned(self._jobs, sum(e.job is None for e in self.plan.jobs))
        self.store()
        self._write_state()

    # --- creating jobs ---

    def _create_ahead(self, reading: Window | None = None) -> None:
        """Create planned jobs until the limit of waiting jobs is reached.

        Args:
            reading: The window that is being read.

        Raises:
            RequestTooLarge: Pardot runs out of time for a job of that window.
        """
        while not self._jobs.tracker.is_full:
            planned = self.plan.first_to_create
            if planned is None:
                return
            if planned.spec.window == reading:
                self._create(planned)
            else:
                self._create_or_split(planned)

    def _create_or_split(self, planned: PlannedJob) -> None:
        try:
            self._create(planned)
        except RequestTooLarge as error:
            self.split(planned.spec.window, error)

    def _create(self, planned: PlannedJob) -> None:
        """Create a job. If Pardot refuses part of it, plan the jobs again without that part."""
        creator = self.creator
        before = creator.deleted_filters
        planned.job = creator.create(planned.spec)
        if planned.job is None or before != creator.deleted_filters:
            self.plan.replan(creator.deleted_filters, creator.accepted_fields)
        self._save()
        if planned.job is not None:
            self._jobs.check_timezone_by(planned.job)

    def recreate(self, planned: PlannedJob, reason: str) -> None:
        """Create a lost job again, once.

        Raises:
            StreamFailed: It was lost before.
        """
        if planned.job is not None:
            self._jobs.tracker.remove(planned.job.id)
            logger.warning("%s: export %d is lost: %s.", self._jobs.stream, planned.job.id, reason)
        planned.job, planned.files = None, None
        planned.losses += 1
        if planned.losses > 1:
            self._save()
            raise StreamFailed(
                f"An export was lost twice ({reason}): run again; if it happens again, ask "
                "Salesforce support about the account's exports."
            )
        self._create(planned)

    def make_ready(self, planned: PlannedJob) -> None:
        """Wait for a job until its files are ready; create it first if it was not created yet.

        Raises:
            RequestTooLarge: Pardot runs out of time for it.
            StreamFailed: It does not get ready.
        """
        tracker = self._jobs.tracker
        if planned.job is None:
            if tracker.is_stuck and tracker.is_full:
                raise StreamFailed(
                    "No export was created, because those in the account's queue are not getting "
                    "ready: run again later."
                )
            self._create(planned)
        while planned.job is not None:
            try:
                files, duration = self._jobs.wait(planned.job, self._bookmark.export_seconds)
            except JobLost as lost:
                self.recreate(planned, str(lost))
            else:
                planned.files = files
                if duration is not None:
                    self._bookmark.note_export_seconds(duration)
                self._create_ahead(planned.spec.window)
                return
