"""The source that reads the files of export jobs."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_pardot.api.codes import EXPORT_GONE
from tap_pardot.errors import RequestTooLarge, StreamFailed
from tap_pardot.records.times import to_iso
from tap_pardot.sources.base import Page, Source
from tap_pardot.sources.cells import in_blocks, in_parts, rows_of, without_rows
from tap_pardot.sources.export_creation import JobCreator
from tap_pardot.sources.export_csv import blocks_of_file
from tap_pardot.sources.export_query import AnonymousVisitors, SupplementQuery
from tap_pardot.sources.export_queue import ExportQueue
from tap_pardot.sources.row_joiner import RowJoiner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_pardot.api.dialect import Export
    from tap_pardot.records.times import Window
    from tap_pardot.sources.cells import Columns, Row
    from tap_pardot.sources.export_creation import ExportFields
    from tap_pardot.sources.export_jobs import ExportJobClient
    from tap_pardot.sources.export_plan import Job, PlannedJob
    from tap_pardot.sources.query import SplittingQuery
    from tap_pardot.state.bookmark import Bookmark

logger = logging.getLogger("tap-pardot")


class ExportSource(Source):
    """Rows of export jobs, in windows of at most a year.

    Args:
        jobs: Makes the calls for jobs.
        endpoint: The stream's declaration.
        fields: The fields to read.
        windows: The windows to read in this run.
        bookmark: The stream's bookmark, which also stores the jobs that were created.
        query: A query of the same object, for what exports refuse; None if there is none.
        values: Returns the values of computed columns for active rows (False), deleted rows (True)
            or both together (None).
        on_repaired: Called with the field's name for each cell that was repaired.
        write_state: Writes STATE.
        rows_per_page: Rows after which STATE is written; None to write it after each file.
        shorten: Returns a window from its first row on, as far as that is known.
        has_rows: Returns whether a window may have rows with a value of ``deleted``.
        grace: How far jobs in STATE may go beyond the end of a window.
    """

    def __init__(  # noqa: PLR0913
        self,
        jobs: ExportJobClient,
        endpoint: Export,
        fields: ExportFields,
        windows: Iterable[Window | None],
        bookmark: Bookmark,
        *,
        query: SplittingQuery | None,
        values: Callable[[bool | None], dict[str, Any]],
        on_repaired: Callable[[str], None],
        write_state: Callable[[], None],
        rows_per_page: int | None = None,
        shorten: Callable[[Window], Window] = lambda window: window,
        has_rows: Callable[[Window, bool | None], bool] = lambda *_: True,
        grace: timedelta = timedelta(),
    ) -> None:
        self._jobs = jobs
        self._rows_per_page = rows_per_page
        self._fields = fields
        self._values = values
        self._on_repaired = on_repaired
        self._windows = windows
        self._query = SupplementQuery(query, endpoint.time, on_repaired)
        self._creator = JobCreator(jobs, endpoint, fields, self._query.endpoint, bookmark.refused)
        self.queue = ExportQueue(
            jobs,
            self._creator,
            bookmark,
            write_state=write_state,
            shorten=shorten,
            has_rows=has_rows,
            stores_rows=rows_per_page is not None,
            grace=grace,
        )
        self._anonymous: AnonymousVisitors | None = None
        if (
            query is not None
            and query.calls.endpoint.identified is not None
            and False in fields.deleted_filters
        ):
            self._anonymous = AnonymousVisitors(query.calls, endpoint.time, bookmark)

    def submit(self) -> None:
        """Plan all jobs, adopt those in STATE, and create as many others as may wait.

        Errors as of :meth:`ExportQueue.fill`.
        """
        window = next(iter(self._windows), None)
        if window is not None:
            self.queue.fill(window)

    def prepare(self) -> None:
        """Create the first job; errors as of :meth:`ExportQueue.prepare`."""
        self.queue.prepare()

    def next_window(self, window: Window) -> Window:
        """Return the oldest window of the plan; plan windows and jobs first if there are none."""
        return self.queue.next_window(window)

    def split(self, window: Window, error: RequestTooLarge) -> None:
        """Plan shorter windows. Rows of the window that were written already are written again."""
        self.queue.split(window, error)

    def close(self, window: Window | None) -> None:
        """Drop the jobs of a window, because all of its rows are written."""
        if window is not None:
            self.queue.close(window)

    def pages(self, window: Window | None) -> Iterator[Page]:
        """Yield the pages of a window's jobs, then of the rows that only a query has.

        Raises:
            RequestTooLarge: Pardot runs out of time for a job of the window.
            TapPardotError: The stream cannot be read any further.
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
                is_resumed=self.queue.plan.is_resumed,
            )
        if self._creator.lacks_recycle_bin and self._query.has_recycle_bin:
            yield from self._queried(window, deleted=True)

    def _exported(self, window: Window) -> Iterator[Page]:
        for deleted in (None, False, True):
            yield from self._exported_pages(window, deleted)

    def _exported_pages(self, window: Window, deleted: bool | None) -> Iterator[Page]:  # noqa: FBT001
        """Yield the pages of a window's jobs with one value of the filter ``deleted``.

        If the fields are spread over several jobs, their rows are joined by id.
        """
        # Waiting can trigger re-planning, so look the jobs up again.
        while waiting := [
            each for each in self.queue.plan.of(window, deleted) if each.files is None
        ]:
            self.queue.make_ready(waiting[0])
        jobs = self.queue.plan.of(window, deleted)
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
            # A row that one of the jobs lacks has changed meanwhile: the next run's window has it.
            fields, rows = joiner.join(first.spec.fields, self._rows(first))
            yield self._page(window, deleted, fields, in_blocks(rows))

    def _add_custom_fields(self, joiner: RowJoiner, window: Window, deleted: bool | None) -> None:  # noqa: FBT001
        """Read the custom fields by query and join them, because exports refuse all of them.

        If the query cannot read the recycle bin, deleted rows have nulls in these columns.
        """
        fields = (*self._fields.keys, *self._fields.custom)
        has_deleted = self._query.has_recycle_bin
        for each in (False, True) if has_deleted else (False,):
            if deleted in {each, None}:
                rows = self._query.rows(window, fields, deleted=each)
                joiner.add(fields, rows, is_optional=deleted is not False and not has_deleted)

    def _files_as_pages(self, planned: PlannedJob) -> Iterator[Page]:
        """Yield the pages of a job's unfinished files, without the rows written already."""
        spec = planned.spec
        for name, all_blocks in self._files(planned, resume=True):
            job = planned.job
            if job is None:
                return
            blocks = without_rows(all_blocks, job.rows_written(name))
            if self._rows_per_page is not None:
                for part in in_parts(blocks, self._rows_per_page):
                    written = sum(len(columns[0]) for columns in part)
                    job = job.with_rows(name, job.rows_written(name) + written)
                    save = partial(self._store, planned, job)
                    yield self._page(spec.window, spec.deleted, spec.fields, part, save)
            # Empty by now if the rows were divided into parts.
            save = partial(self._store, planned, job.with_finished_file(name))
            yield self._page(spec.window, spec.deleted, spec.fields, blocks, save)

    def _store(self, planned: PlannedJob, job: Job) -> None:
        planned.job = job
        self.queue.store()

    def _rows(self, planned: PlannedJob) -> Iterator[Row]:
        """Yield the rows of all files of a job."""
        for _, blocks in self._files(planned, resume=False):
            yield from rows_of(blocks)

    def _files(
        self, planned: PlannedJob, *, resume: bool
    ) -> Iterator[tuple[str, Iterator[Columns]]]:
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
                        blocks_of_file(
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
                self.queue.recreate(planned, "its files are gone")
                self.queue.make_ready(planned)
            else:
                return
        raise StreamFailed("Pardot refuses an export that it accepted before: run again.")

    def _queried(self, window: Window, *, deleted: bool) -> Iterator[Page]:
        """Yield a window's active or deleted rows by query."""
        left_out = self._creator.rejected.names
        if deleted:
            left_out = left_out | self._query.lacks
        fields = [name for name in self._fields.all if name not in left_out]
        first = next((each for each in self.queue.plan.jobs if each.spec.window == window), None)
        job = None if deleted or first is None else first.job
        cursor = 0 if job is None else job.cursor
        for rows, last in self._query.pages(window, fields, deleted=deleted, cursor=cursor):
            save = None
            if self._rows_per_page is not None and first is not None and job is not None and last:
                save = partial(self._store, first, job.with_cursor(last))
            yield self._page(window, deleted, fields, in_blocks(rows), save)

    def _page(
        self,
        window: Window,
        deleted: bool | None,  # noqa: FBT001
        fields: Sequence[str],
        blocks: Iterable[Columns],
        save: Callable[[], None] | None = None,
    ) -> Page:
        bounds = (to_iso(window.start), to_iso(window.end))
        return Page(blocks, fields, self._values(deleted), bounds, save=save)
