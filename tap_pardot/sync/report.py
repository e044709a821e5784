"""The result of each stream, the last log lines of a run, and the exit code."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from singer_sdk import metrics

from tap_pardot.errors import (
    CallLimitReached,
    ConfigurationError,
    RunStopped,
    StreamSkipped,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_pardot.errors import TapPardotError

logger = logging.getLogger("tap-pardot")
_meter = logging.getLogger("singer_sdk.metrics")


class Status(Enum):
    """How a stream ended."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    STOPPED = "stopped"


_LEVELS = {
    Status.DONE: logging.INFO,
    Status.SKIPPED: logging.WARNING,
    Status.FAILED: logging.ERROR,
    Status.STOPPED: logging.ERROR,
}


@dataclass
class StreamResult:
    """One stream's result.

    Attributes:
        rows: How many records were written.
        status: How the stream ended.
        message: How far the stream was read, or why it ended.
        reached: The instant before which all rows are written, as an ISO 8601 string in UTC; None
            if there is no such instant.
        dialect: The dialect that reads the stream, if ``api_version`` is 5.
        note: What the user should know of the rows, behind the message.
    """

    rows: int = 0
    status: Status = Status.STOPPED
    message: str = "not read in this run"
    reached: str | None = None
    dialect: str | None = None
    note: str = ""

    def mark_done(self, reached: str) -> None:
        """Note that the stream is complete; ``reached`` says how far, such as "all rows"."""
        self.status, self.message = Status.DONE, reached

    @property
    def is_unread(self) -> bool:
        """Whether the run ended before anything of the stream was read."""
        return self.status is Status.STOPPED and not self.rows


class Activity(NamedTuple):
    """What a run is doing.

    Attributes:
        text: Such as "reading".
        stream: The stream that it is done for; None if it is for none or for all.
    """

    text: str
    stream: str | None = None

    def __str__(self) -> str:
        """Return it for the log, such as "reading lists"."""
        return self.text if self.stream is None else f"{self.text} {self.stream}"


_FIRST = Activity("making the first calls")


@dataclass
class Report:
    """Collects how each selected stream ended.

    Attributes:
        activity: What the run is doing now, for the lines of progress.
        results: The result of each selected stream, by name.
        stopped: The first error that stopped the run early (exit code 2 or 0).
        aborted: The first error of settings, STATE or login (exit code 1).
    """

    activity: Activity = _FIRST
    results: dict[str, StreamResult] = field(default_factory=dict)
    stopped: RunStopped | None = None
    aborted: ConfigurationError | None = None

    @property
    def is_over(self) -> bool:
        """Whether an error has ended the run, so that no further stream is read."""
        return self.stopped is not None or self.aborted is not None

    def result_of(self, stream: str) -> StreamResult:
        """Return a stream's result; the first call for a stream creates it."""
        return self.results.setdefault(stream, StreamResult())

    def record_error(self, stream: str, error: TapPardotError) -> None:
        """Record the error that ended a stream early, and the run too if the error does."""
        result = self.result_of(stream)
        result.message = str(error)
        if isinstance(error, StreamSkipped):
            result.status = Status.SKIPPED
        elif isinstance(error, RunStopped):
            result.status = Status.STOPPED
        else:
            result.status = Status.FAILED
        self.stop(error)

    def stop(self, error: TapPardotError) -> None:
        """Record an error if it ends the whole run. Only the first one counts."""
        if isinstance(error, RunStopped):
            self.stopped = self.stopped or error
        elif isinstance(error, ConfigurationError):
            self.aborted = self.aborted or error

    def streams_with(self, status: Status) -> list[str]:
        """Return the names of the streams that ended with a status."""
        return [name for name, result in self.results.items() if result.status is status]

    @property
    def exit_code(self) -> int:
        """0: complete. 1: aborted, or a stream failed. 2: stopped early (DESIGN, promise 5)."""
        if self.stopped is not None and not isinstance(self.stopped, CallLimitReached):
            return 2
        return 1 if self.aborted is not None or self.streams_with(Status.FAILED) else 0

    def log(
        self,
        calls: Mapping[str, int],
        last_sentence: str | None = None,
        calls_reset_at: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        """Log one line per stream, then one sentence. The figures are structured fields too.

        Args:
            calls: API calls by stream.
            last_sentence: The sentence for a run that a signal ended; None for any other run.
            calls_reset_at: When the account has API calls again; None if they are not used up.
            exit_code: The program's exit code, if it is not :attr:`exit_code`.
        """
        for name, number in calls.items():
            count = metrics.Metric.HTTP_REQUEST_COUNT
            metrics.log(_meter, metrics.Point("counter", count, number, {"stream": name}))
        level = logging.INFO if self.exit_code == 0 else logging.ERROR
        if last_sentence is not None or isinstance(self.stopped, CallLimitReached):
            level = max(level, logging.WARNING)
        if len(self.results) > 1 and all(result.is_unread for result in self.results.values()):
            stopped = {"status": Status.STOPPED.value, "rows": 0}
            logger.log(level, "None of the %d streams was read.", len(self.results), extra=stopped)
        else:
            for name, result in self.results.items():
                _log_stream(name, result, calls.get(name, 0))
        figures = {
            "rows": sum(result.rows for result in self.results.values()),
            "calls": sum(calls.values()),
            "exit_code": self.exit_code if exit_code is None else exit_code,
            **{status.value: len(self.streams_with(status)) for status in Status},
        }
        sentence = last_sentence or self._sentence(sum(calls.values()), calls_reset_at)
        logger.log(level, "%s", sentence, extra=figures)

    def _sentence(self, calls: int, calls_reset_at: str | None) -> str:
        """Return the last sentence of a run that no signal ended."""
        rows = quantity(sum(result.rows for result in self.results.values()), "row")
        skipped = self.streams_with(Status.SKIPPED)
        left_out = f" Skipped: {', '.join(skipped)}." if skipped else ""
        failed = self.streams_with(Status.FAILED)
        if failed:
            left_out += f" Failed: {', '.join(failed)}."
        if self.stopped is not None:
            hint = "" if calls_reset_at is None else f" The new day begins at {calls_reset_at}."
            finished = ", ".join(self.streams_with(Status.DONE)) or "none"
            return (
                f"Stopped early after {rows}: {self.stopped}{hint} Finished: {finished}.{left_out}"
            )
        if self.aborted is not None:
            return f"Stopped after {rows}: {self.aborted}"
        if failed:
            return (
                f"Not complete ({rows}): {', '.join(failed)} failed: see the reason in the lines "
                f"above, then run again; STATE is good.{left_out.partition(' Failed')[0]}"
            )
        done = len(self.streams_with(Status.DONE))
        of_streams = f"{quantity(done, 'stream')} in {quantity(calls, 'call')}"
        return f"Complete: {rows} of {of_streams}.{left_out}"


def _log_stream(name: str, result: StreamResult, calls: int) -> None:
    logger.log(
        _LEVELS[result.status],
        "%s: %s%s, %s, %s: %s%s",
        name,
        quantity(result.rows, "row"),
        f" by {result.dialect}" if result.dialect else "",
        quantity(calls, "call"),
        result.status.value,
        result.message,
        f" ({result.note})" if result.note else "",
        extra={
            "stream": name,
            "rows": result.rows,
            "calls": calls,
            "reached": result.reached,
            "status": result.status.value,
            **({"dialect": result.dialect} if result.dialect else {}),
        },
    )


def quantity(number: int, what: str) -> str:
    """Return a number with what it counts, such as "1,200 rows" or "1 row"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def unexpected(error: Exception) -> str:
    """Return the sentence for an unexpected error, and log its traceback at debug level.

    The message of the error is not shown, because it may hold data.
    """
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.debug("%s at\n%s", type(error).__name__, where)
    return (
        f"An unexpected error ({type(error).__name__}): run again with "
        "TAP_PARDOT_LOGLEVEL=DEBUG and report the lines that show where it came from."
    )
