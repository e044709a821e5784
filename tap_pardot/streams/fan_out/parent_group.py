"""Children that share parents: attaches them to parents, and reads feeds for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_pardot.errors import (
    ENDS_RUN,
    Outage,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
)
from tap_pardot.records.times import Window
from tap_pardot.sources.export_creation import KeysRejected
from tap_pardot.streams.assembly import new_reading
from tap_pardot.streams.endpoints import query_instead, reached
from tap_pardot.streams.fan_out.feed import Feed
from tap_pardot.streams.fan_out.listeners import Listeners
from tap_pardot.streams.variants import V5
from tap_pardot.streams.ways import another_way
from tap_pardot.sync.report import Status, StreamResult, unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from tap_pardot.sources.base import Source
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.fan_out.child import Child
    from tap_pardot.streams.variants import Variant
    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.reading import Reading


class MissedRange(NamedTuple):
    """The rows of a parent, up to an end, that were not passed to some of its children."""

    parent: PardotStream
    children: list[Child]
    end: datetime


class FeedReading(NamedTuple):
    """The reading of a missed range, the children that get its records, and how it is read."""

    feed: Feed
    reading: Reading
    listeners: Listeners
    variant: Variant


class ParentGroup:
    """The selected children that share parents.

    Args:
        streams: All streams by name.
        sync: The context of the run.
        children: The children.
    """

    def __init__(
        self, streams: Mapping[str, PardotStream], sync: SyncContext, children: list[Child]
    ) -> None:
        self._sync = sync
        self.children = children
        names = dict.fromkeys(name for child in children for name in child.parents)
        parents = [streams[name] for name in names]
        self.parents = [each for each in parents if sync.has_version_4 or V5 in each.variants]
        self.listeners: dict[str, Listeners] = {}
        """The children that get a parent's records, by each selected parent."""
        self._missed: list[MissedRange] = []
        self._attached_at: dict[str, datetime] = {}
        """The parent's bookmark when children were attached, by incremental parent."""
        self._feeds: dict[str, FeedReading] = {}
        self._failures: dict[str, TapPardotError] = {}
        """Why a missed range cannot be read, by parent, if that is known before its turn."""

    def start(self, *, parents_follow: bool) -> None:
        """Attach children to selected parents, and prepare feeds for the rows that they missed.

        Args:
            parents_follow: Whether the selected parents are read later in this run.
        """
        for parent in self.parents:
            children = [
                child for child in self.children if parent.name in child.parents and child.is_active
            ]
            end = self._sync.end
            if parents_follow and parent.selected and children:
                end = min(end, self._attach(parent, children))
            behind = [child for child in children if child.synced_until(parent.name) < end]
            if behind:
                self._missed.append(MissedRange(parent, behind, end))
                self._feeds[parent.name] = self._new_feed(self._missed[-1])

    def _attach(self, parent: PardotStream, children: list[Child]) -> datetime:
        """Attach children to a parent; return the time of the first records that it passes."""
        state, names = parent.stream_state, [child.name for child in children]
        if not all(child.is_covered_by(state) for child in children):
            # Part of an open window may be written, but was not passed to the new children.
            parent.bookmark.begin_anew()
        state["children"] = sorted(names)
        listeners = Listeners(parent, children, is_full_table=not parent.incremental)
        self.listeners[parent.name] = listeners
        parent.observe(listeners)
        if not parent.incremental:
            return self._sync.start
        self._attached_at[parent.name] = reached(parent) or self._sync.start
        return self._attached_at[parent.name]

    def _new_feed(self, missed: MissedRange) -> FeedReading:
        """Return the reading of a missed range; a feed of an interrupted run is resumed."""
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
        return FeedReading(feed, reading, listeners, parent.variant)

    def submit(self) -> None:
        """Create the export jobs of the feeds. Failures of single parents are raised later.

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
        """Call ``action`` with the source of a missed range's feed, and return the feed.

        If exports refuse the keys, the feed is read by query; if version 5 refuses it, by versions
        3 and 4. Errors as of the source.
        """
        feed = self._feeds.pop(missed.parent.name, None)
        if feed is None or feed.variant is not missed.parent.variant:
            feed = self._new_feed(missed)
        try:
            action(feed.reading.source)
        except KeysRejected as refusal:
            missed.parent.endpoint = query_instead(missed.parent, refusal)
            feed = self._new_feed(missed)
        except (StreamSkipped, StreamFailed, Outage) as error:
            missed.parent.use(*another_way(missed.parent, self._sync, error))
            return self._prepared(missed, action)
        return feed

    def _classify(self, error: TapPardotError) -> TapPardotError:
        """Return an error as the failure of one parent.

        Raises:
            RunStopped: Pardot ended the run early.
            ConfigurationError: No stream can be read.
        """
        found = self._sync.classify(error)
        if isinstance(found, ENDS_RUN):
            raise found from None
        return found

    def read_missed(self, listen: Callable[[Listeners | None], None]) -> None:
        """Read the missed ranges for the children. Their errors go to ``Child.parent_errors``.

        Args:
            listen: Called with the listeners of the feed that is being read, and then with None.

        Raises:
            RunStopped: Pardot ended the run early.
            ConfigurationError: No stream can be read.
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
        """Pass the records of a missed range to its children; return the end of the feed.

        Raises:
            TapPardotError: The parent cannot be read.
        """
        if (failure := self._failures.pop(missed.parent.name, None)) is not None:
            raise failure
        while True:
            found = self._prepared(missed, lambda source: source.prepare())
            try:
                _pass_records(found, listen)
            except (StreamSkipped, StreamFailed, Outage) as error:
                missed.parent.use(*another_way(missed.parent, self._sync, error))
            else:
                return found.feed.end

    def note_parent_errors(self) -> None:
        """Set ``Child.parent_errors`` for parents that were not read completely in this run."""
        for name, listeners in self.listeners.items():
            result = self._sync.report.result_of(name)
            if result.status is not Status.DONE:
                kind = StreamSkipped if result.status is Status.SKIPPED else StreamFailed
                for child in listeners.children:
                    error = _as_parent_error(name, kind(result.message))
                    child.parent_errors.setdefault(name, error)

    # --- STATE ---

    def store(self) -> None:
        """Update in STATE up to when each child is synced, and its pending ids."""
        self._detach_failed()
        for parent in self.parents:
            attached_at = self._attached_at.get(parent.name)
            until = None if attached_at is None else reached(parent)
            if attached_at is None or until is None:
                continue
            for child in _active(self.listeners[parent.name].children):
                # A child that has missed rows is not synced until its feed is read.
                if child.synced_until(parent.name) >= attached_at:
                    child.mark_synced(parent.name, until)
        for child in self.children:
            child.source.save_state()

    def _detach_failed(self) -> None:
        """Detach failed children in STATE, so that the next run reads for them what they missed."""
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


def _pass_records(found: FeedReading, listen: Callable[[Listeners | None], None]) -> None:
    """Pass the records of a feed to its children; errors as of the reading."""
    listen(found.listeners)
    found.listeners.on_start()
    try:
        for record in found.reading.records():
            found.listeners.on_record(record)
            if not found.listeners.has_active:
                break
    finally:
        listen(None)


def _as_parent_error(parent: str, error: TapPardotError) -> TapPardotError:
    """Return a parent's failure as the failure that its child reports."""
    message = f"Not all ids are known, because of {parent}: {error}"
    return StreamSkipped(message) if isinstance(error, StreamSkipped) else StreamFailed(message)
