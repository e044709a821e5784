"""Source: export jobs — what is asked for, and in what state a job is (reference D).

Pure: plans windows and jobs, reads answers, says when to ask again. The calls are made by
:class:`~tap_pardot.api.client.Client`, the order of things by
:class:`~tap_pardot.streams.exports.ExportStream`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_pardot.records.times import (
    SECOND,
    Window,
    clamp,
    parse_instant,
    to_iso,
    unambiguous_edge,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

MOST_FIELDS = 150
"""Fields of one job (reference D.1)."""

YEAR = timedelta(days=365)
"""The longest range of one job (D.1); the second by which it is asked early counts."""

KEPT_FOR = timedelta(days=7)
"""How long Pardot keeps a job's files (D.1)."""


@dataclass(frozen=True)
class Job:
    """One export job, as STATE keeps it.

    Attributes:
        id: Pardot's id of the job.
        window: What it covers.
        made: When it was created, in UTC.
        deleted: Whether it holds the rows in the recycle bin; None where that is not asked.
        fields: The names it was asked for; not kept in STATE.
        mark: Fingerprint of object, procedure and fields, so that a job is not collected for
            another selection.
        done: Files that are out already.
    """

    id: int
    window: Window
    made: datetime
    deleted: bool | None
    fields: tuple[str, ...]
    mark: str
    done: tuple[str, ...] = field(default=())

    def kept(self) -> dict[str, Any]:
        """Return the job as STATE keeps it."""
        return {
            "id": self.id,
            "start": to_iso(self.window.start),
            "end": to_iso(self.window.end),
            "made": to_iso(self.made),
            "deleted": self.deleted,
            "mark": self.mark,
            "done": list(self.done),
        }

    def with_file(self, name: str) -> Job:
        """Return the job with one more file that is out."""
        return replace(self, done=(*self.done, name))


@dataclass(frozen=True)
class JobSpec:
    """A job that should exist."""

    window: Window
    deleted: bool | None
    fields: tuple[str, ...]
    mark: str

    def fits(self, kept: dict[str, Any], now: datetime) -> bool:
        """Whether a job in STATE is this one, and its files can still be there."""
        return (
            kept.get("mark") == self.mark
            and kept.get("deleted") is self.deleted
            and kept.get("start") == to_iso(self.window.start)
            and kept.get("end") == to_iso(self.window.end)
            and now - parse_instant(kept["made"]) < KEPT_FOR
        )

    def taken_up(self, kept: dict[str, Any]) -> Job:
        """Return the job that STATE kept, which fits."""
        made = parse_instant(kept["made"])
        done = tuple(kept["done"])
        return Job(kept["id"], self.window, made, self.deleted, self.fields, self.mark, done)


def windows(
    start: datetime, end: datetime, zone: ZoneInfo, longest: timedelta | None = None
) -> Iterator[Window]:
    """Yield [start, end) in pieces that one job may cover, oldest first.

    Args:
        start: The first instant.
        end: The instant after the last one.
        zone: The API user's zone.
        longest: What Pardot has time for, if that is known to be less than a year.
    """
    while start < end:
        after = start - SECOND
        edge = min(end, after + YEAR)
        if longest is not None:
            edge = clamp(Window(start, edge), longest, zone).end
        # Nothing says whether a year is counted on the wall or on a stopwatch: both have to fit.
        while (excess := _wall(edge, zone) - _wall(after, zone) - YEAR) > timedelta():
            edge -= excess
        if edge < end:
            edge = unambiguous_edge(edge, zone)
        yield Window(start, edge)
        start = edge


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def chunks(fields: Sequence[str], keys: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the fields in as few jobs as may hold them, each with the keys first."""
    others = [name for name in fields if name not in keys]
    room = MOST_FIELDS - len(keys)
    return [(*keys, *others[place : place + room]) for place in range(0, max(len(others), 1), room)]


def fingerprint(pardot_object: str, procedure: str, zone: ZoneInfo, fields: Sequence[str]) -> str:
    """Return what tells jobs of different selections apart.

    The zone is part of it: a file's times stay in the zone that the job was created in (D.9).
    """
    text = json.dumps([pardot_object, procedure, zone.key, sorted(fields)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_names(urls: Sequence[str]) -> dict[str, str]:
    """Return by address what names a result file in STATE and in messages.

    The end of its path, where that tells the files apart; hosts are opaque (D.10), and a name
    that two files share would make one of them look read already.
    """
    ends = [urlsplit(url).path.rstrip("/").rpartition("/")[2] for url in urls]
    if len(set(ends)) < len(urls) or not all(0 < len(end) <= _LONGEST_NAME for end in ends):
        ends = [hashlib.sha256(url.encode()).hexdigest()[:16] for url in urls]
    return dict(zip(urls, ends, strict=True))


def next_wait(waited: float, longest: float) -> float:
    """Return the seconds until a job is asked for again: two at first, then growing."""
    return min(max(2.0, waited / 2), longest)


_LONGEST_NAME = 40
