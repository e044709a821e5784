"""One run: the order of the streams, one failure stays one, STATE out.

Knows what a stream can do, and no stream.
"""

from __future__ import annotations

import logging
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tap_pardot.errors import ENDS_RUN, ConfigurationError, StreamFailed, TapPardotError
from tap_pardot.records.times import to_iso
from tap_pardot.sync.report import unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.report import Report

logger = logging.getLogger("tap-pardot")


class Turn(IntEnum):
    """When in a run a stream is read.

    Pardot runs export jobs one after another, so they wait there while queries are read. Streams
    that are read through others come last.
    """

    QUERY = 0
    EXPORT = 1
    CHILD = 2


class Readable(Protocol):
    """What the runner needs of a stream."""

    name: str
    ignored_replication: str
    """What the catalog says of the replication that the stream does not offer."""
    failure: Exception | None
    """Why the stream cannot be read, if that was found before its turn."""

    @property
    def turn(self) -> Turn:
        """When the stream is read."""

    @property
    def valid_replication(self) -> str:
        """What a catalog may say of the replication, for the user."""

    def check_columns(self) -> None:
        """Compare the catalog's column types with the declared ones."""

    def submit(self) -> None:
        """Start work that takes long, before anything is read."""

    def sync(self) -> None:
        """Read the stream and write its messages."""

    def finalize_state_progress_markers(self) -> None:
        """End the stream's part of STATE, as the SDK wants it."""


class Parents(Protocol):
    """What the runner needs of the streams whose records pass to others."""

    def start(self) -> None:
        """Find out which parents' records pass to which children."""

    def submit(self) -> None:
        """Start work of parents that are read for their children only."""


class Run(NamedTuple):
    """What a run is made of.

    Attributes:
        streams: The selected streams.
        parents: The streams whose records pass to others.
        report: How each stream ends.
        open_sync: Makes the run's first calls, once.
        write_state: Writes STATE; ``is_last`` where nothing else follows.
        has_state: Whether there is a STATE to write before anything is read.
        is_first: Whether no earlier run has left a STATE.
        note_complete: Notes in STATE that a run was complete.
    """

    streams: Sequence[Readable]
    parents: Parents
    report: Report
    open_sync: Callable[[], SyncContext]
    write_state: Callable[..., None]
    has_state: bool
    is_first: bool
    note_complete: Callable[[], None]


def run_all(run: Run) -> None:
    """Read the selected streams; the report says how each ended."""
    report = run.report
    for stream in run.streams:
        report.result_of(stream.name)
    if run.has_state:
        run.write_state()
    try:
        _check_catalog(run.streams)
        if not report.is_over:
            sync = run.open_sync()
            if run.is_first:
                logger.info("No STATE: first run, reading from %s.", to_iso(sync.start))
            _read_all(run.streams, run.parents, sync)
    except TapPardotError as error:
        is_end = isinstance(error, ENDS_RUN)
        report.stop(error if is_end else ConfigurationError(error.message, error.code))
    except Exception as error:  # noqa: BLE001 - what was read needs its STATE
        report.stop(ConfigurationError(unexpected(error)))
    if not report.exit_code and not report.is_over:
        run.note_complete()
    run.write_state(is_last=True)


def _check_catalog(streams: Sequence[Readable]) -> None:
    """Log what the catalog says of the selected streams and is not followed.

    Raises:
        ConfigurationError: A column cannot be emitted as the catalog declares it.
    """
    ignored = [
        f"{stream.name} ({stream.ignored_replication}; valid: {stream.valid_replication})"
        for stream in streams
        if stream.ignored_replication
    ]
    if ignored:
        logger.warning("The catalog's replication is not followed for: %s.", ", ".join(ignored))
    for stream in streams:
        stream.check_columns()


def _read_all(streams: Sequence[Readable], parents: Parents, sync: SyncContext) -> None:
    parents.start()
    for stream in streams:
        if stream.turn is Turn.EXPORT and not sync.report.is_over:
            _submit(stream, sync)
    parents.submit()
    for stream in sorted(streams, key=lambda each: each.turn):
        if sync.report.is_over:
            break
        _read(stream, sync)


def _submit(stream: Readable, sync: SyncContext) -> None:
    """Let a stream create its jobs; a failure is the stream's own when its turn comes."""
    try:
        stream.submit()
    except TapPardotError as found:
        error = sync.classify(found)
        if isinstance(error, ENDS_RUN):
            sync.report.record_error(stream.name, error)
        stream.failure = error
    except Exception as error:  # noqa: BLE001 - raised when the stream is read
        stream.failure = error


def _read(stream: Readable, sync: SyncContext) -> None:
    try:
        stream.sync()
    except TapPardotError as error:
        sync.report.record_error(stream.name, sync.classify(error))
    except Exception as error:  # noqa: BLE001 - one stream's failure stays its own
        sync.report.record_error(stream.name, StreamFailed(unexpected(error)))
    stream.finalize_state_progress_markers()
