"""The export jobs of all streams of a run, and the limit of waiting jobs."""

from __future__ import annotations


class JobTracker:
    """The export jobs of all streams of a run that are not complete yet.

    Args:
        max_waiting: How many jobs may wait at once, so that a backfill does not fill the account's
            queue.
    """

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._jobs: set[int] = set()
        self._is_stuck = False

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def is_full(self) -> bool:
        """Whether the limit of waiting jobs is reached."""
        return len(self._jobs) >= self._max_waiting

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

    def position(self, job: int) -> tuple[int, int]:
        """Return how many jobs come before a job in Pardot's queue, and how many after it."""
        before = sum(each < job for each in self._jobs)
        return before, len(self._jobs - {job}) - before

    def add(self, job: int) -> None:
        """Note that a job was created."""
        self._jobs.add(job)

    def remove(self, job: int) -> None:
        """Note that a job is lost or canceled."""
        self._jobs.discard(job)

    def mark_complete(self, job: int) -> None:
        """Note that a job is complete. All jobs that were created before it are complete too."""
        self._jobs = {each for each in self._jobs if each > job}
