"""The base class of streams that read from export jobs.

Jobs are planned and created first (:mod:`~tap_pardot.streams.planned`), and collected here when
the other streams are through, oldest first.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tap_pardot.api.codes import EXPORT_GONE
from tap_pardot.errors import Outage, RequestTooLarge, StreamFailed, StreamSkipped
from tap_pardot.records.times import Window, first_half, to_iso
from tap_pardot.sources import legacy_query as query
from tap_pardot.sources.export_csv import RowJoiner, cells_of, rows_of_file
from tap_pardot.sources.export_jobs import JobLost
from tap_pardot.streams.planned import PlannedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_pardot.sources.export_plan import PlannedJob


class ExportStream(PlannedStream):
    """Rows of export jobs, in windows of at most a year."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of the jobs, window by window, and move the bookmark after each."""
        if not self.submitted:
            self.submit()
        if self.failed_early is not None:
            raise self.failed_early
        if not self.reads_by_query:
            yield from self._exported()
        if self.reads_by_query:
            if self.has_query and self.bookmark.jobs:
                self.desk.discard(self.bookmark.jobs)
                self.bookmark.keep_jobs([], [])
            yield from self.queried()

    def _exported(self) -> Iterator[dict[str, Any]]:
        line = self.line
        while self.slots:
            window = self.slots[0].spec.window
            try:
                for record in self._window(window):
                    line.rows += 1
                    yield record
            except RequestTooLarge as error:
                self.split(window, error)
                continue
            if self.not_exportable:
                return
            self.slots = [slot for slot in self.slots if slot.spec.window != window]
            self.passed(window)
            self._keep()
            self.line.done(f"up to {to_iso(window.end)}")

    def _window(self, window: Window) -> Iterator[dict[str, Any]]:
        resumed = any(slot.job and slot.job.finished_files for slot in self.slots)
        living = 0
        for deleted in (None, False, True):
            if self._of(window, deleted):
                for record in self._side(window, deleted):
                    living += deleted is not True
                    yield record
        if self._is_limited(window, None if resumed else living):
            fields = [name for name in self.fields if name not in self.refusals.names]
            rows = self._asked(window, fields, deleted=False)
            yield from self._decoded(rows, self.decoder.for_cells(fields), window, deleted=False)
        if self.bin_by_query and self.query_tells_deleted:
            lacking = self.export_only | self.refusals.names
            fields = [name for name in self.fields if name not in lacking]
            rows = self._asked(window, fields, deleted=True)
            decode = self.decoder.for_cells(fields)
            yield from self._decoded(rows, decode, window, deleted=True)

    def _is_limited(self, window: Window, exported: int | None) -> bool:
        """Whether a query has living rows of this window that exports leave out.

        Counts are compared until they tell, which STATE remembers: two calls at most in a run.

        Args:
            window: The window.
            exported: How many exports brought, if all of it was read in this run.
        """
        known, limits = self.bookmark.limited, self.maybe_exported
        if limits is None or known is not None or exported is None or self._compared:
            return bool(known)
        every = self._total(window, {})
        if not every:
            return False
        self._compared = True
        some = self._total(window, limits)
        if some is None or some >= every:
            return False  # it makes no difference here
        limited = abs(exported - some) < abs(exported - every)
        self.bookmark.note_limited(limited=limited)
        if limited:
            self.logger.warning(
                "%s: exports bring %d of %d rows, and leave out those that nobody identified: the "
                "living ones are read by query, too.",
                self.name,
                exported,
                every,
            )
        return limited

    def _total(self, window: Window, params: Mapping[str, str]) -> int | None:
        """Return how many living rows a query has in a window; None where it does not tell."""
        zone, (after, before) = self.run.zone, self.bounds
        bounds = {after: window.after(zone), before: window.before(zone), "limit": "1"}
        asked = {**self.query_params, **params, **bounds}
        name, client = self.pardot_object, self.run.client
        with suppress(StreamSkipped, StreamFailed, Outage):
            _, total = client.query(self.name, name, name, asked)
            return total
        return None

    _compared = False  # whether that was done in this run

    def _of(self, window: Window, deleted: bool | None) -> list[PlannedJob]:  # noqa: FBT001
        """Return the slots that bring the rows of one window, living or deleted."""
        return [
            slot
            for slot in self.slots
            if slot.spec.window == window and slot.spec.deleted is deleted
        ]

    def _side(self, window: Window, deleted: bool | None) -> Iterator[dict[str, Any]]:  # noqa: FBT001
        """Yield the rows of one window, living or deleted; whole, from as many jobs as it took."""
        # To wait may be to plan again, so the slots are looked up each time.
        while slot := next((s for s in self._of(window, deleted) if s.files is None), None):
            self._get_ready(slot)
        if not self._of(window, deleted):
            return
        first, *others = self._of(window, deleted)
        # Without a query of the recycle bin, what is in there has no custom fields.
        has_bin = self.query_tells_deleted
        sides = [
            side for side in (False, True) if deleted in {side, None} and (has_bin or not side)
        ]
        with RowJoiner() as joined:
            for slot in others:
                joined.add(slot.spec.fields, self._cells(slot, alone=False))
            if self.refusals.all_custom:
                fields = (*self.keys, *self.custom)
                for side in sides:
                    joined.add(
                        fields,
                        self._asked(window, fields, deleted=side),
                        is_optional=deleted is not False and not has_bin,
                    )
            # A row that another job lacks has changed meanwhile: the next window has it.
            fields, rows = joined.join(first.spec.fields, self._cells(first, alone=joined.is_empty))
            yield from self._decoded(rows, self.decoder.for_cells(fields), window, deleted=deleted)

    def _decoded(
        self,
        rows: Iterable[list[Any]],
        decode: Callable[[list[Any]], dict[str, Any]],
        window: Window,
        *,
        deleted: bool | None,
    ) -> Iterator[dict[str, Any]]:
        """Yield the records of a window's rows, and only those."""
        marks = self.marks(deleted)
        start, end = to_iso(window.start), to_iso(window.end)
        key = self.replication_key or ""
        for cells in rows:
            record = decode(cells)
            moment = record.get(key)
            if moment is None or start <= moment < end:
                record.update(marks)
                yield record

    def _asked(
        self, window: Window, fields: Sequence[str], *, deleted: bool
    ) -> Iterator[list[Any]]:
        """Yield what exports refuse and a query brings, as cells like a file's."""
        after, before = self.bounds
        zone, start = self.run.zone, window.start
        while start < window.end:
            part = self.fitting(Window(start, window.end))
            params = {
                **self.query_params,
                after: part.after(zone),
                before: part.before(zone),
            }
            if self.query_takes_fields:
                params["fields"] = ",".join(fields)
            if self.query_tells_deleted:
                params["deleted"] = str(deleted).lower()
            can_split = first_half(part, zone) is not None
            try:
                for page in query.by_id(self.source, params, can_split=can_split):
                    for row in page.rows:
                        yield cells_of(row, fields, self.decoder.count_repaired)
            except RequestTooLarge as error:
                self.halved(part, error)
            else:
                start = part.end

    def _cells(self, slot: PlannedJob, *, alone: bool) -> Iterator[list[Any]]:
        """Yield the rows of a job's files.

        Args:
            slot: The job's, ready.
            alone: Whether the end of a file means that its rows are out, for STATE to tell.
        """
        while slot.job is not None and slot.files is not None:
            job = slot.job
            try:
                for name, label, file in self.desk.files(
                    job, slot.files, job.finished_files if alone else ()
                ):
                    yield from rows_of_file(
                        file,
                        label,
                        job.spec.fields,
                        len(self.keys),
                        on_repaired=self.decoder.count_repaired,
                        warn=self._warn,
                    )
                    if alone:
                        slot.job = slot.job.with_finished_file(name)
                        self._keep()
            except StreamFailed as error:
                if error.code not in EXPORT_GONE:
                    raise
                self._again(slot, "its files are gone")
                self._get_ready(slot)
            else:
                return
        raise StreamFailed("Pardot refuses now what it took before: run again.")

    def _warn(self, say: str) -> None:
        self.logger.warning("%s: %s", self.name, say)

    def _get_ready(self, slot: PlannedJob) -> None:
        """Wait for a slot's job, created by now if it is not yet; it may be refused instead."""
        if slot.job is None:
            waiting = self.run.waiting
            if waiting.is_stuck and waiting.is_full:
                raise StreamFailed(
                    "No export was created, because those in the account's queue are not getting "
                    "ready: run again later."
                )
            self._create(slot)
        while slot.job is not None:
            try:
                slot.files = self.desk.wait(slot.job)
            except JobLost as lost:
                self._again(slot, str(lost))
            else:
                self._create_ahead(slot.spec.window)
                return

    def _again(self, slot: PlannedJob, why: str) -> None:
        """Create a slot's job anew, once.

        Raises:
            StreamFailed: That has been done before.
        """
        if slot.job is not None:
            self.run.waiting.remove(slot.job.id)
            self.logger.warning("%s: export %d is lost: %s.", self.name, slot.job.id, why)
        slot.job, slot.files = None, None
        slot.losses += 1
        if slot.losses > 1:
            self._keep()
            raise StreamFailed(
                f"An export was lost twice ({why}): run again; if it stays so, ask Salesforce "
                "support about the account's exports."
            )
        self._create(slot)

    def probe(self) -> str:
        """Ask for the list of exports: creating one would cost a place in the queue."""
        if self.reads_by_query:
            return super().probe()
        self.run.client.query(self.name, "export", "export", {"limit": "1"})
        return ""
