"""What a run needs of a stream."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol


class Turn(IntEnum):
    """The phase of a run in which a stream is read, in this order.

    Export jobs are created first and take long at Pardot, so queries are read meanwhile. Child
    streams come last, because their ids come from other streams.
    """

    QUERY = 0
    EXPORT = 1
    CHILD = 2


class RunnableStream(Protocol):
    """What the runner needs of a stream."""

    name: str
    ignored_replication: str
    """The replication settings of the catalog that the stream ignores, for the log."""
    failure: Exception | None
    """Why the stream cannot be read, if that is known before its turn."""

    @property
    def incremental(self) -> bool:
        """Whether only what is new is read."""

    @property
    def reached_text(self) -> str | None:
        """The instant before which all rows are written, in ISO 8601; None if there is none."""

    @property
    def turn(self) -> Turn:
        """The phase in which the stream is read."""

    @property
    def valid_replication(self) -> str:
        """The replication settings that a catalog may have for the stream, for the log."""

    def check_columns(self) -> None:
        """Check the catalog's column types.

        Raises:
            ConfigurationError: A column cannot be emitted as the catalog declares it.
        """

    def fix_dialect(self) -> None:
        """Find out which dialect reads the stream, where its place in the run depends on it.

        Raises:
            TapPardotError: No dialect can read it.
        """

    def submit(self) -> None:
        """Create export jobs, before anything is read."""

    def sync(self) -> None:
        """Read the stream and write its messages."""

    def finalize_state_progress_markers(self) -> None:
        """Finalize the stream's part of STATE (a method of the SDK)."""
