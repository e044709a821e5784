"""Children and their common parents: who follows whom, and what is read for children only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_pardot.errors import (
    ENDS_RUN,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
)
from tap_pardot.records.times import Window
from tap_pardot.sources.export_creation import KeysRejected
from tap_pardot.streams.assembly import new_reading, query_instead, reached
from tap_pardot.streams.feed import Feed
from tap_pardot.streams.listeners import Listeners
from tap_pardot.sync.report import Status, StreamResult, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from tap_pardot.sources.base import Source
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.child import Child
    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.reading import Reading


class MissedRange(NamedTuple):
    """Rows of one parent that were not passed to some children, from the earliest on."""

    parent: PardotStream
    children: list[Child]
    end: datetime


class FeedReading(NamedTuple):
    """What reads a missed range, and who gets its records."""

    feed: Feed
    reading: Reading
    listeners: Listeners


class ParentGroup:
    """Children and their common parents.

    Args:
        streams: All streams by name.
        sync: What is fixed for the run.
        children: Those selected.
    """

    def __init__(
        self, streams: Mapping[str, PardotStream], sync: SyncContext, children: list[Child]
    ) -> None:
        self._sync = sync
        self.children = children
        names = dict.fromkeys(name for child in children for name in child.parents)
        self.parents = [streams[name] for name in names]
        self.listeners: dict[str, Listeners] = {}
        """By parent that is read in this run, the children that its records are passed to."""
        self._missed: list[MissedRange] = []
        self._joined: dict[str, datetime] = {}
        """By parent that goes on from its bookmark, where that was."""
        self._feeds: dict[str, FeedReading] = {}
        self._failures: dict[str, TapPardotError] = {}
        """By parent, why a missed range cannot be read, found before it is."""

    def start(self, *, passing: bool) -> None:
        """Find out whose records are passed to whom, and what is to be read for children only.

        Args:
            passing: Whether the selected parents are still to be read in this run.
        """
        for parent in self.parents:
            children = [
                child for child in self.children if parent.name in child.parents and child.is_active
            ]
            end = self._sync.end
            if passing and parent.selected and children:
                end = min(end, self._follow(parent, children))
            behind = [child for child in children if child.synced_until(parent.name) < end]
            if behind:
                self._missed.append(MissedRange(parent, behind, end))
                self._feeds[parent.name] = self._new_feed(self._missed[-1])

    def _follow(self, parent: PardotStream, children: list[Child]) -> datetime:
        """Let children follow a parent; return the instant from which on they do."""
        state, names = parent.stream_state, [child.name for child in children]
        if not all(child.is_covered_by(state) for child in children):
            # Half of a window may be out already, which was not passed to the new ones.
            parent.bookmark.begin_anew()
        state["children"] = sorted(names)
        listeners = Listeners(parent, children, is_full=not parent.incremental)
        self.listeners[parent.name] = listeners
        parent.observe(listeners)
        if not parent.incremental:
            return self._sync.start
        self._joined[parent.name] = reached(parent) or self._sync.start
        return self._joined[parent.name]

    def _new_feed(self, missed: MissedRange) -> FeedReading:
        """Return what reads a missed range, or goes on where an interrupted run was."""
        parent, sync = missed.parent, self._sync
        start = min(child.synced_until(parent.name) for child in missed.children)
        window = Window(start, missed.end)
        feed = Feed(parent.stream_state, sync.zone, window, missed.children)
        listeners = Listeners(parent, missed.children)
        names = {*listeners.columns, *parent.primary_keys, parent.replication_key}
        columns = [name for name in parent.schema["properties"] if name in names]
        reading = new_reading(
            parent,
            sync,
            columns=columns,
            bookmark=feed.bookmark,
            result=StreamResult(),
            windows=feed,
            needed=columns,
        )
        return FeedReading(feed, reading, listeners)

    def submit(self) -> None:
        """Create the export jobs of what is read for children only.

        Raises:
            RunStopped: Pardot ended the run early.
            ConfigurationError: No stream can be read.
        """
        for missed in self._missed:
            name = missed.parent.name
            try:
                self._feeds[name] = self._prepared(missed, lambda source: source.submit())
            except TapPardotError as error:
                self._failures[name] = self._classify(error)
            except Exception as error:  # noqa: BLE001 - raised when the range is read
                self._failures[name] = StreamFailed(unexpected(error))

    def _prepared(self, missed: MissedRange, action: Callable[[Source], None]) -> FeedReading:
        """Return what reads a missed range, after its source has prepared itself.

        Where exports refuse the keys, the query is the source. Errors as of the source.
        """
        found = self._feeds.pop(missed.parent.name, None)
        made = self._new_feed(missed) if found is None else found
        try:
            action(made.reading.source)
        except KeysRejected as refusal:
            missed.parent.endpoint = query_instead(missed.parent, refusal)
            made = self._new_feed(missed)
        return made

    def _classify(self, error: TapPardotError) -> TapPardotError:
        """Return a failure that concerns one parent only.

        Raises:
            RunStopped: Pardot ended the run early.
            ConfigurationError: No stream can be read.
        """
        found = self._sync.classify(error)
        if isinstance(found, ENDS_RUN):
            raise found from None
        return found

    def read_missed(self, listen: Callable[[Listeners | None], None]) -> None:
        """Read for the children what was not passed to them.

        Args:
            listen: Called with who gets the records of what is being read.
        """
        while self._missed and not self._sync.report.is_over:
            missed = self._missed[0]
            name = missed.parent.name
            if not any(child.is_active for child in missed.children):
                self._missed.pop(0)
                continue
            try:
                end = self._pass_on(missed, listen)
            except TapPardotError as found:
                error = self._classify(found)
                for child in missed.children:
                    child.parent_errors[name] = _as_parent_error(name, error)
                self._missed.pop(0)
                continue
            for child in _active(missed.children):
                child.mark_synced(name, end)
            if end >= missed.end:
                self._missed.pop(0)
            self._sync.write_state()

    def _pass_on(self, missed: MissedRange, listen: Callable[[Listeners | None], None]) -> datetime:
        """Pass on the rows of a missed range; return the end of what was read."""
        if (failure := self._failures.pop(missed.parent.name, None)) is not None:
            raise failure
        made = self._prepared(missed, lambda source: source.prepare())
        listen(made.listeners)
        made.listeners.on_start()
        try:
            for record in made.reading.records():
                made.listeners.on_record(record)
                if not made.listeners.are_there:
                    break
        finally:
            listen(None)
        return made.feed.end

    def note_parent_errors(self) -> None:
        """Tell the children which parents were not read to their end."""
        for name, listeners in self.listeners.items():
            line = self._sync.report.result_of(name)
            if line.status is not Status.DONE:
                kind = StreamSkipped if line.status is Status.SKIPPED else StreamFailed
                for child in listeners.children:
                    error = _as_parent_error(name, kind(line.message))
                    child.parent_errors.setdefault(name, error)

    # --- STATE ---

    def store(self) -> None:
        """Put into STATE how far the children are."""
        self._detach_failed()
        for parent in self.parents:
            joined = self._joined.get(parent.name)
            until = None if joined is None else reached(parent)
            if joined is None or until is None:
                continue
            for child in _active(self.listeners[parent.name].children):
                # One that is behind stays so until what it missed is read.
                if child.synced_until(parent.name) >= joined:
                    child.mark_synced(parent.name, until)
        for child in self.children:
            child.source.save_state()

    def _detach_failed(self) -> None:
        """Let the next run pass on again what a child that takes nothing more has missed."""
        failed = {child.name for child in self.children if child.failure is not None}
        if not failed:
            return
        for parent in self.parents:
            state = parent.stream_state
            for part in (state, state.get("feed") or {}):
                if part.get("children"):
                    part["children"] = sorted({*part["children"]} - failed)


def _active(children: Iterable[Child]) -> list[Child]:
    return [child for child in children if child.is_active]


def _as_parent_error(parent: str, error: TapPardotError) -> TapPardotError:
    """Return a parent's failure as it is reported of a child."""
    message = f"Not all ids are known, because of {parent}: {error}"
    return StreamSkipped(message) if isinstance(error, StreamSkipped) else StreamFailed(message)
