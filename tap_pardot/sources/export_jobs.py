"""The calls for export jobs: create, poll, download, cancel.

:mod:`~tap_pardot.sources.export_plan` decides which jobs there should be.
:mod:`~tap_pardot.sources.export` reads their rows.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from io import SEEK_END
from math import ceil
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.api.codes import EXPORT_GONE
from tap_pardot.api.dialect import Filters
from tap_pardot.api.http import disk_full
from tap_pardot.errors import ConfigurationError, Outage, StreamFailed, StreamSkipped
from tap_pardot.records.times import first_half
from tap_pardot.sources.export_csv import ends_in_a_line
from tap_pardot.sources.export_plan import Job, file_names
from tap_pardot.sources.export_windows import is_collectable
from tap_pardot.sources.prefetch import prefetch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import BinaryIO

    from tap_pardot.api.clock import ServerClock
    from tap_pardot.api.dialect import Export, JobStatus
    from tap_pardot.api.protocols import Dialect
    from tap_pardot.records.zone_check import TimezoneCheck
    from tap_pardot.sources.base import Call
    from tap_pardot.sources.export_plan import JobSpec, StoredJob
    from tap_pardot.sources.job_tracker import JobTracker

logger = logging.getLogger("tap-pardot")

_DOWNLOADS = 3  # of a file that does not end in a line


def next_wait(waited: float, longest: float) -> float:
    """Return the seconds until the next poll of a job: 2 at first, then half of the time waited."""
    return min(max(2.0, waited / 2), longest)


class JobLost(Exception):
    """A job will never have files; the message says why."""


class Completion(NamedTuple):
    """A complete job.

    Attributes:
        files: The URLs of its files.
        duration: Seconds from its creation to its completion; None if it was complete already when
            it was polled for the first time.
    """

    files: tuple[str, ...]
    duration: int | None


@dataclass(frozen=True)
class JobSettings:
    """Settings of export jobs.

    Attributes:
        poll_interval: The longest wait between two polls of a job, in seconds.
        timeout: Seconds to wait for a job.
        downloads: How many files are downloaded at once.
    """

    poll_interval: int
    timeout: int
    downloads: int


class ExportJobClient:
    """Makes the calls for one stream's jobs.

    Args:
        call: Makes the calls.
        dialect: Builds the requests, in the API user's zone.
        stream: The stream, for the log.
        clock: Pardot's clock.
        tracker: Counts the waiting jobs of all streams.
        timezone_check: Compares the time zone with the local times in Pardot's answers.
        settings: The settings for export jobs.
    """

    def __init__(  # noqa: PLR0913
        self,
        call: Call,
        dialect: Dialect,
        *,
        stream: str,
        clock: ServerClock,
        tracker: JobTracker,
        timezone_check: TimezoneCheck,
        settings: JobSettings,
    ) -> None:
        self.call = call
        self.dialect = dialect
        self.stream = stream
        self._clock = clock
        self._timezone_check = timezone_check
        self._settings = settings
        self._lacks_last_newline = False  # whether complete files end without a line break
        self.tracker = tracker

    def now(self) -> datetime:
        """Return Pardot's time."""
        return self._clock.now()

    # --- jobs in STATE ---

    def resume(self, job: Job) -> None:
        """Wait for a job of an earlier run too."""
        self.tracker.add(job.id, job.created_at)
        logger.info("%s: resuming export %d.", self.stream, job.id)

    def discard(self, stored: Sequence[StoredJob]) -> None:
        """Cancel stored jobs that are not needed any more."""
        for each in stored:
            logger.info("%s: export %d is not needed any more.", self.stream, each["id"])
            if is_collectable(each, self.now()):
                self.cancel(each["id"])

    # --- one job ---

    def create(self, endpoint: Export, spec: JobSpec) -> Job:
        """Create a job and return it.

        Raises:
            RequestTooLarge: Pardot runs out of time, and the window can be split.
            ConfigurationError: The job's time of creation contradicts the time zone.
            TapPardotError: Pardot refuses the job.
        """
        window = spec.window
        filters = Filters(endpoint.time, window.start, window.end, spec.deleted, spec.fields)
        can_split = first_half(window, self.dialect.zone) is not None
        request = self.dialect.create_export(endpoint, filters, can_split=can_split)
        try:
            status = self.call(request)
        except Outage:
            # Another attempt, only to check the time zone, would take as long again.
            self._timezone_check.is_needed = False
            raise
        self._check_timezone(status, status.server_time)
        job = Job(status.id, spec, self.now())
        self.tracker.add(job.id, job.created_at)
        return job

    def check_timezone_by(self, job: Job) -> None:
        """Check the time zone by the status of a new job, unless it is checked already.

        The answer to a creation may lack the time of creation (D.4). Then one poll per run shows a
        wrong time zone before the first record is written.

        Raises:
            ConfigurationError: The job's time of creation contradicts the time zone.
        """
        if not self._timezone_check.is_needed:
            return
        self._timezone_check.is_needed = False
        with suppress(StreamFailed, StreamSkipped, Outage, JobLost):
            self._poll(job)

    def _check_timezone(self, status: JobStatus, created_at: datetime | None) -> None:
        """Compare a job's local time of creation with the instant of its creation.

        Raises:
            ConfigurationError: They differ, so the time zone is wrong; the job is canceled.
        """
        try:
            self._timezone_check.check(status.created_at, created_at)
        except ConfigurationError:
            self.cancel(status.id)
            raise

    def cancel(self, number: int) -> None:
        """Cancel a job. A refusal is ignored, because a job that goes on does no harm."""
        self.tracker.remove(number)
        with suppress(StreamFailed, StreamSkipped):
            self.call(self.dialect.cancel_export(number))

    # --- waiting ---

    def wait(self, job: Job, last_duration: int | None = None) -> Completion:
        """Poll a job until it is complete, and return its files.

        Args:
            job: The job.
            last_duration: Seconds that the last job of this object took; None if unknown. The
                first poll is made after half of it.

        Raises:
            JobLost: The job will never be complete.
            StreamFailed: The job has an undocumented state, or is not ready in time.
        """
        longest = self._settings.poll_interval
        started = time.monotonic()
        pause = next_wait(0, longest) if last_duration is None else min(last_duration / 2, longest)
        # A job that was just created cannot be complete yet; an older one can.
        pause -= self._age(job)
        has_waited = pause > 0 and not self.tracker.is_stuck
        if has_waited:
            time.sleep(pause)
        while True:
            status = self._poll(job)
            if status.is_complete:
                self.tracker.mark_complete(job.id)
                return Completion(status.files, ceil(self._age(job)) if has_waited else None)
            has_waited = True
            self.tracker.note_poll(job.id, status.state)
            waited = time.monotonic() - started
            self._check_timeout(job, waited)
            time.sleep(next_wait(waited, longest))

    def _age(self, job: Job) -> float:
        """Return how many seconds ago a job was created."""
        return (self.now() - job.created_at).total_seconds()

    def _poll(self, job: Job) -> JobStatus:
        """Return the status of a job that is running or complete; errors as of :meth:`wait`."""
        try:
            status = self.call(self.dialect.read_export(job.id))
        except StreamFailed as error:
            if error.code not in EXPORT_GONE:
                raise
            raise JobLost("Pardot does not know it any more") from None
        if self._clock.is_known:
            self._check_timezone(status, job.created_at)
        if status.is_lost:
            raise JobLost("it has expired" if status.is_expired else f"it is {status.state}")
        if not (status.is_running or status.is_complete):
            raise StreamFailed(
                f"Export {job.id} is in a state this tap does not know: run again, and report it "
                "if it happens again."
            )
        return status

    def _check_timeout(self, job: Job, waited: float) -> None:
        if waited > self._settings.timeout:
            self.tracker.mark_stuck()
            raise StreamFailed(
                f"Export {job.id} is not ready after {self._settings.timeout} seconds "
                "(export_timeout): run again later, the next run collects it."
            )
        if self.tracker.is_stuck:
            raise StreamFailed(
                f"Export {job.id} is not ready, like one before it in the account's queue: "
                "run again later, the next run collects it."
            )

    # --- files ---

    def files(
        self, job: Job, urls: Sequence[str], finished: Sequence[str]
    ) -> Iterator[tuple[str, str, BinaryIO]]:
        """Download a job's files; yield for each one its name, its label for messages, its content.

        Several files are downloaded at once, ahead of the reader. Errors as of the client.

        Args:
            job: The job.
            urls: The URLs of all of its files.
            finished: The names of the files to leave out, because their rows are written.
        """
        names = file_names(urls)
        remaining = [url for url in urls if names[url] not in finished]
        labels = {url: f"file {names[url]} of export {job.id}" for url in remaining}
        # Files are downloaded job by job, so only the files of one job are on the disk.
        contents = prefetch(
            lambda url: self._fetch(url, labels[url]), remaining, self._settings.downloads
        )
        for url, file in zip(remaining, contents, strict=True):
            yield names[url], labels[url], file

    def _fetch(self, url: str, label: str) -> BinaryIO:
        """Return a downloaded file. It is temporary and unnamed, so that a kill leaves nothing."""
        try:
            file: Any = TemporaryFile(buffering=0)  # noqa: SIM115 - the reader closes it
        except OSError as error:
            raise disk_full(error) from error
        try:
            self._download(url, file, label)
        except Outage as outage:
            message = f"{label[0].upper()}{label[1:]}: {outage.message}"
            raise Outage(message, outage.code, is_isolated=outage.is_isolated) from outage
        return file  # type: ignore[no-any-return]

    def _download(self, url: str, file: BinaryIO, label: str) -> None:
        """Download a file, again if it may have been cut.

        An answer without a length can be cut without an error. A file that ends with a line break
        is complete. So is one that has the same size twice: then complete files end without a line
        break here, and are downloaded once from then on.

        Raises:
            StreamFailed: The file has another size each time.
        """
        size = -1
        for _ in range(_DOWNLOADS):
            self.call(self.dialect.download(url, file))
            before, size = size, file.seek(0, SEEK_END)
            if size == before:
                self._lacks_last_newline = self._lacks_last_newline or size > 0
                return
            if size and (self._lacks_last_newline or ends_in_a_line(file)):
                return
            logger.warning("%s: %s seems to be cut: it is downloaded again.", self.stream, label)
        raise StreamFailed(
            f"The last line of {label} is cut, each time at another place: run again; the export "
            "is downloaded anew."
        )
