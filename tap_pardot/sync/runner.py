"""Runs the selected streams in their order, isolates their failures, and writes the last STATE.

It knows the protocol of a stream, but no stream.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tap_pardot.errors import ENDS_RUN, ConfigurationError, StreamFailed, TapPardotError
from tap_pardot.records.times import to_iso
from tap_pardot.sync.report import unexpected
from tap_pardot.sync.runnable import Turn
from tap_pardot.sync.timezone import ensure_timezone_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.report import Report
    from tap_pardot.sync.runnable import RunnableStream

logger = logging.getLogger("tap-pardot")


class FanOutRun(Protocol):
    """What the runner needs of :class:`~tap_pardot.streams.fan_out.fan_out.FanOut`."""

    def start(self) -> None:
        """Decide which parents pass their records to which children."""

    def submit(self) -> None:
        """Create the export jobs of parents that are read for their children only."""


class Run(NamedTuple):
    """The parts of a run.

    Attributes:
        streams: The selected streams.
        fan_out: Passes the records of parents to child streams.
        report: Collects how each stream ends.
        open_sync: Makes the run's first calls, once.
        write_state: Writes STATE; ``is_last`` if nothing else follows.
        has_state: Whether there is a STATE to write before anything is read.
        is_first: Whether the run was given no STATE.
        note_complete: Stores in STATE that the run was complete.
    """

    streams: Sequence[RunnableStream]
    fan_out: FanOutRun
    report: Report
    open_sync: Callable[[], SyncContext]
    write_state: Callable[..., None]
    has_state: bool
    is_first: bool
    note_complete: Callable[[], None]


def run_all(run: Run) -> None:
    """Read the selected streams. Errors do not leave this function: they are in the report."""
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
            _read_all(run.streams, run.fan_out, sync)
    except TapPardotError as error:
        is_end = isinstance(error, ENDS_RUN)
        report.stop(error if is_end else ConfigurationError(error.message, error.code))
    except Exception as error:  # noqa: BLE001 - the last STATE must be written
        report.stop(ConfigurationError(unexpected(error)))
    if not report.exit_code and not report.is_over:
        run.note_complete()
    run.write_state(is_last=True)


def _check_catalog(streams: Sequence[RunnableStream]) -> None:
    """Log which replication settings of the catalog are ignored, and check its column types.

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


def _read_all(streams: Sequence[RunnableStream], fan_out: FanOutRun, sync: SyncContext) -> None:
    fan_out.start()
    for stream in streams:
        if stream.turn is Turn.EXPORT and not sync.report.is_over:
            _submit(stream, sync)
    fan_out.submit()
    if not sync.report.is_over:
        ensure_timezone_checked(sync)
    for stream in sorted(streams, key=lambda each: each.turn):
        if sync.report.is_over:
            break
        _read(stream, sync)


def _submit(stream: RunnableStream, sync: SyncContext) -> None:
    """Let a stream create its export jobs. A failure is stored and raised in the stream's turn."""
    try:
        stream.submit()
    except TapPardotError as found:
        error = sync.classify(found)
        if isinstance(error, ENDS_RUN):
            sync.report.record_error(stream.name, error)
        stream.failure = error
    except Exception as error:  # noqa: BLE001 - raised when the stream is read
        stream.failure = error


def _read(stream: RunnableStream, sync: SyncContext) -> None:
    """Read a stream; its failure goes into the report."""
    try:
        stream.sync()
    except TapPardotError as error:
        sync.report.record_error(stream.name, sync.classify(error))
    except Exception as error:  # noqa: BLE001 - one stream's failure stays its own
        sync.report.record_error(stream.name, StreamFailed(unexpected(error)))
    stream.finalize_state_progress_markers()
