"""Creates export jobs, and finds out what exports refuse to have in them."""

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
    """Exports refuse a field that every job must have."""


@dataclass(frozen=True)
class ExportFields:
    """The fields to read, as the API names them.

    Attributes:
        all: All of them, keys first.
        keys: Those that every job has: the id, and the time by which windows go.
        custom: Those that are custom fields.
        needs_sides: Whether a column tells deleted rows from active ones.
    """

    all: tuple[str, ...]
    keys: tuple[str, ...]
    custom: tuple[str, ...] = ()
    needs_sides: bool = False


class JobCreator:
    """Creates the jobs of one stream.

    Args:
        jobs: Makes the calls.
        endpoint: What is exported.
        fields: The fields to read.
        query: The query of the same object, where it has one.
        rejected: What an interrupted run found out about fields, as STATE has it.
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
        self._has_sides = endpoint.deleted
        self.rejected = RejectedFields(fields.keys, fields.custom, rejected)
        self.scope = JobScope(
            endpoint.object, jobs.dialect.procedure(endpoint), jobs.dialect.zone, fields.keys
        )

    @property
    def sides(self) -> tuple[bool | None, ...]:
        """The sides of the recycle bin that need jobs of their own."""
        if not (self._has_sides and self._fields.needs_sides):
            return (None,)
        return (False,) if self.lacks_recycle_bin else (False, True)

    @property
    def lacks_recycle_bin(self) -> bool:
        """Whether exports refuse the argument for the recycle bin, and have active rows only."""
        return self._has_sides and not self._endpoint.deleted

    @property
    def accepted_fields(self) -> list[str]:
        """The fields that exports are not known to refuse."""
        return self.rejected.accepted(self._fields.all)

    def create(self, spec: JobSpec) -> Job | None:
        """Create a job; return None if it was refused, so that jobs must be planned anew.

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
            # Without the argument, a job has the active rows.
            return None if spec.deleted else self.create(spec)
        self.rejected.note_accepted(spec.fields)
        return job

    # --- the recycle bin ---

    def _reject_recycle_bin(self, refusal: StreamFailed) -> None:
        """Ask without the argument for the recycle bin from now on.

        Raises:
            StreamFailed: The refusal is about something else.
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
        if self._query is None or not self._query.deleted:
            return "rows in the recycle bin are not read"
        lacking = len(self._query.lacks.intersection(self._fields.all))
        nulls = f", with null in the {lacking} columns that only exports have" if lacking else ""
        return f"rows in the recycle bin are read by query{nulls}"

    # --- fields ---

    def _reject_fields(self, spec: JobSpec, refusal: StreamFailed) -> None:
        """Find out which fields a job was refused for, and log them.

        Raises:
            KeysRejected: It was refused for the keys.
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
            raise refusal  # Pardot accepts each of the fields, but not all of them
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
        """Return whether a job with the keys and these fields is accepted; leave none behind."""
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
        if self._query is None:
            return refusal.message
        return (
            f"Pardot refuses to export {' and '.join(self._fields.keys)}, which it did not before: "
            "run again, the rows are then read by query."
        )
