"""Which export jobs should exist: windows, chunks of fields, fingerprints (reference D).

Pure. Jobs are created by :class:`~tap_pardot.sources.export_jobs.ExportJobClient`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_pardot.records.times import (
    SECOND,
    Window,
    clamp,
    first_half,
    parse_instant,
    to_iso,
    unambiguous_edge,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    StoredJob = dict[str, Any]
    StoredJobs = list[StoredJob]
    Sides = tuple[bool | None, ...]

MAX_FIELDS = 150
"""Fields of one job (reference D.1)."""

MAX_RANGE = timedelta(days=365)
"""The longest range of one job (D.1), with the second by which its lower bound is early."""

LIFETIME = timedelta(days=7)
"""How long Pardot stores the files of a job (D.1)."""

_MAX_NAME = 40  # characters of a file's name in STATE


@dataclass(frozen=True)
class JobSpec:
    """A job that should exist.

    Attributes:
        window: What it covers.
        deleted: Whether it has the rows in the recycle bin or the active ones; None where the
            two are not asked for apart.
        fields: The fields to ask for, keys first.
        fingerprint: Tells jobs of different objects, zones and fields apart.
    """

    window: Window
    deleted: bool | None
    fields: tuple[str, ...]
    fingerprint: str

    def matches(self, stored: StoredJob, now: datetime) -> bool:
        """Return whether a job in STATE is this one, and Pardot can still have its files."""
        return (
            stored.get("mark") == self.fingerprint
            and stored.get("deleted") is self.deleted
            and stored.get("start") == to_iso(self.window.start)
            and stored.get("end") == to_iso(self.window.end)
            and is_collectable(stored, now)
        )


@dataclass(frozen=True)
class Job:
    """A job that Pardot has.

    Attributes:
        id: Pardot's id of the job.
        spec: What was asked for.
        created_at: When it was created, in UTC.
        finished_files: Names of the files whose records are all out.
        open_file: Name of the file of which some rows are out.
        rows: How many of its rows are out.
        cursor: Of the rows that a query adds to the job's window, those up to this id are out.
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
        """Return a job that STATE has, and that matches a spec."""
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
        """Return what STATE has of the job."""
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
        """Whether some of its rows are out."""
        return bool(self.finished_files or self.rows or self.cursor)

    def rows_out(self, name: str) -> int:
        """Return how many rows of a file are out."""
        return self.rows if name == self.open_file else 0

    def with_rows(self, name: str, rows: int) -> Job:
        """Return the job with some rows of a file out."""
        return replace(self, open_file=name, rows=rows)

    def with_cursor(self, cursor: int) -> Job:
        """Return the job with rows that a query adds out, up to an id."""
        return replace(self, cursor=cursor)

    def with_finished_file(self, name: str) -> Job:
        """Return the job with one more file whose records are out."""
        finished = (*self.finished_files, name)
        return replace(self, finished_files=finished, open_file=None, rows=0)


@dataclass
class PlannedJob:
    """A job that should exist, and how far it is.

    Attributes:
        spec: What to ask for.
        job: The job, once it was created.
        files: Addresses of its files, once it is complete.
        losses: How often the job was lost.
    """

    spec: JobSpec
    job: Job | None = None
    files: tuple[str, ...] | None = None
    losses: int = 0


def is_collectable(stored: StoredJob, now: datetime) -> bool:
    """Return whether Pardot can still have the files of a job in STATE."""
    return now - parse_instant(stored["made"]) < LIFETIME


def windows(
    start: datetime, end: datetime, zone: ZoneInfo, max_length: timedelta | None = None
) -> Iterator[Window]:
    """Yield [start, end) in windows that one job can cover, oldest first.

    Args:
        start: The first instant.
        end: The instant after the last one.
        zone: The API user's zone.
        max_length: The longest window that Pardot has time for, where a longer one has failed.
    """
    while start < end:
        after = start - SECOND
        edge = min(end, after + MAX_RANGE)
        if max_length is not None:
            edge = clamp(Window(start, edge), max_length, zone).end
        # No document says whether a year is counted in local time or in UTC: both have to fit.
        while (excess := _local(edge, zone) - _local(after, zone) - MAX_RANGE) > timedelta():
            edge -= excess
        if edge < end:
            edge = unambiguous_edge(edge, zone)
        yield Window(start, edge)
        start = edge


def windows_after_stored(
    window: Window,
    stored: Iterable[StoredJob],
    zone: ZoneInfo,
    max_length: timedelta | None = None,
) -> Iterator[Window]:
    """Yield a window in the windows of the jobs in STATE, and the rest of it in new ones."""
    start = window.start
    ends = {parse_instant(each["start"]): parse_instant(each["end"]) for each in stored}
    while start in ends and start < ends[start] <= window.end:
        yield Window(start, ends[start])
        start = ends[start]
    yield from windows(start, window.end, zone, max_length)


def length_after_expiry(
    stored: Iterable[StoredJob], zone: ZoneInfo, now: datetime
) -> timedelta | None:
    """Return how long windows may be, if rows of a job were read until Pardot deleted its files.

    The next job of its window starts with the first row again. Half the window can be read while
    Pardot has the files, or half of that.
    """
    for each in stored:
        is_begun = each["done"] or each.get("rows") or each.get("cursor")
        if is_begun and not is_collectable(each, now):
            whole = Window(parse_instant(each["start"]), parse_instant(each["end"]))
            half = first_half(whole, zone)
            return None if half is None else half.end - half.start
    return None


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def chunks(fields: Sequence[str], keys: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the fields in as few jobs as can have them, each with the keys first."""
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
    """Return by address the name of a result file in STATE and in messages.

    That is the end of its path, where these ends differ; hosts are opaque (D.10). Two files with
    the same name would make one of them look finished.
    """
    ends = [urlsplit(url).path.rstrip("/").rpartition("/")[2] for url in urls]
    if len(set(ends)) < len(urls) or not all(0 < len(end) <= _MAX_NAME for end in ends):
        ends = [hashlib.sha256(url.encode()).hexdigest()[:16] for url in urls]
    return dict(zip(urls, ends, strict=True))


def next_wait(waited: float, longest: float) -> float:
    """Return the seconds until the next look at a job: two at first, then more and more."""
    return min(max(2.0, waited / 2), longest)


@dataclass(frozen=True)
class JobScope:
    """What all jobs of one stream have in common.

    Attributes:
        object: The object's name.
        procedure: The name of what filters it.
        zone: The API user's zone.
        keys: Fields that every job has.
    """

    object: str
    procedure: str
    zone: ZoneInfo
    keys: tuple[str, ...]

    def spec(self, window: Window, deleted: bool | None, fields: tuple[str, ...]) -> JobSpec:  # noqa: FBT001
        """Return the spec of a job with these fields."""
        mark = fingerprint(self.object, self.procedure, self.zone, fields)
        return JobSpec(window, deleted, fields, mark)

    def specs(self, window: Window, sides: Sides, fields: Sequence[str]) -> Iterator[JobSpec]:
        """Yield the specs of all jobs that a window needs."""
        for deleted in sides:
            for chunk in chunks(fields, self.keys):
                yield self.spec(window, deleted, chunk)


class ExportPlan:
    """The jobs that a reading still needs, oldest window first.

    ``sides`` of its methods are the sides of the recycle bin that have jobs of their own, and
    ``fields`` are those that exports accept.

    Args:
        scope: What the jobs have in common.
    """

    def __init__(self, scope: JobScope) -> None:
        self._scope = scope
        self.jobs: list[PlannedJob] = []

    def to_state(self) -> list[StoredJob]:
        """Return what STATE has of the jobs."""
        return [planned.job.to_state() for planned in self.jobs if planned.job is not None]

    @property
    def first_to_create(self) -> PlannedJob | None:
        """The first job that was not created yet."""
        return next((planned for planned in self.jobs if planned.job is None), None)

    @property
    def is_resumed(self) -> bool:
        """Whether an interrupted run has read some of the rows."""
        return any(planned.job and planned.job.is_begun for planned in self.jobs)

    def of(self, window: Window, deleted: bool | None) -> list[PlannedJob]:  # noqa: FBT001
        """Return the jobs for the rows of a window on one side of the recycle bin."""
        return [
            planned
            for planned in self.jobs
            if planned.spec.window == window and planned.spec.deleted is deleted
        ]

    def fill(self, windows: Iterable[Window], sides: Sides, fields: Sequence[str]) -> None:
        """Plan windows."""
        for window in windows:
            specs = self._scope.specs(window, sides, fields)
            self.jobs += [PlannedJob(spec) for spec in specs]

    def adopt(self, stored: StoredJobs, now: datetime) -> StoredJobs:
        """Take over the jobs in STATE that match; return the others."""
        left = list(stored)
        for planned in self.jobs:
            match = next((each for each in left if planned.spec.matches(each, now)), None)
            if match is not None:
                left.remove(match)
                planned.job = Job.from_state(match, planned.spec)
        return left

    def replan(self, sides: Sides, fields: Sequence[str]) -> None:
        """Plan anew what was not created yet, because exports refuse part of it."""
        groups: dict[tuple[Window, bool | None], list[PlannedJob]] = {}
        for planned in self.jobs:
            created = groups.setdefault((planned.spec.window, planned.spec.deleted), [])
            if planned.job is not None:
                created.append(planned)
        self.jobs = []
        for (window, deleted), created in groups.items():
            if deleted not in sides and not created:
                continue
            covered = {name for planned in created for name in planned.spec.fields}
            rest = [name for name in fields if name not in covered]
            self.jobs += created
            if rest or not created:
                specs = self._scope.specs(window, (deleted,), rest)
                self.jobs += [PlannedJob(spec) for spec in specs]

    def split(
        self, window: Window, max_length: timedelta, sides: Sides, fields: Sequence[str]
    ) -> list[Job]:
        """Plan shorter windows for a window and for all that was not created yet.

        Returns:
            The jobs that are not needed any more.
        """
        longer = {
            planned.spec.window
            for planned in self.jobs
            if planned.job is None or planned.spec.window == window
        }
        dropped = [planned for planned in self.jobs if planned.spec.window in longer]
        self.jobs = [planned for planned in self.jobs if planned.spec.window not in longer]
        for whole in sorted(longer):
            pieces = windows(whole.start, whole.end, self._scope.zone, max_length)
            self.fill(pieces, sides, fields)
        self.jobs.sort(key=lambda planned: planned.spec.window.start)
        return [planned.job for planned in dropped if planned.job is not None]

    def remove(self, window: Window) -> None:
        """Forget the jobs of a window."""
        self.jobs = [planned for planned in self.jobs if planned.spec.window != window]
