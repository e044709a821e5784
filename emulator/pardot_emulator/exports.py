"""The account's export jobs: a serial queue on the emulator's clock (reference D.1, D.5).

Nothing runs in the background. Whoever looks at a job, or changes a row, first lets the queue
catch up: each job takes its rows at the moment it begins to run, not when it was created.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from pardot_emulator.dates import DAY
from pardot_emulator.errors import PardotError
from pardot_emulator.query import Selection
from pardot_emulator.sheets import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pardot_emulator.dates import WallClock
    from pardot_emulator.model import Model
    from pardot_emulator.procedures import Plan
    from pardot_emulator.settings import Settings

WAITING, PROCESSING = "Waiting", "Processing"
COMPLETE, FAILED, CANCELED = "Complete", "Failed", "Canceled"
# The life of a job (D.5); what has no way out is final.
TRANSITIONS = {
    WAITING: frozenset({PROCESSING, CANCELED}),
    PROCESSING: frozenset({COMPLETE, FAILED, CANCELED}),
}
KEPT = 7 * DAY
# Real ids are six digits and more (sample of D.4).
_FIRST_JOB, _FIRST_FILE = 201_917, 20_201
_BATCH = 1_000
_SHUFFLED = "(id * 2654435761 + {} * 40503) % 65521, id"


@dataclass
class ResultFile:
    """One file of a job: rows ``first`` to ``last`` of its snapshot, counted from 1."""

    id: int
    job: Job
    first: int
    last: int

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.last - self.first + 1


@dataclass
class Job:
    """One export.

    Attributes:
        id: Number of the job.
        plan: What was asked for.
        wall: The creator's clock at creation, for the times in the files.
        version: API version it was created with.
        born: When, by the clock of the pace.
        state: See `TRANSITIONS`.
        started: When it began to run.
        ended: When it reached a final state.
        polls: Reads while it ran.
        rows: Rows taken.
        files: Its files; only of a complete job are they shown.
        is_expired: Its files are gone.
        sheet: How its rows are written.
        bom: Files begin with a byte order mark.
    """

    id: int
    plan: Plan
    wall: WallClock
    version: str
    born: float
    state: str = WAITING
    started: float | None = None
    ended: float | None = None
    polls: int = 0
    rows: int | None = None
    files: list[ResultFile] = field(default_factory=list)
    is_expired: bool = False
    sheet: Sheet | None = None
    bom: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in TRANSITIONS

    def as_dict(self) -> dict[str, Any]:
        """Return what tests and the control endpoint are told."""
        return {
            "id": self.id,
            "object": self.plan.target.name,
            "procedure": self.plan.procedure,
            "arguments": dict(self.plan.arguments),
            "fields": list(self.plan.fields),
            "state": self.state,
            "isExpired": self.is_expired,
            "rows": self.rows,
            "files": [{"id": one.id, "rows": one.rows} for one in self.files],
        }


class Exports:
    """All jobs created through the API. The caller holds the emulator's lock."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._jobs: dict[int, Job] = {}
        self._free_at = float("-inf")
        self._next_file = _FIRST_FILE
        self._busy = False

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def get(self, number: int) -> Job | None:
        """Return a job that was created through the API."""
        return self._jobs.get(number)

    def clear(self) -> None:
        """Forget all jobs and free their snapshots."""
        for job in self._jobs.values():
            self._model.drop_snapshot(job.id)
        self._jobs.clear()
        self._free_at = float("-inf")

    def create(self, plan: Plan, version: str) -> Job:
        """Put a job at the end of the queue."""
        self.advance()
        settings = self._settings
        number = max(self._model.next_id("export"), _FIRST_JOB, *(one + 1 for one in self._jobs))
        job = Job(number, plan, settings.wall, version, settings.pace())
        now = settings.now()
        self._busy = True
        try:
            self._model.add(
                "export",
                [
                    {
                        "id": number,
                        "state": WAITING,
                        "object": plan.target.name,
                        "createdAt": now,
                        "updatedAt": now,
                    }
                ],
            )
        finally:
            self._busy = False
        self._jobs[number] = job
        return job

    def poll(self) -> None:
        """Count a read, then catch up."""
        self.advance()
        for job in self._jobs.values():
            if job.state == PROCESSING:
                job.polls += 1
        self.advance()

    def cancel(self, job: Job) -> None:
        """End a job that waits or runs.

        Raises:
            PardotError: 178, it has ended already (D.7).
        """
        self.advance()
        if not job.is_open:
            raise PardotError(178)
        self.force(job, CANCELED)

    def force(self, job: Job, state: str) -> None:
        """Put a job into any state: for `cancel`, faults and tests."""
        self._busy = True
        try:
            if state == COMPLETE and job.rows is None:
                self._start(job, self._settings.pace())
            if state in TRANSITIONS:
                job.state, job.ended = state, None
                self._store(job)
            else:
                self._end(job, state, self._settings.pace())
        finally:
            self._busy = False

    def expire(self, job: Job) -> None:
        """Let a job's files vanish now."""
        self._busy = True
        try:
            self._expire(job)
        finally:
            self._busy = False

    def advance(self) -> None:
        """Let the queue catch up with the clock: oldest first, one at a time."""
        if self._busy or not self._jobs:
            return
        self._busy = True
        try:
            pace = self._settings.pace()
            for job in self._jobs.values():
                if job.is_open and not self._step(job, pace):
                    break
            for job in self._jobs.values():
                # "An export not finished in 7 days is cancelled", a finished one expires (D.1).
                if job.is_open and pace - job.born >= KEPT:
                    self._end(job, CANCELED, job.born + KEPT)
                if job.state == COMPLETE and pace - (job.ended or job.born) >= KEPT:
                    self._expire(job)
        finally:
            self._busy = False

    def batches(self, file: ResultFile) -> Iterator[bytes]:
        """Yield the content of a file in pieces; take the emulator's lock around each."""
        job = file.job
        if job.sheet is None:  # pragma: no cover -- files exist once a job has started
            return
        yield job.sheet.head(bom=job.bom)
        for first in range(file.first, file.last + 1, _BATCH):
            last = min(first + _BATCH - 1, file.last)
            yield job.sheet.lines(self._model.copied(job.id, first, last))

    def _step(self, job: Job, pace: float) -> bool:
        """Move the job at the head of the queue; say whether it ended."""
        settings = self._settings
        if job.state == WAITING:
            start = max(job.born + settings.export_wait, self._free_at)
            if pace < start:
                return False
            self._start(job, start)
        end = (job.started or pace) + settings.export_seconds
        if settings.export_polls is not None:
            end = pace
            if job.polls < settings.export_polls:
                return False
        elif pace < end:
            return False
        fails = settings.export_fail > 0
        if fails:
            settings.change({"export_fail": settings.export_fail - 1})
        self._end(job, FAILED if fails else COMPLETE, end)
        return True

    def _start(self, job: Job, at: float) -> None:
        settings, plan = self._settings, job.plan
        header = list(plan.fields)
        if settings.export_shuffle_columns:
            Random(job.id).shuffle(header)  # noqa: S311 -- an order, not a secret
        job.sheet = Sheet(plan.target.name, header, settings, job.wall)
        job.bom = settings.export_bom
        order = _SHUFFLED.format(job.id) if settings.export_shuffle_rows else "id"
        selection = Selection(plan.where, plan.values, order, -1, 0)
        job.rows = self._model.snapshot(job.id, job.sheet.columns, plan.target.name, selection)
        size = settings.export_file_rows
        for first in range(1, job.rows + 1, size):
            last = min(first + size - 1, job.rows)
            job.files.append(ResultFile(self._next_file, job, first, last))
            # Ids of neighbours are other accounts' files.
            self._next_file += 1 + (self._next_file * 7) % 11
        job.state, job.started = PROCESSING, at
        self._store(job)

    def _end(self, job: Job, state: str, at: float) -> None:
        job.state, job.ended = state, at
        self._free_at = max(self._free_at, at)
        if state != COMPLETE:
            self._model.drop_snapshot(job.id)
            job.files.clear()
        self._store(job)

    def _expire(self, job: Job) -> None:
        if not job.is_expired:
            job.is_expired = True
            job.files.clear()
            self._model.drop_snapshot(job.id)
            self._store(job)

    def _store(self, job: Job) -> None:
        at = job.ended or job.started or job.born
        changes = {"state": job.state, "isExpired": job.is_expired, "updatedAt": int(at)}
        self._model.update("export", [job.id], changes)
