"""The calls that a reading costs by query and by export, as far as they are known beforehand.

Pure: no I/O. A query takes a call for each full page and one for the last page, which is not full.
A job takes a call for its creation, one for the poll that finds it complete, and one for each file.
"""

from __future__ import annotations

from math import ceil

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
