"""A stream that exists only through others: what its parents have passed to it, and its STATE.

``pending``
    Ids that parents named and that are not read yet, as :func:`tap_pardot.state.id_set.pack`.
``seen``
    By parent, the instant up to which its rows were passed to the stream.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tap_pardot.endings import unexpected
from tap_pardot.errors import ConfigurationError, RunStopped, StreamFailed, TapPardotError
from tap_pardot.records.times import parse_instant, to_iso
from tap_pardot.sync.report import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_pardot.api.dialect import Row
    from tap_pardot.sources.base import Page
    from tap_pardot.sources.lookup import ChildSource
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.reading import Reading

logger = logging.getLogger("tap-pardot")


class Child:
    """One selected child in a run.

    Args:
        stream: The stream.
        parents: By parent, the columns that are needed of its records.
    """

    source: ChildSource
    reading: Reading

    def __init__(self, stream: PardotStream, parents: Mapping[str, tuple[str, ...]]) -> None:
        self.stream = stream
        self.name = stream.name
        self.parents = parents
        self.parent_errors: dict[str, TapPardotError] = {}
        """By parent, why not all of its rows were passed on in this run."""
        self.failure: TapPardotError | None = None
        """Why the stream takes nothing more in this run, found in another stream's turn."""

    @property
    def is_active(self) -> bool:
        """Whether the stream has not failed."""
        return self.failure is None and self.stream.line.end is not Status.FAILED

    @property
    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.stream.stream_state
        return state

    # --- what parents have passed ---

    def is_covered_by(self, part: Mapping[str, Any]) -> bool:
        """Return whether a reading has passed its records to this stream from its beginning.

        A stream that was taken out of STATE starts over, whatever the parent's part says.

        Args:
            part: The part of STATE that is about the reading.
        """
        return self.name in (part.get("children") or []) and "pending" in self._state

    def synced_until(self, parent: str) -> datetime | None:
        """Return the instant up to which a parent's rows were passed on."""
        text = (self._state.get("seen") or {}).get(parent)
        return None if text is None else parse_instant(text)

    def mark_synced(self, parent: str, until: datetime) -> None:
        """Note that a parent's rows were passed on up to an instant, if not further."""
        seen = dict(self._state.get("seen") or {})
        latest = max(self.synced_until(parent) or until, until)
        self._state["seen"] = seen | {parent: to_iso(latest)}

    # --- in another stream's turn ---

    def check(self) -> None:
        """Read a few pending ids, to see whether the stream may be read."""
        self._read(self.source.check())

    def read_pending(self) -> None:
        """Read the pending ids.

        Raises:
            RunStopped: Pardot ended the run early.
            ConfigurationError: No stream can be read.
        """
        self._read(self.source.pages(None))

    def _read(self, pages: Iterable[Page]) -> None:
        try:
            for page in pages:
                for record in self.reading.page_records(page):
                    self.stream.write(record)
        except TapPardotError as error:
            self._fail(self.stream.classify(error))
        except Exception as error:  # noqa: BLE001 - it must not end the stream whose turn it is
            self._fail(StreamFailed(unexpected(error)))
        self.reading.write_state()

    def write_rows(self, rows: Iterable[Row]) -> None:
        """Write rows, unless the stream has failed."""
        for row in rows:
            if self.failure is None:
                self.write(self.reading.decoder(row))

    def write(self, record: dict[str, Any]) -> None:
        """Write a record. A stream map that fails ends this stream, and not the one in turn."""
        if self.failure is not None:
            return
        try:
            self.stream.write(record)
        except StreamFailed as error:
            self._fail(error)
        else:
            self.stream.line.rows += 1

    def _fail(self, error: TapPardotError) -> None:
        if isinstance(error, (RunStopped, ConfigurationError)):
            raise error
        self.failure = error

    # --- in its own turn ---

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records of what is still pending, once all parents are through.

        Raises:
            TapPardotError: The stream ended early, or a parent did; the ids stay pending.
        """
        if self.failure is not None:
            raise self.failure
        self.source.complete()
        yield from self.reading.records()
        # A failure is worth an exit code, a missing right is not.
        errors = self.parent_errors.values()
        for error in sorted(errors, key=lambda each: not isinstance(each, StreamFailed)):
            raise error
