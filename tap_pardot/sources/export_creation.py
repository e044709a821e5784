"""Creates export jobs, and finds out which fields and arguments Pardot refuses in them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tap_pardot.api.codes import REJECTED_FIELD, UNKNOWN_ARGUMENT
from tap_pardot.errors import StreamFailed
from tap_pardot.sources.export_fields import RejectedFields
from tap_pardot.sources.export_plan import JobScope

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tap_pardot.api.dialect import Export, Query
    from tap_pardot.sources.export_jobs import ExportJobClient
    from tap_pardot.sources.export_plan import Job, JobSpec

logger = logging.getLogger("tap-pardot")


class KeysRejected(StreamFailed):
    """Pardot refuses to export a field that every job must have, so there can be no job."""


@dataclass(frozen=True)
class ExportFields:
    """The fields to read, as the API names them.

    Attributes:
        all: All of them, keys first.
        keys: Those that every job has: the id, and the time that windows are filtered by.
        custom: Those that are custom fields.
        needs_is_deleted: Whether the column ``is_deleted`` is read, so that active and deleted
            rows need jobs of their own.
        deleted_filters: Which rows to read: the active ones (False), the deleted ones (True), or
            both.
    """

    all: tuple[str, ...]
    keys: tuple[str, ...]
    custom: tuple[str, ...] = ()
    needs_is_deleted: bool = False
    deleted_filters: tuple[bool, ...] = (False, True)


class JobCreator:
    """Creates the jobs of one stream.

    Args:
        jobs: Makes the calls.
        endpoint: The stream's declaration.
        fields: The fields to read.
        query: The query of the same object; None if there is none.
        rejected: The fields that an interrupted run found to be refused, as stored in STATE.
    """

    def __init__(
        self,
        jobs: ExportJobClient,
        endpoint: Export,
        fields: ExportFields,
        query: Query | None,
        rejected: Collection[str],
    ) -> None:
        self._jobs = jobs
        self._endpoint = endpoint
        self._fields = fields
        self._query = query
        self._has_recycle_bin = endpoint.deleted
        self.rejected = RejectedFields(fields.keys, fields.custom, rejected)
        self.scope = JobScope(
            endpoint.object, jobs.dialect.procedure(endpoint), jobs.dialect.zone, fields.keys
        )

    @property
    def deleted_filters(self) -> tuple[bool | None, ...]:
        """The values of ``deleted`` that need jobs of their own; None is active and deleted."""
        wanted = self._fields.deleted_filters
        if not self._has_recycle_bin or (len(wanted) > 1 and not self._fields.needs_is_deleted):
            return (None,)
        return tuple(each for each in wanted if not (each and self.lacks_recycle_bin))

    @property
    def lacks_recycle_bin(self) -> bool:
        """Whether deleted rows are to be read, but exports refuse the argument ``deleted``."""
        refuses = self._has_recycle_bin and not self._endpoint.deleted
        return refuses and True in self._fields.deleted_filters

    @property
    def accepted_fields(self) -> list[str]:
        """The fields that exports are not known to refuse."""
        return self.rejected.accepted(self._fields.all)

    def create(self, spec: JobSpec) -> Job | None:
        """Create a job and return it. None if Pardot refused it, so that jobs must be replanned.

        Raises:
            KeysRejected: Exports refuse a field that every job must have.
            TapPardotError: As of :meth:`ExportJobClient.create`.
        """
        try:
            job = self._jobs.create(self._endpoint, spec)
        except StreamFailed as refusal:
            if refusal.code in REJECTED_FIELD:
                self._reject_fields(spec, refusal)
                return None
            self._reject_recycle_bin(refusal)
            # Without the argument, a job returns the active rows.
            return None if spec.deleted else self.create(spec)
        self.rejected.note_accepted(spec.fields)
        return job

    # --- the recycle bin ---

    def _reject_recycle_bin(self, refusal: StreamFailed) -> None:
        """Create jobs without the argument ``deleted`` from now on, and log it.

        Raises:
            StreamFailed: The refusal is not about this argument.
        """
        if refusal.code != UNKNOWN_ARGUMENT or not self._endpoint.deleted:
            raise refusal
        self._endpoint = replace(self._endpoint, deleted=False)
        logger.warning(
            "%s: exports refuse the argument %s (Pardot code %s): %s.",
            self._jobs.stream,
            "deleted",
            refusal.code,
            self._consequence(),
        )

    def _consequence(self) -> str:
        """Return what happens to deleted rows instead, for the log."""
        if self._query is None or not self._query.deleted:
            return "rows in the recycle bin are not read"
        lacking = len(self._query.lacks.intersection(self._fields.all))
        nulls = f", with null in the {lacking} columns that only exports have" if lacking else ""
        return f"rows in the recycle bin are read by query{nulls}"

    # --- fields ---

    def _reject_fields(self, spec: JobSpec, refusal: StreamFailed) -> None:
        """Find out because of which fields a job was refused, and log them.

        Raises:
            KeysRejected: It was refused because of the keys.
            StreamFailed: Pardot refuses the fields only in combination.
        """
        had_custom = not self.rejected.all_custom
        try:
            names = self.rejected.bisect(
                spec.fields, refusal, lambda fields: self._accepts(spec, fields)
            )
        except StreamFailed as error:
            if error.code not in REJECTED_FIELD:
                raise
            raise KeysRejected(self._advice(error), error.code) from None
        if self.rejected.accepted(spec.fields) == list(spec.fields):
            raise refusal  # Pardot accepts each field, but not all of them together
        for name in names:
            logger.warning(
                "%s: Pardot refuses to export the field %s (code %s): its column is null; "
                "deselect it to save the calls that find this out in each run.",
                self._jobs.stream,
                name,
                refusal.code,
            )
        if self.rejected.all_custom and had_custom:
            logger.warning(
                "%s: exports refuse custom fields (Pardot code %s); they are read by query.",
                self._jobs.stream,
                refusal.code,
            )

    def _accepts(self, spec: JobSpec, fields: Sequence[str]) -> bool:
        """Return whether Pardot accepts a job with the keys and these fields; cancel the job."""
        deleted = False if spec.deleted is False else None
        trial = self.scope.spec(spec.window, deleted, (*self._fields.keys, *fields))
        while True:
            try:
                job = self._jobs.create(self._endpoint, trial)
            except StreamFailed as refusal:
                if refusal.code in REJECTED_FIELD:
                    return False
                self._reject_recycle_bin(refusal)
            else:
                self._jobs.cancel(job.id)
                return True

    def _advice(self, refusal: StreamFailed) -> str:
        """Return the sentence about refused keys."""
        if self._query is None:
            return refusal.message
        return (
            f"Pardot refuses to export {' and '.join(self._fields.keys)}, which it did not before: "
            "run again, the rows are then read by query."
        )
