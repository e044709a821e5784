"""Fan-out: parents' records are passed to the streams that are read through them, the children.

A parent that is read in the run passes its records on as they are emitted. What it has read
before a child was selected, or everything if the parent itself is not selected, is read for the
children only. STATE holds how far each parent's rows were passed to each child, and the ids that
are not read yet. When many ids are pending, the parent pauses while its children read them, so
STATE stays small and a killed run loses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_pardot.streams.assembly import is_child, parents_of
from tap_pardot.streams.child import Child
from tap_pardot.streams.parent_group import ParentGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_pardot.sources.visits import SharedVisits
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.listeners import Listeners
    from tap_pardot.sync.context import SyncContext


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
        self._has_started = False
        self._listeners: Listeners | None = None
        """The children of what is being read for them only."""

    def start(self, *, passing: bool = True) -> None:
        """Let the children follow their parents, once in a run.

        A child with so many pending ids that an earlier run could not read them is checked first:
        it takes nothing in this run, if it may still not be read.

        Args:
            passing: Whether the selected parents are still to be read. The SDK's ``sync_all``
                reads streams by name, so a child may come before its parents; then all that it
                needs of them is read for it.
        """
        if self._has_started:
            return
        self._has_started = True
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
            group.start(passing=passing)
        self._groups = groups
        if passing:
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
