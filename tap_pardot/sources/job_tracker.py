"""The export jobs of all streams of a run, and the limit of waiting jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime


class WaitingJob(NamedTuple):
    """A job that is not complete.

    Attributes:
        id: Pardot's id of the job.
        state: Its state at the last poll, in lower case; None if this run has not polled it.
        created_at: When it was created, in UTC.
        before: How many jobs of this run come before it in Pardot's queue.
        after: How many come after it.
    """

    id: int
    state: str | None
    created_at: datetime
    before: int
    after: int


class JobCounts(NamedTuple):
    """The export jobs of a run at one moment.

    Attributes:
        collected: How many were found complete by a poll.
        waiting: How many are not known to be complete.
        to_create: How many are planned and not created yet.
        next: The waiting job that was polled last, or else the oldest one; None if none waits.
    """

    collected: int
    waiting: int
    to_create: int
    next: WaitingJob | None


class JobTracker:
    """The export jobs of all streams of a run.

    Args:
        max_waiting: How many jobs may wait at once, so that a backfill does not fill the account's
            queue.
    """

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._waiting: dict[int, datetime] = {}
        self._collected: set[int] = set()
        self._to_create: dict[object, int] = {}
        self._last_poll: tuple[int, str] | None = None
        self._is_stuck = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether the limit of waiting jobs is reached."""
        return len(self._waiting) >= self._max_waiting

    @property
    def is_stuck(self) -> bool:
        """Whether a job was not ready in time.

        Pardot runs jobs one after another, so the run looks once at each job behind that one and
        does not wait for it.
        """
        return self._is_stuck

    def mark_stuck(self) -> None:
        """Note that a job was not ready in time."""
        self._is_stuck = True

    def add(self, job: int, created_at: datetime) -> None:
        """Note that a job was created."""
        self._waiting[job] = created_at

    def remove(self, job: int) -> None:
        """Note that a job is lost or canceled."""
        self._waiting.pop(job, None)
        self._collected.discard(job)

    def note_poll(self, job: int, state: str) -> None:
        """Note the state of a job that is not complete."""
        self._last_poll = (job, state)

    def note_planned(self, owner: object, number: int) -> None:
        """Note how many jobs are planned and not created yet for the reading that is ``owner``."""
        self._to_create[owner] = number

    def mark_complete(self, job: int) -> None:
        """Note that a job is complete. All jobs that were created before it are complete too."""
        self._collected.add(job)
        self._waiting = {each: at for each, at in self._waiting.items() if each > job}

    def counts(self) -> JobCounts:
        """Return the present figures. Any thread may call this."""
        # Each of these copies is made in one step of the interpreter.
        waiting, to_create = self._waiting.copy(), list(self._to_create.values())
        return JobCounts(
            len(self._collected), len(waiting), sum(to_create), _next(waiting, self._last_poll)
        )


def _next(waiting: dict[int, datetime], last_poll: tuple[int, str] | None) -> WaitingJob | None:
    """Return the waiting job that was polled last, or else the oldest one; None if none waits."""
    if not waiting:
        return None
    job, state = min(waiting), None
    if last_poll is not None and last_poll[0] in waiting:
        job, state = last_poll
    before = sum(each < job for each in waiting)
    return WaitingJob(job, state, waiting[job], before, len(waiting) - 1 - before)
