"""Plans export jobs: their fields, and which jobs in STATE match (reference D).

Pure: no I/O. :class:`~tap_pardot.sources.export_jobs.ExportJobClient` creates the jobs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_pardot.records.times import (
    Window,
    parse_instant,
    to_iso,
)
from tap_pardot.sources.export_windows import is_collectable, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    StoredJob = dict[str, Any]
    StoredJobs = list[StoredJob]
    DeletedFilters = tuple[bool | None, ...]

MAX_FIELDS = 150
"""Fields of one job (reference D.1)."""

_MAX_NAME = 40  # characters of a file's name in STATE


@dataclass(frozen=True)
class JobSpec:
    """A job that should exist.

    Attributes:
        window: The window that it covers.
        deleted: True for the rows in the recycle bin, False for the active ones, None for both.
        fields: The fields to request, keys first.
        fingerprint: A hash that differs between jobs of different objects, zones and fields.
    """

    window: Window
    deleted: bool | None
    fields: tuple[str, ...]
    fingerprint: str

    def matches(self, stored: StoredJob, now: datetime) -> bool:
        """Return whether a stored job is this one, and Pardot can still have its files."""
        return (
            stored.get("mark") == self.fingerprint
            and stored.get("deleted") is self.deleted
            and stored.get("start") == to_iso(self.window.start)
            and stored.get("end") == to_iso(self.window.end)
            and is_collectable(stored, now)
        )


@dataclass(frozen=True)
class Job:
    """A job that was created, and how much of it is written.

    Attributes:
        id: Pardot's id of the job.
        spec: What was requested.
        created_at: When it was created, in UTC.
        finished_files: The names of the files whose records are all written.
        open_file: The name of the file of which some rows are written.
        rows: How many rows of the open file are written.
        cursor: Rows that a query adds to the job's window are written up to this id.
    """

    id: int
    spec: JobSpec
    created_at: datetime
    finished_files: tuple[str, ...] = ()
    open_file: str | None = None
    rows: int = 0
    cursor: int = 0

    @classmethod
    def from_state(cls, stored: StoredJob, spec: JobSpec) -> Job:
        """Return the job that STATE stores; it matches the spec."""
        created_at = parse_instant(stored["made"])
        progress = {key: stored[key] for key in ("rows", "cursor") if stored.get(key)}
        return cls(
            stored["id"],
            spec,
            created_at,
            tuple(stored["done"]),
            open_file=stored.get("file"),
            **progress,
        )

    def to_state(self) -> StoredJob:
        """Return the job as STATE stores it."""
        progress = {"file": self.open_file, "rows": self.rows, "cursor": self.cursor}
        return {
            "id": self.id,
            "start": to_iso(self.spec.window.start),
            "end": to_iso(self.spec.window.end),
            "made": to_iso(self.created_at),
            "deleted": self.spec.deleted,
            "mark": self.spec.fingerprint,
            "done": list(self.finished_files),
            **{key: value for key, value in progress.items() if value},
        }

    @property
    def is_begun(self) -> bool:
        """Whether some of its rows are written."""
        return bool(self.finished_files or self.rows or self.cursor)

    def rows_written(self, name: str) -> int:
        """Return how many rows of an unfinished file are written."""
        return self.rows if name == self.open_file else 0

    def with_rows(self, name: str, rows: int) -> Job:
        """Return a copy of the job: so many rows of a file are written."""
        return replace(self, open_file=name, rows=rows)

    def with_cursor(self, cursor: int) -> Job:
        """Return a copy of the job: rows that a query adds are written up to an id."""
        return replace(self, cursor=cursor)

    def with_finished_file(self, name: str) -> Job:
        """Return a copy of the job: all records of one more file are written."""
        finished = (*self.finished_files, name)
        return replace(self, finished_files=finished, open_file=None, rows=0)


@dataclass
class PlannedJob:
    """A job that should exist, and how far it is.

    Attributes:
        spec: What to request.
        job: The job, once it is created.
        files: The URLs of its files, once it is complete.
        losses: How often the job was lost.
    """

    spec: JobSpec
    job: Job | None = None
    files: tuple[str, ...] | None = None
    losses: int = 0


def chunks(fields: Sequence[str], keys: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the fields for as few jobs as possible; each job has the keys first."""
    others = [name for name in fields if name not in keys]
    room = MAX_FIELDS - len(keys)
    return [(*keys, *others[place : place + room]) for place in range(0, max(len(others), 1), room)]


def fingerprint(pardot_object: str, procedure: str, zone: ZoneInfo, fields: Sequence[str]) -> str:
    """Return a hash that differs between jobs of different selections.

    The zone is part of it: the times in a file are in the zone that the job was created in (D.9).
    """
    text = json.dumps([pardot_object, procedure, zone.key, sorted(fields)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_names(urls: Sequence[str]) -> dict[str, str]:
    """Return by URL the name of a file in STATE and in messages.

    It is the last part of the URL's path (D.10), or a hash of the URL if two files would have the
    same name: one of them would look finished.
    """
    ends = [urlsplit(url).path.rstrip("/").rpartition("/")[2] for url in urls]
    if len(set(ends)) < len(urls) or not all(0 < len(end) <= _MAX_NAME for end in ends):
        ends = [hashlib.sha256(url.encode()).hexdigest()[:16] for url in urls]
    return dict(zip(urls, ends, strict=True))


@dataclass(frozen=True)
class JobScope:
    """What all jobs of one stream have in common.

    Attributes:
        object: The object's name.
        procedure: The name of the filter in the API.
        zone: The API user's zone.
        keys: The fields that every job has.
    """

    object: str
    procedure: str
    zone: ZoneInfo
    keys: tuple[str, ...]

    def spec(self, window: Window, deleted: bool | None, fields: tuple[str, ...]) -> JobSpec:  # noqa: FBT001
        """Return the spec of a job with these fields."""
        return JobSpec(
            window, deleted, fields, fingerprint(self.object, self.procedure, self.zone, fields)
        )

    def specs(
        self, window: Window, filters: DeletedFilters, fields: Sequence[str]
    ) -> Iterator[JobSpec]:
        """Yield the specs of all jobs that a window needs."""
        for deleted in filters:
            for chunk in chunks(fields, self.keys):
                yield self.spec(window, deleted, chunk)


class ExportPlan:
    """The windows and jobs that are still to be read, oldest window first.

    In its methods, ``filters`` are the values of ``deleted`` that need jobs of their own (see
    :class:`JobSpec`), and ``fields`` are those that exports accept.

    Args:
        scope: What the jobs have in common.
    """

    def __init__(self, scope: JobScope) -> None:
        self._scope = scope
        self.windows: list[Window] = []
        self.jobs: list[PlannedJob] = []

    def to_state(self) -> list[StoredJob]:
        """Return the created jobs as STATE stores them."""
        return [planned.job.to_state() for planned in self.jobs if planned.job is not None]

    @property
    def first_to_create(self) -> PlannedJob | None:
        """The first job that is not created yet; None if all are created."""
        return next((planned for planned in self.jobs if planned.job is None), None)

    @property
    def is_resumed(self) -> bool:
        """Whether an interrupted run has written some of the rows."""
        return any(planned.job and planned.job.is_begun for planned in self.jobs)

    def of(self, window: Window, deleted: bool | None) -> list[PlannedJob]:  # noqa: FBT001
        """Return the jobs of a window with one value of the filter ``deleted``."""
        return [
            planned
            for planned in self.jobs
            if planned.spec.window == window and planned.spec.deleted is deleted
        ]

    def fill(
        self,
        windows: Iterable[Window],
        filters: DeletedFilters,
        fields: Sequence[str],
        has_rows: Callable[[Window, bool | None], bool] = lambda *_: True,
    ) -> None:
        """Add windows, and the jobs that they need.

        Args:
            windows: The windows.
            filters: The values of ``deleted`` that need jobs of their own.
            fields: The fields to request.
            has_rows: Returns whether a window may have rows with a value of ``deleted``. If not,
                it needs no job for them.
        """
        for window in windows:
            needed = tuple(each for each in filters if has_rows(window, each))
            self.windows.append(window)
            self.jobs += [PlannedJob(spec) for spec in self._scope.specs(window, needed, fields)]

    def adopt(self, stored: StoredJobs, now: datetime) -> StoredJobs:
        """Use the stored jobs that match planned ones; return those that do not match."""
        unmatched = list(stored)
        for planned in self.jobs:
            match = next((each for each in unmatched if planned.spec.matches(each, now)), None)
            if match is not None:
                unmatched.remove(match)
                planned.job = Job.from_state(match, planned.spec)
        return unmatched

    def replan(self, filters: DeletedFilters, fields: Sequence[str]) -> None:
        """Plan the jobs that are not created yet again, because exports refuse part of them."""
        groups: dict[tuple[Window, bool | None], list[PlannedJob]] = {}
        for planned in self.jobs:
            created = groups.setdefault((planned.spec.window, planned.spec.deleted), [])
            if planned.job is not None:
                created.append(planned)
        self.jobs = []
        for (window, deleted), created in groups.items():
            if deleted not in filters and not created:
                continue
            covered = {name for planned in created for name in planned.spec.fields}
            rest = [name for name in fields if name not in covered]
            self.jobs += created
            if rest or not created:
                specs = self._scope.specs(window, (deleted,), rest)
                self.jobs += [PlannedJob(spec) for spec in specs]

    def split(
        self, window: Window, max_length: timedelta, filters: DeletedFilters, fields: Sequence[str]
    ) -> list[Job]:
        """Plan shorter windows for a window, and for all windows with a job not created yet.

        Returns:
            The created jobs of these windows, which are not needed any more.
        """
        longer = {window} | {each.spec.window for each in self.jobs if each.job is None}
        dropped = [planned for planned in self.jobs if planned.spec.window in longer]
        self.jobs = [planned for planned in self.jobs if planned.spec.window not in longer]
        self.windows = [each for each in self.windows if each not in longer]
        for whole in sorted(longer):
            pieces = windows(whole.start, whole.end, self._scope.zone, max_length)
            self.fill(pieces, filters, fields)
        self.windows.sort()
        self.jobs.sort(key=lambda planned: planned.spec.window.start)
        return [planned.job for planned in dropped if planned.job is not None]

    def remove(self, window: Window) -> None:
        """Remove a window and its jobs."""
        self.windows = [each for each in self.windows if each != window]
        self.jobs = [planned for planned in self.jobs if planned.spec.window != window]
