"""Fan-out: parents' records are passed to the streams that are read through them, the children.

A parent that is read in the run passes its records on as they are emitted. What it has read
before a child was selected, or everything if the parent itself is not selected, is read for the
children only. STATE holds how far each parent's rows were passed to each child, and the ids that
are not read yet. When many ids are pending, the parent pauses while its children read them, so
STATE stays small and a killed run loses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.errors import (
    ConfigurationError,
    RunStopped,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
)
from tap_pardot.records.times import Window, parse_instant, to_iso
from tap_pardot.streams.assembly import is_append_only, is_child, new_reading, parents_of
from tap_pardot.streams.child import Child
from tap_pardot.streams.feed import Feed
from tap_pardot.sync.report import Status, StreamResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from tap_pardot.sources.visits import SharedVisits
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.sync.context import SyncContext
    from tap_pardot.sync.reading import Reading


class Taker(NamedTuple):
    """What takes a parent's records, from a time on."""

    child: Child
    take: Callable[[str, Mapping[str, Any], str | None], None]
    synced: str


class Listeners:
    """The children that one reading of a parent passes its records to.

    Args:
        parent: The parent.
        children: The children.
        is_full: Whether all of the parent is read, whatever was passed on before.
    """

    def __init__(
        self, parent: PardotStream, children: Sequence[Child], *, is_full: bool = False
    ) -> None:
        self._parent = parent.name
        self._time = time_column(parent)
        self._is_full = is_full
        self.children = children
        needed = [column for child in children for column in child.parents[parent.name]]
        self.columns = tuple(dict.fromkeys([*needed, *filter(None, [self._time])]))
        self._takers: list[Taker] = []

    def on_start(self) -> None:
        """Find out from which time on a record is new to each child."""
        self._takers = [
            Taker(child, child.source.on_parent_record, self._synced_text(child))
            for child in self.children
            if child.is_active
        ]

    def _synced_text(self, child: Child) -> str:
        if self._is_full or child.is_new(self._parent):
            return ""
        return to_iso(child.synced_until(self._parent))

    def on_record(self, record: Mapping[str, Any]) -> None:
        """Pass a record to the children that do not have it."""
        when = record.get(self._time)
        for _, take, synced in self._takers:
            if when is None or when >= synced:
                take(self._parent, record, when)

    @property
    def are_there(self) -> bool:
        """Whether a child takes records."""
        return bool(self._takers)

    def on_end(self) -> None:
        """Pass nothing more."""
        self._takers = []

    def drain(self) -> None:
        """Read the ids of children that have many; errors as of :meth:`Child.read_pending`."""
        takers, self._takers = self._takers, []
        try:
            for taker in takers:
                if taker.child.source.is_full:
                    taker.child.read_pending()
        finally:
            self._takers = [taker for taker in takers if taker.child.is_active]


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

    def start(self) -> None:
        """Find out whose records are passed to whom, and what is to be read for children only."""
        for parent in self.parents:
            children = [
                child for child in self.children if parent.name in child.parents and child.is_active
            ]
            end = self._sync.end
            if parent.selected and children:
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
        self._joined[parent.name] = _reached(parent) or self._sync.start
        return self._joined[parent.name]

    def _new_feed(self, missed: MissedRange) -> FeedReading:
        """Return what reads a missed range, or goes on where an interrupted run was."""
        parent, sync = missed.parent, self._sync
        start = min(child.synced_until(parent.name) for child in missed.children)
        window = Window(start, missed.end)
        feed = Feed(parent.stream_state, sync.zone, window, missed.children)
        listeners = Listeners(parent, missed.children)
        needed = {*listeners.columns, *parent.primary_keys, parent.replication_key}
        reading = new_reading(
            parent,
            sync,
            columns=[name for name in parent.schema["properties"] if name in needed],
            bookmark=feed.bookmark,
            result=StreamResult(),
            windows=feed,
        )
        return FeedReading(feed, reading, listeners)

    def submit(self) -> None:
        """Create the export jobs of what is read for children only."""
        for each in self._feeds.values():
            each.reading.source.submit()

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
            made = self._feeds.pop(name, None)
            feed, reading, listeners = self._new_feed(missed) if made is None else made
            listen(listeners)
            try:
                self._pass_on(reading, listeners)
            except TapPardotError as found:
                error = self._sync.classify(found)
                if isinstance(error, (ConfigurationError, RunStopped)):
                    raise error from None
                for child in missed.children:
                    child.parent_errors[name] = _as_parent_error(name, error)
                self._missed.pop(0)
                continue
            finally:
                listen(None)
            for child in _active(missed.children):
                child.mark_synced(name, feed.end)
            if feed.end >= missed.end:
                self._missed.pop(0)
            self._sync.write_state()

    def _pass_on(self, reading: Reading, listeners: Listeners) -> None:
        listeners.on_start()
        for record in reading.records():
            listeners.on_record(record)
            if not listeners.are_there:
                return

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
            reached = None if joined is None else _reached(parent)
            if joined is None or reached is None:
                continue
            for child in _active(self.listeners[parent.name].children):
                # One that is behind stays so until what it missed is read.
                if child.synced_until(parent.name) >= joined:
                    child.mark_synced(parent.name, reached)
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


class FanOut:
    """All children of a run.

    Args:
        streams: All streams by name, in the order they are read.
        open_sync: Returns what is fixed for the run.
    """

    def __init__(
        self, streams: Mapping[str, PardotStream], open_sync: Callable[[], SyncContext]
    ) -> None:
        self._streams = streams
        self._open_sync = open_sync
        self._groups: list[ParentGroup] = []
        self._listeners: Listeners | None = None
        """The children of what is being read for them only."""

    def start(self) -> None:
        """Let the children follow their parents, before anything is read.

        A child with so many pending ids that an earlier run could not read them is checked first:
        it takes nothing in this run, if it may still not be read.
        """
        streams = [each for each in self._streams.values() if is_child(each) and each.selected]
        sync = self._open_sync()
        shared: dict[str, SharedVisits] = {}
        by_parents: dict[tuple[str, ...], list[Child]] = {}
        for stream in streams:
            child = Child(stream, sync, shared, self._read_parents)
            stream.use(child.reading)
            by_parents.setdefault(tuple(child.parents), []).append(child)
        for children in by_parents.values():
            for child in children:
                if child.source.is_full:
                    child.check()
        groups = [ParentGroup(self._streams, sync, each) for each in by_parents.values()]
        for group in groups:
            group.start()
        self._groups = groups
        self._detach_from_others()

    def _detach_from_others(self) -> None:
        """Let no child follow a parent that reads on without it."""
        for stream in filter(is_child, self._streams.values()):
            for name in parents_of(stream):
                parent = self._streams[name]
                followed = any(name in group.listeners for group in self._groups)
                if parent.selected and not followed and parent.stream_state.get("children"):
                    parent.stream_state["children"] = None

    def submit(self) -> None:
        """Create the export jobs of what is read for children only."""
        for group in self._groups:
            group.submit()

    def _read_parents(self, child: Child) -> None:
        """Read what a child's parents have not passed on, in the child's turn."""
        for group in self._groups:
            if child in group.children:
                group.read_missed(self._listen)
                group.note_parent_errors()

    def _listen(self, listeners: Listeners | None) -> None:
        self._listeners = listeners

    def store(self) -> None:
        """Put into STATE how far the children are; called before STATE is written."""
        for group in self._groups:
            group.store()

    def drain(self) -> None:
        """Read the ids of children that have many, while their parent pauses.

        Called when STATE was just written: it is exact then.
        """
        if self._listeners is not None:
            self._listeners.drain()
        for group in self._groups:
            for listeners in group.listeners.values():
                listeners.drain()


def _active(children: Iterable[Child]) -> list[Child]:
    return [child for child in children if child.is_active]


def time_column(parent: PardotStream) -> str:
    """Return the column by which a parent's windows go; empty if there is none."""
    return "created_at" if is_append_only(parent) else parent.declared_key or ""


def _reached(parent: PardotStream) -> datetime | None:
    """Return the instant before which everything of a parent is out."""
    if is_append_only(parent):
        return parent.bookmark.until
    value = parent.bookmark.value
    return None if value is None else parse_instant(value)


def _as_parent_error(parent: str, error: TapPardotError) -> TapPardotError:
    """Return a parent's failure as it is reported of a child."""
    message = f"Not all ids are known, because of {parent}: {error}"
    return StreamSkipped(message) if isinstance(error, StreamSkipped) else StreamFailed(message)
