"""A source that is export jobs: plan, create, collect, rows.

Pardot runs the jobs of an account one after another, so all jobs of a run are created before
anything is read. Their ids are in STATE: the next run collects the jobs of an interrupted one.
"""

from __future__ import annotations

import logging
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from tap_pardot.api.codes import EXPORT_GONE
from tap_pardot.errors import RequestTooLarge, StreamFailed
from tap_pardot.records.times import to_iso
from tap_pardot.sources.base import Page, Source, shorter_window
from tap_pardot.sources.export_creation import JobCreator
from tap_pardot.sources.export_csv import RowJoiner, rows_of_file
from tap_pardot.sources.export_jobs import JobLost
from tap_pardot.sources.export_plan import (
    ExportPlan,
    is_collectable,
    length_after_expiry,
    windows_after_stored,
)
from tap_pardot.sources.export_query import AnonymousVisitors, SupplementQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import timedelta

    from tap_pardot.api.dialect import Export
    from tap_pardot.records.times import Window
    from tap_pardot.sources.export_creation import ExportFields
    from tap_pardot.sources.export_jobs import ExportJobClient
    from tap_pardot.sources.export_plan import Job, PlannedJob
    from tap_pardot.sources.query import PatientQuery
    from tap_pardot.state.bookmark import Bookmark

    Row = list[Any]

logger = logging.getLogger("tap-pardot")


class ExportSource(Source):
    """Rows of export jobs, in windows of at most a year.

    Args:
        jobs: Makes the calls for jobs.
        endpoint: What is exported.
        fields: The fields to read.
        windows: What is to be read in this run.
        bookmark: The stream's; has the jobs that were created.
        query: A query of the same object, for what exports refuse; None if there is none.
        values: Returns the computed columns of one side of the recycle bin, or of both (None).
        on_repaired: Called with the field's name for each cell that was repaired.
        write_state: Writes STATE.
        rows_per_page: After how many rows STATE is written; None: after each file.
    """

    def __init__(  # noqa: PLR0913
        self,
        jobs: ExportJobClient,
        endpoint: Export,
        fields: ExportFields,
        windows: Iterable[Window | None],
        bookmark: Bookmark,
        *,
        query: PatientQuery | None,
        values: Callable[[bool | None], dict[str, Any]],
        on_repaired: Callable[[str], None],
        write_state: Callable[[], None],
        rows_per_page: int | None = None,
    ) -> None:
        self._jobs = jobs
        self._rows_per_page = rows_per_page
        self._fields = fields
        self._bookmark = bookmark
        self._values = values
        self._on_repaired = on_repaired
        self._write_state = write_state
        self._windows = windows
        self._query = SupplementQuery(query, endpoint.time, on_repaired)
        self._creator = JobCreator(jobs, endpoint, fields, self._query.endpoint, bookmark.refused)
        self._plan = ExportPlan(self._creator.scope)
        self._max_window: timedelta | None = None
        self._anonymous: AnonymousVisitors | None = None
        if query is not None and query.calls.endpoint.identified is not None:
            self._anonymous = AnonymousVisitors(query.calls, endpoint.time, bookmark)

    # --- the plan ---

    def submit(self) -> None:
        """Plan all jobs, adopt those in STATE, and create as many of the others as may wait.

        Raises:
            KeysRejected: Exports refuse a field that every job must have.
            TapPardotError: Pardot refuses a job.
        """
        window = next(iter(self._windows), None)
        if window is not None:
            self._submit(window)

    def _submit(self, window: Window) -> None:
        stored, zone, now = self._bookmark.jobs, self._jobs.dialect.zone, self._jobs.now()
        divided = stored
        if self._rows_per_page is not None and (length := length_after_expiry(stored, zone, now)):
            self._max_window = length
            divided = [each for each in stored if is_collectable(each, now)]
        windows = windows_after_stored(window, divided, zone, self._max_window)
        self._plan.fill(windows, self._creator.sides, self._creator.accepted_fields)
        left = self._plan.adopt(stored, now)
        for planned in self._plan.jobs:
            if planned.job is not None:
                self._jobs.tracker.add(planned.job.id)
                logger.info("%s: taking up export %d.", self._jobs.stream, planned.job.id)
        self._jobs.discard(left)
        self._save_jobs()
        self._create_ahead()

    def prepare(self) -> None:
        """Create the first job, even if as many wait as may: what exports refuse decides columns.

        Where the account's queue is stuck, another job would not help.

        Raises:
            KeysRejected: Exports refuse a field that every job must have.
            TapPardotError: Pardot refuses the job.
        """
        tracker = self._jobs.tracker
        if tracker.is_stuck and tracker.is_full:
            return
        if self._plan.jobs and all(planned.job is None for planned in self._plan.jobs):
            self._create_or_split(self._plan.jobs[0])

    def next_window(self, window: Window) -> Window:
        """Return the window of the oldest job."""
        if not self._plan.jobs:
            self._submit(window)
        return self._plan.jobs[0].spec.window

    def split(self, window: Window, error: RequestTooLarge) -> None:
        """Plan shorter windows for a window and for all that was not created yet.

        The rows that are out of it already come again.
        """
        half = shorter_window(self._jobs.stream, window, self._jobs.dialect.zone, error)
        self._max_window = half.end - half.start
        creator = self._creator
        for job in self._plan.split(
            window, self._max_window, creator.sides, creator.accepted_fields
        ):
            self._jobs.cancel(job.id)
        self._save_jobs()

    def close(self, window: Window | None) -> None:
        """Forget the jobs of a window."""
        if window is not None:
            self._plan.remove(window)
        self._store_jobs()

    def _store_jobs(self) -> None:
        self._bookmark.keep_jobs(self._plan.to_state(), self._creator.rejected.to_state())

    def _save_jobs(self) -> None:
        self._store_jobs()
        self._write_state()

    # --- creating jobs ---

    def _create_ahead(self, reading: Window | None = None) -> None:
        """Create as many jobs as may wait.

        Raises:
            RequestTooLarge: Pardot has no time for a job of the window that is being read.
        """
        while not self._jobs.tracker.is_full:
            planned = self._plan.first_to_create
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
        """Create a job; plan without what Pardot refuses of it."""
        sides = self._creator.sides
        planned.job = self._creator.create(planned.spec)
        if planned.job is None or sides != self._creator.sides:
            self._plan.replan(self._creator.sides, self._creator.accepted_fields)
        self._save_jobs()
        if planned.job is not None:
            self._jobs.ensure_timezone_checked(planned.job)

    def _recreate(self, planned: PlannedJob, reason: str) -> None:
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
            self._save_jobs()
            raise StreamFailed(
                f"An export was lost twice ({reason}): run again; if it stays so, ask Salesforce "
                "support about the account's exports."
            )
        self._create(planned)

    def _make_ready(self, planned: PlannedJob) -> None:
        """Wait for a job, which is created if there was no room for it before.

        Raises:
            RequestTooLarge: Pardot has no time for it.
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
                planned.files = self._jobs.wait(planned.job)
            except JobLost as lost:
                self._recreate(planned, str(lost))
            else:
                self._create_ahead(planned.spec.window)
                return

    # --- reading ---

    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield the pages of a window's jobs, and what a query has of it besides.

        Raises:
            RequestTooLarge: Pardot has no time for a job of the window.
            TapPardotError: The stream cannot be read on.
        """
        if window is None:
            raise ValueError("exports are read in windows")
        if self._anonymous is None:
            yield from self._exported(window)
        else:
            yield from self._anonymous.complete(
                window,
                self._exported(window),
                partial(self._queried, window, deleted=False),
                is_resumed=self._plan.is_resumed,
            )
        if self._creator.lacks_recycle_bin and self._query.has_recycle_bin:
            yield from self._queried(window, deleted=True)

    def _exported(self, window: Window) -> Iterator[Page]:
        for deleted in (None, False, True):
            yield from self._side(window, deleted)

    def _side(self, window: Window, deleted: bool | None) -> Iterator[Page]:  # noqa: FBT001
        """Yield one side of the recycle bin, whole, from as many jobs as it takes."""
        # Waiting can trigger re-planning, so look the jobs up again.
        while waiting := [each for each in self._plan.of(window, deleted) if each.files is None]:
            self._make_ready(waiting[0])
        jobs = self._plan.of(window, deleted)
        if not jobs:
            return
        first, *others = jobs
        with RowJoiner() as joiner:
            for planned in others:
                joiner.add(planned.spec.fields, self._rows(planned))
            if self._creator.rejected.all_custom:
                self._add_custom_fields(joiner, window, deleted)
            if joiner.is_empty:
                yield from self._files_as_pages(first)
                return
            # A row that another job lacks has changed meanwhile: the next window has it.
            fields, rows = joiner.join(first.spec.fields, self._rows(first))
            yield self._page(window, deleted, fields, rows)

    def _add_custom_fields(self, joiner: RowJoiner, window: Window, deleted: bool | None) -> None:  # noqa: FBT001
        """Join the custom fields by query, because exports refuse all of them.

        Without a query of the recycle bin, the rows in there have nulls.
        """
        fields = (*self._fields.keys, *self._fields.custom)
        has_bin = self._query.has_recycle_bin
        for side in (False, True) if has_bin else (False,):
            if deleted in {side, None}:
                rows = self._query.rows(window, fields, deleted=side)
                joiner.add(fields, rows, is_optional=deleted is not False and not has_bin)

    def _files_as_pages(self, planned: PlannedJob) -> Iterator[Page]:
        """Yield the pages of a job's files that are not finished, without rows that are out."""
        spec = planned.spec
        for name, all_rows in self._files(planned, resume=True):
            job = planned.job
            if job is None:
                return
            rows: Iterator[Row] = islice(all_rows, job.rows_out(name), None)
            while self._rows_per_page is not None:
                part = list(islice(rows, self._rows_per_page))
                if len(part) < self._rows_per_page:
                    rows = iter(part)
                    break
                job = job.with_rows(name, job.rows_out(name) + len(part))
                save = partial(self._store, planned, job)
                yield self._page(spec.window, spec.deleted, spec.fields, part, save)
            save = partial(self._store, planned, job.with_finished_file(name))
            yield self._page(spec.window, spec.deleted, spec.fields, rows, save)

    def _store(self, planned: PlannedJob, job: Job) -> None:
        planned.job = job
        self._store_jobs()

    def _rows(self, planned: PlannedJob) -> Iterator[Row]:
        """Yield the rows of all files of a job."""
        for _, rows in self._files(planned, resume=False):
            yield from rows

    def _files(self, planned: PlannedJob, *, resume: bool) -> Iterator[tuple[str, Iterator[Row]]]:
        """Yield a job's files, name and rows.

        Args:
            planned: The job; it is complete.
            resume: Whether to leave out the finished files.
        """
        while planned.job is not None and planned.files is not None:
            finished = planned.job.finished_files if resume else ()
            try:
                for name, label, file in self._jobs.files(planned.job, planned.files, finished):
                    yield (
                        name,
                        rows_of_file(
                            file,
                            label,
                            planned.spec.fields,
                            len(self._fields.keys),
                            on_repaired=self._on_repaired,
                            warn=partial(logger.warning, "%s: %s", self._jobs.stream),
                        ),
                    )
            except StreamFailed as error:
                if error.code not in EXPORT_GONE:
                    raise
                self._recreate(planned, "its files are gone")
                self._make_ready(planned)
            else:
                return
        raise StreamFailed("Pardot refuses now what it took before: run again.")

    def _queried(self, window: Window, *, deleted: bool) -> Iterator[Page]:
        """Yield a window's rows on one side of the recycle bin, by query."""
        lacking = self._creator.rejected.names
        if deleted:
            lacking = lacking | self._query.lacks
        fields = [name for name in self._fields.all if name not in lacking]
        first = next(each for each in self._plan.jobs if each.spec.window == window)
        job = None if deleted else first.job
        cursor = 0 if job is None else job.cursor
        for rows, last in self._query.pages(window, fields, deleted=deleted, cursor=cursor):
            save = None
            if self._rows_per_page is not None and job is not None and last:
                save = partial(self._store, first, job.with_cursor(last))
            yield self._page(window, deleted, fields, rows, save)

    def _page(
        self,
        window: Window,
        deleted: bool | None,  # noqa: FBT001
        fields: Sequence[str],
        rows: Iterable[Row],
        save: Callable[[], None] | None = None,
    ) -> Page:
        bounds = (to_iso(window.start), to_iso(window.end))
        return Page(rows, fields, self._values(deleted), bounds, save=save)
