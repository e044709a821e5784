"""The account's export jobs: a serial queue on the emulator's clock (reference D.1 to D.7).

Nothing runs in the background. Looking at a job or changing a row first lets the queue catch up.
A job takes its rows when it begins to run, not when it is created.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from pardot_emulator.dates import DAY
from pardot_emulator.errors import PardotError
from pardot_emulator.procedures import canonical, plan, read_request
from pardot_emulator.query import SHUFFLED, Selection
from pardot_emulator.sheets import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pardot_emulator.dates import WallClock
    from pardot_emulator.model import Model
    from pardot_emulator.procedures import Plan
    from pardot_emulator.settings import Settings

Record = dict[str, Any]

WAITING, PROCESSING = "Waiting", "Processing"
COMPLETE, FAILED, CANCELED = "Complete", "Failed", "Canceled"
_OPEN = frozenset({WAITING, PROCESSING})
# Result files expire, and unfinished jobs are canceled, after 7 days (D.1).
_LIFETIME = 7 * DAY
# Real ids have six digits and more (sample of D.4).
_FIRST_JOB, _FIRST_FILE = 201_917, 20_201
_BATCH = 1_000


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
    """One export."""

    id: int
    plan: Plan  # what was asked for
    wall: WallClock  # the creator's clock at creation, for the times in the files
    version: str  # API version it was created with
    created_at: float  # by the clock of the jobs, as the other times
    state: str = WAITING
    started_at: float | None = None
    ended_at: float | None = None
    polls: int = 0  # reads while it ran
    rows: int | None = None  # rows taken
    files: list[ResultFile] = field(default_factory=list)  # shown once the job is complete
    is_expired: bool = False  # its files are gone
    sheet: Sheet | None = None  # writes its rows
    bom: bool = False  # files begin with a byte order mark

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in _OPEN

    def as_dict(self) -> Record:
        """Return the job for tests and the control endpoint."""
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
        self._is_changing = False

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def get(self, number: int) -> Job | None:
        """Return a job that was created through the API."""
        return self._jobs.get(number)

    def clear(self) -> None:
        """Remove all jobs and their snapshots."""
        for job in self:
            self._model.drop_snapshot(job.id)
        self._jobs.clear()
        self._free_at = float("-inf")

    # The operations after the common checks (D.2)

    def create(self, headers: Mapping[str, str], body: bytes, version: str) -> int:
        """Put a job at the end of the queue (D.3); return its id.

        Raises:
            PardotError: 46 or 49, 150 to 154, 174 to 177, 180.
        """
        settings, now = self._settings, self._settings.now()
        kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not settings.export_any_content_type:
            raise PardotError(151)
        request = read_request(body)
        # Abilities are per object (D.8); their code is not stated: 46 or 49 by meaning [?].
        settings.check_rights(canonical(request.object))
        wanted = plan(request, settings, self._model.custom_fields)
        self.advance()
        number = max(self._model.next_id("export"), _FIRST_JOB, *(one + 1 for one in self._jobs))
        row = {"id": number, "state": WAITING, "object": wanted.target.name}
        with self._changing():
            self._model.add("export", [{**row, "createdAt": now, "updatedAt": now}])
        self._jobs[number] = Job(number, wanted, settings.wall, version, settings.pace())
        return number

    def read(self, number: int, version: str) -> int:
        """Let a job move on (D.5); return its id.

        Raises:
            PardotError: 109, no such job; 228, it belongs to another API version.
        """
        self._find(number, version)
        self.advance()
        for job in self:
            job.polls += job.state == PROCESSING
        self.advance()
        return number

    def cancel(self, number: int, version: str) -> int:
        """End a job that waits or runs (D.7); return its id.

        Raises:
            PardotError: 109, 228; 178, it has ended already, as all seeded rows have.
        """
        job = self._find(number, None if self._settings.export_cancel_v3 else version)
        self.advance()
        if job is None or not job.is_open:
            raise PardotError(178)
        self.force(job, CANCELED)
        return number

    def file(self, number: int, file_id: int, version: str) -> ResultFile:
        """Return a file of a complete job.

        Raises:
            PardotError: 109, no such job or file; 178, still running, ended otherwise, or expired;
                228.
        """
        job = self._find(number, version)
        self.advance()
        if job is None or job.state != COMPLETE or job.is_expired:
            raise PardotError(178)
        found = next((one for one in job.files if one.id == file_id), None)
        if found is None:
            raise PardotError(109)
        return found

    def answer(self, record: Record, op: str, origin: str) -> Record:
        """Return the answer of create, read or cancel in the form of the switches (D.4 to D.7)."""
        if op == "read":
            self.add_refs([record], origin)
        if op == "cancel" and not self._settings.export_cancel_expired:
            del record["isExpired"]
        if self.is_flat(op):
            # The examples have no times.
            return {key: one for key, one in record.items() if not key.endswith("edAt")}
        return {"export": record}

    def is_flat(self, op: str) -> bool:
        """Return whether an answer to this operation comes without wrapper and envelope."""
        flat = {"flat": {"create", "read", "cancel"}, "flat_create": {"create"}}
        return op in flat.get(self._settings.export_answers, ())

    def add_refs(self, records: Iterable[Record], origin: str) -> None:
        """Add the links of a job: absent without files, a string for one, else an array (D.5)."""
        base = (self._settings.export_ref_base or origin).rstrip("/")
        for record in records:
            job = self._jobs.get(record["id"])
            if job is None or job.state != COMPLETE or not job.files:
                continue
            path = f"{base}/api/export/version/{job.version}/do/downloadResults/id/{job.id}/file"
            # "In no order": newest file first is not the order of the rows.
            refs = [f"{path}/{file.id}" for file in reversed(job.files)]
            record["resultRefs"] = refs[0] if len(refs) == 1 else refs

    # Changes of a state, and the content of files

    def force(self, job: Job, state: str) -> None:
        """Put a job into any state."""
        with self._changing():
            if state == COMPLETE and job.rows is None:
                self._start(job, self._settings.pace())
            if state in _OPEN:
                job.state, job.ended_at = state, None
                self._store(job)
            else:
                self._end(job, state, self._settings.pace())

    def expire(self, job: Job) -> None:
        """Expire a job's files now."""
        with self._changing():
            self._expire(job)

    def advance(self) -> None:
        """Let the queue catch up with the clock: oldest first, one at a time."""
        if self._is_changing or not self._jobs:
            return
        with self._changing():
            pace = self._settings.pace()
            for job in self:
                if job.is_open and not self._step(job, pace):
                    break
            for job in self:
                if job.is_open and pace - job.created_at >= _LIFETIME:
                    self._end(job, CANCELED, job.created_at + _LIFETIME)
                if job.state == COMPLETE and pace - (job.ended_at or job.created_at) >= _LIFETIME:
                    self._expire(job)

    def batches(self, file: ResultFile) -> Iterator[bytes]:
        """Yield the content of a file in pieces; take the emulator's lock around each."""
        job = file.job
        if job.sheet is None:  # pragma: no cover -- files exist once a job has started
            return
        yield job.sheet.head(bom=job.bom)
        for first in range(file.first, file.last + 1, _BATCH):
            last = min(first + _BATCH - 1, file.last)
            yield job.sheet.lines(self._model.copied(job.id, first, last))

    def _find(self, number: int, version: str | None) -> Job | None:
        """Return a job, None for a seeded row; see `read` for the refusals."""
        if not self._model.where("export", "id = ?", [number]):
            raise PardotError(109)
        job = self._jobs.get(number)
        if job is not None and version is not None and job.version != version:
            raise PardotError(228)
        return job

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Keep changes of rows made here from advancing the queue again."""
        self._is_changing = True
        try:
            yield
        finally:
            self._is_changing = False

    def _step(self, job: Job, pace: float) -> bool:
        """Move the job at the head of the queue; return whether it ended."""
        settings = self._settings
        if job.state == WAITING:
            # The clock may have been set back since the last job ended.
            free_at = min(self._free_at, pace)
            start = max(job.created_at + settings.export_wait, free_at)
            if pace < start:
                return False
            self._start(job, start)
        if settings.export_polls is None:
            end = (job.started_at or pace) + settings.export_seconds
            is_over = pace >= end
        else:
            end, is_over = pace, job.polls >= settings.export_polls
        if is_over:
            fails = settings.export_fail > 0
            if fails:
                settings.change({"export_fail": settings.export_fail - 1})
            self._end(job, FAILED if fails else COMPLETE, end)
        return is_over

    def _start(self, job: Job, at: float) -> None:
        settings, plan = self._settings, job.plan
        header = list(plan.fields)
        if settings.export_shuffle_columns:
            Random(job.id).shuffle(header)  # noqa: S311 -- an order, not a secret
        job.sheet = Sheet(plan.target.name, header, settings, job.wall)
        job.bom = settings.export_bom
        order = SHUFFLED.format(job.id) if settings.export_shuffle_rows else "id"
        selection = Selection(plan.where, plan.values, order, -1, 0)
        job.rows = self._model.snapshot(job.id, job.sheet.columns, plan.target.name, selection)
        size = settings.export_file_rows
        for first in range(1, job.rows + 1, size):
            last = min(first + size - 1, job.rows)
            job.files.append(ResultFile(self._next_file, job, first, last))
            # The ids between belong to other accounts' files.
            self._next_file += 1 + (self._next_file * 7) % 11
        job.state, job.started_at = PROCESSING, at
        self._store(job)

    def _end(self, job: Job, state: str, at: float) -> None:
        job.state, job.ended_at = state, at
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
        at = job.ended_at or job.started_at or job.created_at
        changes = {"state": job.state, "isExpired": job.is_expired, "updatedAt": int(at)}
        self._model.update("export", [job.id], changes)
