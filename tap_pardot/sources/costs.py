"""The calls that a reading costs by query and by export, as far as they are known beforehand.

No I/O. A query takes a call for each full page and one for the last page, which is not full.
A job takes a call for its creation, one for the poll that finds it complete, and one for each file.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from tap_pardot.sources.export_windows import windows as job_windows

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tap_pardot.records.times import Window
    from tap_pardot.sources.rows_start import RowsStart
    from tap_pardot.state.bookmark import Bookmark

ROWS_PER_FILE = 100_000
"""Rows of one file of an export; no document says how many there are."""
POLLS = 4
"""Polls that wait for a stream's jobs, unless STATE knows how long the last job took."""


def calls_by_query(rows: int, page_size: int) -> int:
    """Return the calls for some rows by query."""
    return rows // page_size + 1


def calls_by_export(rows: int, windows: int, parts: int, polls: int) -> int:
    """Return the calls for some rows by export.

    Args:
        rows: The rows.
        windows: The windows, of at most a year each, that the rows are spread over.
        parts: How many jobs one window needs for all of its fields.
        polls: The polls that wait for the jobs.
    """
    files = ceil(rows / windows / ROWS_PER_FILE)
    return windows * parts * (2 + files) + polls


def polls_of(last_duration: int | None, poll_interval: int) -> int:
    """Return the polls that wait for jobs.

    Args:
        last_duration: Seconds that the last job took; None if unknown.
        poll_interval: Seconds between two polls.
    """
    return POLLS if last_duration is None else ceil(last_duration / poll_interval)


@dataclass(frozen=True)
class ExportCost:
    """What it costs to export a stream.

    Attributes:
        rows_start: Knows where the rows of the stream start.
        bookmark: The stream's bookmark, which knows how long the last job took.
        zone: The zone whose years the windows of jobs are.
        parts: How many jobs one window needs for all of its fields.
        poll_interval: Seconds between two polls of a job.
    """

    rows_start: RowsStart
    bookmark: Bookmark
    zone: ZoneInfo
    parts: int
    poll_interval: int

    def calls(self, window: Window, rows: int) -> int:
        """Return the calls for the rows of a window; makes none."""
        expected = self.rows_start.expected(window)
        number = sum(1 for _ in job_windows(*expected, self.zone))
        polls = polls_of(self.bookmark.export_seconds, self.poll_interval)
        return calls_by_export(rows, max(number, 1), self.parts, polls)
