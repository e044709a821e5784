"""The first half of a stream that reads from export jobs: what jobs there should be.

All jobs of a run are created before anything else is read, since Pardot runs them one after
another. Their ids live in STATE, so an interrupted run's jobs are taken up by the next one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar

from tap_pardot.api.codes import REJECTED_FIELD, UNKNOWN_ARGUMENT
from tap_pardot.api.dialect import Export
from tap_pardot.errors import (
    ConfigurationError,
    RequestTooLarge,
    RunStopped,
    StreamFailed,
    TapPardotError,
)
from tap_pardot.sources import export_plan
from tap_pardot.sources.export_fields import RejectedFields
from tap_pardot.sources.export_jobs import ExportJobClient, JobSettings
from tap_pardot.sources.export_plan import Job, JobSpec, PlannedJob
from tap_pardot.streams.bulk import BulkStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_pardot.records.times import Window
    from tap_pardot.tap import TapPardot


class PlannedStream(BulkStream):
    """Plans export jobs in windows of at most a year, and creates them."""

    procedure: ClassVar[str] = "filter_by_updated_at"
    """What filters by the :attr:`bounds`."""

    deleted_argument: ClassVar[str | None] = None
    """The argument that chooses the recycle bin, for objects that have one."""

    def __init__(self, tap: TapPardot) -> None:
        super().__init__(tap)
        self.slots: list[PlannedJob] = []
        self.refused = set()
        self.failed_early: Exception | None = None
        self.bin_by_query = False
        """Whether exports refuse the argument that chooses the recycle bin."""

    @cached_property
    def custom(self) -> tuple[str, ...]:
        """The selected custom fields, as the API names them."""
        return ()

    @cached_property
    def refusals(self) -> RejectedFields:
        """What exports refuse of them."""
        rejected = RejectedFields(self.keys, self.custom, self.bookmark.refused)
        self.refused = rejected.names
        return rejected

    @cached_property
    def desk(self) -> ExportJobClient:
        """Where jobs are created and waited for."""
        run = self.run
        return ExportJobClient(
            partial(run.client.call, self.name),
            run.client.v4.in_zone(run.zone),
            stream=self.name,
            clock=run.client.clock,
            tracker=run.waiting,
            timezone_check=run.timezone_check,
            settings=JobSettings(
                run.export_poll_interval, run.export_timeout, run.max_concurrent_requests
            ),
        )

    @cached_property
    def export(self) -> Export:
        """What is exported."""
        time = "created_at" if self.bounds[0] == "created_after" else "updated_at"
        return Export(self.pardot_object, time=time, deleted=self.deleted_argument is not None)

    submitted = False
    """Whether the jobs were planned; at the latest that is done at the stream's turn."""

    def submit(self) -> None:
        """Take up the jobs in STATE and create as many of the others as may wait at once.

        What ends the whole run is reported at once, a failure of this stream when its turn comes.
        """
        if self.tap.report.is_over or self.reads_by_query or self.failed_early is not None:
            return
        self.submitted = True
        self._keep_failure(self._plan_and_create)

    def _plan_and_create(self) -> None:
        self.slots = self._plan()
        self._keep()
        self._create_ahead()

    def submit_first(self) -> None:
        """Create the first job, if there was no place for it before.

        Called before SCHEMA is written, because what exports refuse decides its columns.
        """
        if not self.submitted:
            self.submit()
        if self.slots and not any(slot.job for slot in self.slots) and self.failed_early is None:
            self._keep_failure(self._create_first)

    def _create_first(self) -> None:
        waiting = self.run.waiting
        if waiting.is_stuck and waiting.is_full:
            return
        slot = self.slots[0]
        try:
            self._create(slot)
        except RequestTooLarge as error:
            self.split(slot.spec.window, error)

    def _keep_failure(self, action: Callable[[], None]) -> None:
        """Keep a failure of this stream until its turn comes; report one of the whole run."""
        try:
            action()
        except TapPardotError as found:
            error = self.classify(found)
            if isinstance(error, (ConfigurationError, RunStopped)):
                self.ended(error)
            self.failed_early = error
        except Exception as error:  # noqa: BLE001 - it is this stream's own, when its turn comes
            self.failed_early = error

    def _plan(self) -> list[PlannedJob]:
        """Return what the run needs, oldest window first, with the jobs that exist already."""
        kept, now = self.bookmark.jobs, self.run.now()
        window = self.window()
        if window is None:
            return []
        specs = (
            spec
            for piece in export_plan.windows_after_stored(window, kept, self.run.zone, self.widest)
            for spec in self._wanted(piece)
        )
        slots, left = export_plan.adopt(specs, kept, now)
        for slot in slots:
            if slot.job is not None:
                self.run.waiting.add(slot.job.id)
                self.logger.info("%s: taking up export %d.", self.name, slot.job.id)
        self.desk.discard(left)
        return slots

    def _wanted(self, window: Window) -> Iterator[JobSpec]:
        sides: tuple[bool | None, ...] = (None,)
        if self.deleted_argument is not None and "is_deleted" in self.columns:
            sides = (False, True)
        for deleted in sides:
            for fields in export_plan.chunks(self.refusals.accepted(self.fields), self.keys):
                yield self._want(window, deleted, fields)

    def _want(self, window: Window, deleted: bool | None, fields: tuple[str, ...]) -> JobSpec:  # noqa: FBT001
        fingerprint = export_plan.fingerprint(
            self.pardot_object, self.desk.dialect.procedure(self.export), self.run.zone, fields
        )
        return JobSpec(window, deleted, fields, fingerprint)

    def _create_ahead(self, reading: Window | None = None) -> None:
        """Create as many jobs as may wait.

        Raises:
            RequestTooLarge: Pardot has no time for a job of the window that is being read.
        """
        while not self.run.waiting.is_full:
            slot = next((slot for slot in self.slots if slot.job is None), None)
            if slot is None:
                return
            try:
                self._create(slot)
            except RequestTooLarge as error:
                if slot.spec.window == reading:
                    raise  # whoever reads it must begin anew
                self.split(slot.spec.window, error)

    def split(self, window: Window, error: RequestTooLarge) -> None:
        """Plan anew, in shorter windows, a window that Pardot has no time for and those after it.

        What is out of it already comes again.
        """
        self.halved(window, error)
        longer = [slot for slot in self.slots if slot.job is None or slot.spec.window == window]
        again = sorted({slot.spec.window for slot in longer})
        for slot in self.slots:
            if slot.spec.window in again and slot.job is not None:
                self.desk.cancel(slot.job.id)
        kept = [slot for slot in self.slots if slot.spec.window not in again]
        new = [
            PlannedJob(wanted)
            for whole in again
            for piece in export_plan.windows(whole.start, whole.end, self.run.zone, self.widest)
            for wanted in self._wanted(piece)
        ]
        self.slots = sorted([*kept, *new], key=lambda slot: slot.spec.window.start)
        self._keep()

    def _create(self, slot: PlannedJob) -> None:
        """Create a slot's job; or, when something in it is refused, plan again without that."""
        wanted, asked_the_bin = slot.spec, not self.bin_by_query
        try:
            slot.job = self._created(wanted)
        except StreamFailed as error:
            if error.code not in REJECTED_FIELD:
                raise
            self._do_without(wanted, error)
        else:
            self.refusals.note_accepted(wanted.fields)
            if self.bin_by_query and asked_the_bin:
                self._replan()
        self._keep()
        if slot.job is not None:
            self.desk.ensure_timezone_checked(slot.job)

    def _created(self, wanted: JobSpec) -> Job | None:
        """Create a job; None when it should not exist, because a query brings the recycle bin."""
        try:
            return self._ordered(wanted)
        except StreamFailed as error:
            without = self.deleted_argument is None or self.bin_by_query
            if error.code != UNKNOWN_ARGUMENT or without:
                raise
            self.bin_by_query = True
            self.logger.warning(
                "%s: exports refuse the argument %s (Pardot code %s): %s.",
                self.name,
                self.deleted_argument,
                error.code,
                self._what_becomes_of_the_bin(),
            )
        # Without the argument it would hold the living.
        return None if wanted.deleted else self._ordered(wanted)

    def _what_becomes_of_the_bin(self) -> str:
        if not self.query_tells_deleted:
            return "rows in the recycle bin are not read"
        lacking = len(self.export_only.intersection(self.fields))
        nulls = f", with null in the {lacking} columns that only exports have" if lacking else ""
        return f"rows in the recycle bin are read by query{nulls}"

    def _ordered(self, wanted: JobSpec) -> Job:
        deleted = self.deleted_argument is not None and not self.bin_by_query
        return self.desk.create(replace(self.export, deleted=deleted), wanted)

    def _do_without(self, wanted: JobSpec, error: StreamFailed) -> None:
        """Plan again without what a job is refused for; or leave it all to the query.

        Raises:
            StreamFailed: The refusal was not about a field, or there is no query.
        """
        try:
            self._learn(wanted, error)
        except StreamFailed as refusal:
            if refusal.code not in REJECTED_FIELD or not self.has_query:
                raise
            # Whether a time of change can be exported is not documented of all objects (D.8.5).
            self.not_exportable, self.slots = True, []
            self.logger.warning(
                "%s: Pardot refuses to export %s (code %s): the rows are read by query%s.",
                self.name,
                " and ".join(self.keys),
                refusal.code,
                "" if self.query_tells_deleted else ", but for those in the recycle bin",
            )
            self._plan_columns()
        else:
            self._replan()

    def _plan_columns(self) -> None:
        """Choose the columns anew, now that the query is the source; until SCHEMA is out."""
        if self.schema_written:
            return
        for name in ("columns", "fields", "custom", "decoder", "_conversions", "_several"):
            self.__dict__.pop(name, None)
        self.tap.renew_maps(self)

    def _learn(self, wanted: JobSpec, error: StreamFailed) -> None:
        def offer(fields: Sequence[str]) -> bool:
            part = self._want(wanted.window, wanted.deleted and None, (*self.keys, *fields))
            try:
                job = self._created(part)
            except StreamFailed as refusal:
                if refusal.code not in REJECTED_FIELD:
                    raise
                return False
            if job is not None:
                self.desk.cancel(job.id)
            return True

        knew_all = self.refusals.all_custom
        for name in self.refusals.bisect(wanted.fields, error, offer):
            self.logger.warning(
                "%s: Pardot refuses to export the field %s (code %s): its column is null; "
                "deselect it to save the calls that find this out in each run.",
                self.name,
                name,
                error.code,
            )
        if self.refusals.all_custom and not knew_all:
            self.logger.warning(
                "%s: exports refuse custom fields (Pardot code %s); they are read by query.",
                self.name,
                error.code,
            )

    def _replan(self) -> None:
        """Plan anew what has no job yet, with what is known by now."""
        groups: dict[tuple[Window, bool | None], list[PlannedJob]] = {}
        for slot in self.slots:
            made = groups.setdefault((slot.spec.window, slot.spec.deleted), [])
            if slot.job is not None:
                made.append(slot)
        self.slots = []
        for (window, deleted), made in groups.items():
            if deleted and self.bin_by_query and not made:
                continue
            covered = {name for slot in made for name in slot.spec.fields}
            rest = [n for n in self.refusals.accepted(self.fields) if n not in covered]
            self.slots += made
            if rest or not made:
                for fields in export_plan.chunks(rest, self.keys):
                    self.slots.append(PlannedJob(self._want(window, deleted, fields)))

    def _keep(self) -> None:
        jobs = [slot.job.to_state() for slot in self.slots if slot.job is not None]
        self.bookmark.keep_jobs(jobs, self.refusals.to_state())
        self.save()
