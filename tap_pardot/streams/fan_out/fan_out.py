"""Fan-out: passes the records of parent streams to their child streams.

A child stream takes ids or rows from the records of its parents. There are two ways to pass them:

* A selected parent passes each record to its children when it emits it.
* Rows that a parent has emitted before a child was selected, or all rows of a parent that is not
  selected, are read for the children only ("feed") and are not emitted.

STATE stores up to which time each parent's rows were passed to each child, and the pending ids.
When many ids are pending, the parent pauses while its children read them. So STATE stays small,
and a killed run loses nothing.
"""

from __future__ import annotations

import logging
from itertools import chain
from typing import TYPE_CHECKING

from tap_pardot.streams.crossing import go_on_as_child, parent_names
from tap_pardot.streams.endpoints import is_child, parents_of
from tap_pardot.streams.fan_out.child import Child
from tap_pardot.streams.fan_out.parent_group import ParentGroup
from tap_pardot.streams.variants import V5
from tap_pardot.streams.ways import fix_parents, log_way, reads_version_4

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_pardot.sources.visits import SharedVisits
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.fan_out.listeners import Listeners
    from tap_pardot.sync.context import SyncContext


logger = logging.getLogger("tap-pardot")


class FanOut:
    """All children of a run.

    Args:
        streams: All streams by name, in the order they are read.
        open_sync: Returns the context of the run.
    """

    def __init__(
        self, streams: Mapping[str, PardotStream], open_sync: Callable[[], SyncContext]
    ) -> None:
        self._streams = streams
        self._open_sync = open_sync
        self._groups: list[ParentGroup] = []
        self._has_started = False
        self._listeners: Listeners | None = None
        """The children of the feed that is being read now."""

    def start(self, *, parents_follow: bool = True) -> None:
        """Attach the selected children to their parents. Only the first call in a run counts.

        A child whose pending ids are at their limit is checked first, because an earlier run could
        not read it. If it still cannot be read, it takes no records in this run.

        Args:
            parents_follow: Whether the selected parents are read later in this run and pass their
                records. The SDK's ``sync_all`` reads streams by name, so a child may come before
                its parents. Then all rows that it needs are read for the child only.
        """
        if self._has_started:
            return
        self._has_started = True
        streams = [each for each in self._streams.values() if is_child(each) and each.selected]
        streams = [each for each in streams if each.failure is None]
        sync = self._open_sync()
        for name, child_name in fix_parents(self._streams, streams, sync).items():
            text = "%s: versions 3 and 4 have to read it, because %s needs it from them."
            logger.info(text, name, child_name)
        shared: dict[str, SharedVisits] = {}
        children = []
        for stream in streams:
            parents = _readable_parents(stream, self._streams, sync)
            child = Child(stream, sync, shared, self._read_parents, parents)
            go_on_as_child(child)
            stream.set_reading(child.reading)
            if sync.reads_version_5 and not sync.version_5.is_gone:
                log_way(stream, sync)
            child.leave_out_history()
            children.append(child)
        by_parents = _by_shared_parents(children)
        for child in chain.from_iterable(by_parents):
            if child.source.is_full:
                child.check()
        groups = [ParentGroup(self._streams, sync, each) for each in by_parents]
        for group in groups:
            group.start(parents_follow=parents_follow)
        self._groups = groups
        if parents_follow:
            self._detach_from_others()

    def _detach_from_others(self) -> None:
        """Clear the children of parents that move on in this run without them, in STATE."""
        for stream in self._streams.values():
            for name in parent_names(stream):
                parent = self._streams[name]
                followed = any(name in group.listeners for group in self._groups)
                if parent.selected and not followed and parent.stream_state.get("children"):
                    parent.stream_state["children"] = None

    @property
    def reads_version_4(self) -> bool:
        """Whether versions 3 and 4 may read a stream of the run, whose times are local ones."""
        selected = [each for each in self._streams.values() if each.selected]
        parents = [parent for group in self._groups for parent in group.parents]
        return any(map(reads_version_4, [*selected, *parents]))

    def submit(self) -> None:
        """Create the export jobs of rows that are read for children only; errors as the group."""
        for group in self._groups:
            group.submit()

    def _read_parents(self, child: Child) -> None:
        """Read the rows that a child's parents have not passed to it, in the child's turn."""
        for group in self._groups:
            if child in group.children:
                group.read_missed(self._listen)
                group.note_parent_errors()

    def _listen(self, listeners: Listeners | None) -> None:
        self._listeners = listeners

    def store(self) -> None:
        """Update the children's part of STATE; called before STATE is written."""
        for group in self._groups:
            group.store()

    def drain(self) -> None:
        """Read the pending ids of children that have many, while their parent pauses.

        It is called right after STATE was written, so that STATE covers the records so far.
        """
        if self._listeners is not None:
            self._listeners.drain()
        for group in self._groups:
            for listeners in group.listeners.values():
                listeners.drain()


def _readable_parents(
    stream: PardotStream, streams: Mapping[str, PardotStream], sync: SyncContext
) -> dict[str, tuple[str, ...]]:
    """Return a child's parents without those that the account's versions of the API lack."""
    return {
        name: columns
        for name, columns in parents_of(stream).items()
        if sync.has_version_4 or V5 in streams[name].variants
    }


def _by_shared_parents(children: Iterable[Child]) -> list[list[Child]]:
    """Return the children in groups: a parent passes its records to one group."""
    groups: list[list[Child]] = []
    for child in children:
        sharing = [
            group
            for group in groups
            if any(each.parents.keys() & child.parents.keys() for each in group)
        ]
        if not sharing:
            groups.append([child])
            continue
        first, *others = sharing
        first += [*chain.from_iterable(others), child]
        groups = [group for group in groups if group not in others]
    return groups
