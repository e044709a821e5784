"""Export jobs of one stream: created, waited for, downloaded, cancelled.

What is asked for and what becomes of the rows is the business of
:class:`~tap_pardot.streams.exports.ExportStream`.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from io import SEEK_END
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from tap_pardot.api.http import no_room
from tap_pardot.errors import (
    ConfigurationError,
    Outage,
    StreamFailed,
    StreamSkipped,
)
from tap_pardot.sources import export_plan
from tap_pardot.sources.export_csv import ends_in_a_line
from tap_pardot.sources.export_plan import Job, JobSpec
from tap_pardot.sources.prefetch import prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from logging import Logger, LoggerAdapter
    from typing import BinaryIO

    from tap_pardot.api.dialect import JobStatus
    from tap_pardot.sync.context import Run

GONE = frozenset({88, 89, 109, 178, 192, 228})
"""Codes for a job or file that Pardot does not have any more (for this API version)."""

_TELL_EVERY = 60  # seconds
_DOWNLOADS = 3  # of a file that does not end in a line


class Lost(Exception):
    """A job will never bring its rows; the text says why."""


class JobTracker:
    """The export jobs of all streams of a run that are not complete yet.

    Args:
        max_waiting: How many may wait at once. A backfill must not fill the account's queue.
    """

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._jobs: set[int] = set()
        self._is_stuck = False

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def is_full(self) -> bool:
        """Whether as many jobs wait as may."""
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
        """Note that a job is complete, and with it all jobs that were created before it."""
        self._jobs = {each for each in self._jobs if each > job}


@dataclass
class PlannedJob:
    """A job that should exist, the job once it does, and its files once it is complete."""

    wanted: JobSpec
    job: Job | None = None
    files: tuple[str, ...] | None = None
    failures: int = 0


class ExportJobClient:
    """Makes the calls for one stream's jobs.

    Args:
        run: The run.
        stream: Whom the calls are counted for.
        logger: The stream's.
    """

    def __init__(self, run: Run, stream: str, logger: Logger | LoggerAdapter[Any]) -> None:
        self._run = run
        self._stream = stream
        self._logger = logger
        self._ends_anywhere = False  # whether whole files end without a line end

    def create(self, wanted: JobSpec, order: Mapping[str, Any], *, can_split: bool) -> Job:
        """Create a job.

        Args:
            wanted: What it is for.
            order: What to ask for (reference D.3).
            can_split: Whether a shorter window can be asked for.

        Raises:
            RequestTooLarge: Pardot runs out of time, and a shorter window can be asked for.
            ConfigurationError: Its time of creation contradicts the time zone.
            TapPardotError: Pardot refuses.
        """
        run = self._run
        status = run.client.create_export(self._stream, order, can_split=can_split)
        self._check_zone(status, status.server_time)
        run.waiting.enter(status.id)
        return Job(status.id, wanted.window, run.now(), wanted.deleted, wanted.fields, wanted.mark)

    def prove_zone(self, job: Job) -> None:
        """Ask after a job that was just created, where no creation tells when that was (D.4).

        Once in a run, so that a wrong time zone shows before any row is out.

        Raises:
            ConfigurationError: Its time of creation contradicts the time zone.
        """
        proof = self._run.timezone_check
        if not proof.is_needed:
            return
        proof.is_needed = False
        with suppress(StreamFailed, StreamSkipped, Outage, Lost):
            self._look(job)

    def _check_zone(self, status: JobStatus, made: datetime | None) -> None:
        """Hold a job's local time of creation against when that was; cancel it if they differ."""
        try:
            self._run.timezone_check.check(status.created_at, made)
        except ConfigurationError:
            self.cancel(status.id)
            raise

    def cancel(self, number: int) -> None:
        """Cancel a job; that it cannot be cancelled any more harms nobody."""
        self._run.waiting.leave(number)
        with suppress(StreamFailed, StreamSkipped):
            self._run.client.cancel_export(self._stream, number)

    def wait(self, job: Job) -> tuple[str, ...]:
        """Wait until a job is complete; return the addresses of its files.

        Raises:
            Lost: It will never be.
            StreamFailed: Its state is none that the documents know, or ``export_timeout`` is over.
        """
        run = self._run
        started = told = time.monotonic()
        pause = export_plan.next_wait(0, run.export_poll_interval)
        # A job that was just created cannot be finished yet; an older one may be.
        if not run.waiting.is_stuck and (run.now() - job.made).total_seconds() < pause:
            time.sleep(pause)
        while True:
            status = self._look(job)
            if status.is_complete:
                run.waiting.complete(job.id)
                return status.files
            waited = time.monotonic() - started
            if waited > run.export_timeout:
                run.waiting.is_stuck = True
                raise StreamFailed(
                    f"Export {job.id} is not ready after {run.export_timeout} seconds "
                    "(export_timeout): run again later, the next run collects it."
                )
            if run.waiting.is_stuck:
                raise StreamFailed(
                    f"Export {job.id} is not ready, like one before it in the account's queue: "
                    "run again later, the next run collects it."
                )
            if time.monotonic() - told >= _TELL_EVERY:
                told = time.monotonic()
                self._logger.info(
                    "%s: export %d is %s after %d seconds; of this run's exports %d come before "
                    "it and %d after it.",
                    self._stream,
                    job.id,
                    status.state,
                    (run.now() - job.made).total_seconds(),
                    *run.waiting.around(job.id),
                )
            time.sleep(export_plan.next_wait(waited, run.export_poll_interval))

    def _look(self, job: Job) -> JobStatus:
        try:
            status = self._run.client.export(self._stream, job.id)
        except StreamFailed as error:
            if error.code not in GONE:
                raise
            raise Lost("Pardot does not know it any more") from None
        if self._run.client.clock.is_told:
            self._check_zone(status, job.made)
        if status.is_lost:
            raise Lost("it has expired" if status.is_expired else f"it is {status.state}")
        if not (status.is_running or status.is_complete):
            raise StreamFailed(
                f"Export {job.id} is in a state this tap does not know: run again, and report it "
                "if it stays so."
            )
        return status

    def files(
        self, job: Job, urls: Sequence[str], done: Sequence[str]
    ) -> Iterator[tuple[str, str, BinaryIO]]:
        """Yield a job's files but those that are done: name, what errors call it, content.

        Several are downloaded at once, ahead of the reader.
        """
        names = export_plan.file_names(urls)
        todo = [url for url in urls if names[url] not in done]
        labels = {url: f"file {names[url]} of export {job.id}" for url in todo}

        def fetch(url: str) -> BinaryIO:
            return self._fetch(url, labels[url])

        # One thread per request in flight: the files of one job are all that is on the disk.
        for url, file in zip(
            todo, prefetch(fetch, todo, self._run.max_concurrent_requests), strict=True
        ):
            yield names[url], labels[url], file

    def _fetch(self, url: str, label: str) -> BinaryIO:
        """Return a file's content, in a file without a name: nothing that a kill leaves behind."""
        try:
            file: Any = TemporaryFile(buffering=0)  # noqa: SIM115 - the reader closes it
        except OSError as error:
            raise no_room(error) from error
        try:
            self._download_whole(url, file, label)
        except Outage as outage:
            say = f"{label[0].upper()}{label[1:]}: {outage.message}"
            raise Outage(say, outage.code, is_isolated=outage.is_isolated) from outage
        return file  # type: ignore[no-any-return]

    def _download_whole(self, url: str, file: BinaryIO, label: str) -> None:
        """Download a file; once more, when it may have been cut by a server that told no length.

        One that ends in a line is whole, and so is one that ends at the same place twice: that
        is how files end here then, and nothing is asked twice any more.
        """
        size = -1
        for _ in range(_DOWNLOADS):
            self._run.client.download(self._stream, url, file)
            before, size = size, file.seek(0, SEEK_END)
            if size == before:
                self._ends_anywhere = self._ends_anywhere or size > 0
                return
            if size and (self._ends_anywhere or ends_in_a_line(file)):
                return
            self._logger.warning(
                "%s: %s seems to be cut: it is asked for again.", self._stream, label
            )
        raise StreamFailed(
            f"The last line of {label} is cut, each time at another place: run again; the export "
            "is downloaded anew."
        )
