"""Runs the selected streams in their order, isolates their failures, and writes the last STATE.

It knows the protocol of a stream, but no stream.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tap_pardot.errors import (
    ENDS_RUN,
    ConfigurationError,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
)
from tap_pardot.sync.plan import log_plan
from tap_pardot.sync.report import Activity, unexpected
from tap_pardot.sync.runnable import Turn
from tap_pardot.sync.timezone import ensure_timezone_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.report import Report
    from tap_pardot.sync.runnable import RunnableStream

logger = logging.getLogger("tap-pardot")


class FanOutRun(Protocol):
    """What the runner needs of :class:`~tap_pardot.streams.fan_out.fan_out.FanOut`."""

    @property
    def reads_version_4(self) -> bool:
        """Whether versions 3 and 4 may read a stream of the run, whose times are local ones."""

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
        bookmarked: The names of the streams that the given STATE has bookmarks of.
        note_complete: Stores in STATE that the run was complete.
    """

    streams: Sequence[RunnableStream]
    fan_out: FanOutRun
    report: Report
    open_sync: Callable[[], SyncContext]
    write_state: Callable[..., None]
    has_state: bool
    bookmarked: Collection[str]
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
            _read_all(run, run.open_sync())
    except TapPardotError as error:
        is_end = isinstance(error, ENDS_RUN)
        report.stop(error if is_end else ConfigurationError(error.message, error.code))
    except Exception as error:  # noqa: BLE001 - the last STATE must be written
        report.stop(ConfigurationError(unexpected(error)))
    report.activity = Activity("writing the last STATE")
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


def _read_all(run: Run, sync: SyncContext) -> None:
    # Children last: the others show whether the account has version 5.
    for stream in sorted(run.streams, key=lambda each: each.turn):
        _guarded(stream, sync, stream.fix_dialect)
    if not sync.has_version_4:
        _log_without_version_4(run.streams)
    run.fan_out.start()
    needs_zone = _needs_zone(run, sync)
    if needs_zone and sync.zone_error is not None:
        raise sync.zone_error
    for stream in run.streams:
        if stream.turn is Turn.EXPORT and not sync.report.is_over:
            sync.report.activity = Activity("creating the exports of", stream.name)
            _guarded(stream, sync, stream.submit)
    run.fan_out.submit()
    if not sync.report.is_over:
        if needs_zone:
            ensure_timezone_checked(sync)
        log_plan(run.streams, run.bookmarked, sync)
    for stream in sorted(run.streams, key=lambda each: each.turn):
        if sync.report.is_over:
            break
        _read(stream, sync)


def _needs_zone(run: Run, sync: SyncContext) -> bool:
    """Return whether local times are read. Times of version 5 carry their offset."""
    if not (sync.reads_version_5 and sync.has_version_4):
        return sync.has_version_4
    return run.fan_out.reads_version_4


def _log_without_version_4(streams: Sequence[RunnableStream]) -> None:
    skipped = [each.name for each in streams if isinstance(each.failure, StreamSkipped)]
    logger.warning(
        "Pardot does not offer versions 3 and 4 of the API any more: version 5 is used; skipped: "
        "%s.",
        ", ".join(skipped) or "none",
    )


def _guarded(stream: RunnableStream, sync: SyncContext, prepare: Callable[[], None]) -> None:
    """Let a stream prepare itself. A failure is stored and raised in the stream's turn."""
    if stream.failure is not None or sync.report.is_over:
        return
    try:
        prepare()
    except TapPardotError as found:
        error = sync.classify(found)
        if isinstance(error, ENDS_RUN):
            sync.report.record_error(stream.name, error)
        stream.failure = error
    except Exception as error:  # noqa: BLE001 - raised when the stream is read
        stream.failure = error


def _read(stream: RunnableStream, sync: SyncContext) -> None:
    """Read a stream; its failure goes into the report."""
    sync.report.activity = Activity("reading", stream.name)
    try:
        stream.sync()
    except TapPardotError as error:
        sync.report.record_error(stream.name, sync.classify(error))
    except Exception as error:  # noqa: BLE001 - one stream's failure stays its own
        sync.report.record_error(stream.name, StreamFailed(unexpected(error)))
    stream.finalize_state_progress_markers()
