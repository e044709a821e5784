"""The line that says at the start of a run what it is going to do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from tap_pardot.records.times import to_iso
from tap_pardot.sync.report import quantity
from tap_pardot.sync.runnable import Turn

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.runnable import RunnableStream

logger = logging.getLogger("tap-pardot")


class _Start(NamedTuple):
    """Where the streams of a run begin; times are ISO 8601 strings in UTC.

    Attributes:
        run: Where streams without a bookmark begin.
        oldest: The oldest time of a bookmark; None if there is none.
        newest: The newest one.
        new: How many incremental streams have no bookmark yet.
        has_full: Whether a stream is read as a whole each time.
    """

    run: str
    oldest: str | None
    newest: str | None
    new: int
    has_full: bool


def log_plan(
    streams: Sequence[RunnableStream], bookmarked: Collection[str], sync: SyncContext
) -> None:
    """Log what the run is going to do. The figures are structured fields too.

    Args:
        streams: The selected streams.
        bookmarked: The names of the streams that the given STATE has bookmarks of.
        sync: The context of the run; its export jobs are created.
    """
    jobs = sync.jobs.counts()
    # Asking for the bookmark of a stream creates one in STATE, so only streams with one are asked.
    reached = {each.name: each.reached_text for each in streams if each.name in bookmarked}
    start = _start(streams, reached, to_iso(sync.start))
    calls = _least_calls(streams, reached, sync)
    first = f"first run, from {start.run}" if not bookmarked else _since(start)
    parts = [", ".join(filter(None, [quantity(len(streams), "stream"), first]))]
    if jobs.waiting or jobs.to_create:
        to_create = f" and {jobs.to_create:,} to create" if jobs.to_create else ""
        parts.append(f"{quantity(jobs.waiting, 'export')} created or resumed{to_create}")
    logger.info(
        "Plan: %s; at least %s.",
        "; ".join(parts),
        quantity(calls, "call"),
        extra={
            "streams": len(streams),
            "first_run": not bookmarked,
            "since": start.oldest if bookmarked else start.run,
            "exports_waiting": jobs.waiting,
            "exports_to_create": jobs.to_create,
            "calls_expected": calls,
        },
    )


def _start(streams: Sequence[RunnableStream], reached: dict[str, str | None], run: str) -> _Start:
    times = [time for time in reached.values() if time is not None]
    plain = [each for each in streams if each.turn is not Turn.CHILD]
    new = sum(each.incremental and reached.get(each.name) is None for each in plain)
    has_full = not all(each.incremental for each in plain)
    return _Start(run, min(times, default=None), max(times, default=None), new, has_full)


def _since(start: _Start) -> str:
    """Return since when a later run reads rows; empty if it has only child streams."""
    if start.oldest is None and start.new:
        return f"from {start.run}"
    if start.oldest is None:
        return "all rows" if start.has_full else ""
    text = f"since {start.oldest}"
    if start.newest != start.oldest:
        text += f" (the oldest bookmark; the newest is {start.newest})"
    if start.new:
        text += f", {start.new} of them for the first time, from {start.run}"
    return text


def _least_calls(
    streams: Sequence[RunnableStream], reached: dict[str, str | None], sync: SyncContext
) -> int:
    """Return how many calls the run makes at least, those made already included.

    That is one for each stream read by query, unless its first page is read already or there is
    nothing to read; and for each job a poll, and its creation. How many pages, files and ids
    there are is not known yet.
    """
    jobs, made, end = sync.jobs.counts(), sync.client.budget.by_stream, to_iso(sync.end)
    queries = sum(
        each.turn is Turn.QUERY
        and each.failure is None
        and each.name not in made
        and (reached.get(each.name) or "") < end
        for each in streams
    )
    return made.total() + queries + jobs.waiting + 2 * jobs.to_create
