"""Fan-out: ids and rows that parents' records hand over to their children.

A parent that is read in the run hands over while its records pass. What it has read before a
child was selected, or everything if the parent itself is not selected, is read silently: its
records go to the children only. How far each child has been handed each parent's rows is in
STATE, and so are the ids it has not read yet; a run that is killed between parent and child
loses nothing.

Too many ids for STATE keep the parents' windows open instead: STATE then tells where parents
and children were when the ids still fitted, until the children have read so many that the rest
fits. A run after one that ended before that reads the ids in STATE first.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.errors import (
    ConfigurationError,
    RunStopped,
    StreamFailed,
    StreamSkipped,
    TapPardotError,
)
from tap_pardot.records.times import Window, to_iso
from tap_pardot.streams.silent import SILENT, Silent
from tap_pardot.sync.report import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.children import Child
    from tap_pardot.tap import TapPardot


class Gap(NamedTuple):
    """What some children have not been handed of one parent, from the earliest on."""

    parent: str
    children: list[Child]
    end: datetime


class Family:
    """Children and their common parents.

    Args:
        tap: The tap.
        children: Those selected.
    """

    def __init__(self, tap: TapPardot, children: list[Child]) -> None:
        self._tap = tap
        self.children = children
        self.parents = list(dict.fromkeys(name for child in children for name in child.feeds))
        self.followers: dict[str, list[Child]] = {}
        """By parent that is read in this run, the children it hands over to."""
        self.gaps: list[Gap] = []
        self._joined: dict[str, datetime] = {}
        """By parent that goes on from its bookmark, where that was."""
        self._silent: dict[str, Silent] = {}
        self._kept: dict[str, dict[str, Any]] = {}

    def begin(self, *, passing: bool) -> None:
        """Find out who hands over to whom, and what must be read silently.

        Args:
            passing: Whether the selected parents are still to be read in this run.
        """
        run = self._tap.run
        for name in self.parents:
            followers = [child for child in self.children if name in child.feeds]
            parent = self._tap.parent(name)
            end = run.end
            if passing and parent.selected:
                end = min(end, self._follow(parent, followers))
            behind = [child for child in followers if self._seen(child, name) < end]
            if behind:
                self.gaps.append(Gap(name, behind, end))
                self._silent[name] = self._listener(self.gaps[-1])
        self._kept = self._parts()

    def _follow(self, parent: PardotStream, followers: list[Child]) -> datetime:
        """Let children follow a parent; return the instant from which on they do."""
        state, names = parent.stream_state, [child.name for child in followers]
        if not all(child.stands_in(state) for child in followers):
            # Half of a window may be out already, of which the new ones were handed nothing.
            parent.bookmark.begin_anew()
        state["children"] = sorted(names)
        parent.handed = columns_for(parent, followers)
        self.followers[parent.name] = followers
        start = self._tap.run.start
        if not parent.incremental:
            return start
        self._joined[parent.name] = parent.reached or start
        return self._joined[parent.name]

    def _seen(self, child: Child, parent: str) -> datetime:
        return child.seen(parent) or self._tap.run.start

    def _listener(self, gap: Gap) -> Silent:
        """Return what reads a gap, or goes on where an interrupted run was."""
        start = min(self._seen(child, gap.parent) for child in gap.children)
        silent = SILENT[gap.parent](
            self._tap, columns_for(self._tap.parent(gap.parent), gap.children)
        )
        silent.begin(Window(start, gap.end), gap.children)
        return silent

    def submit(self) -> None:
        """Create the export jobs of what is read silently."""
        for silent in self._silent.values():
            silent.submit()

    def close_gaps(self) -> None:
        """Read silently what the children were not handed."""
        while self.gaps and not self._tap.report.is_over:
            gap = self.gaps[0]
            silent = self._silent.pop(gap.parent, None) or self._listener(gap)
            reached = silent.end
            try:
                for _ in handed_over(silent, gap.children, silent.records()):
                    pass
            except TapPardotError as found:
                error = silent.classify(found)
                if isinstance(error, (ConfigurationError, RunStopped)):
                    raise error from None
                for child in gap.children:
                    child.unheard[gap.parent] = _told(gap.parent, error)
                self.gaps.pop(0)
                continue
            for child in gap.children:
                child.saw(gap.parent, reached)
            if reached >= gap.end:
                self.gaps.pop(0)
            silent.save()

    def note_failures(self) -> None:
        """Tell the children of parents that were not read to their end."""
        for name, followers in self.followers.items():
            line = self._tap.report.line(name)
            if line.end is not Status.DONE:
                kind = StreamSkipped if line.end is Status.SKIPPED else StreamFailed
                for child in followers:
                    child.unheard.setdefault(name, _told(name, kind(line.message)))

    # --- STATE ---

    def parts(self) -> dict[str, dict[str, Any]]:
        """Return the parts of STATE that tell of parents and children."""
        self._part_from_failed()
        for name, joined in self._joined.items():
            reached = self._tap.parent(name).reached
            for child in self.followers[name]:
                # One that is behind stays so until its gap is closed.
                if reached is not None and self._seen(child, name) >= joined:
                    child.saw(name, reached)
        if not any(child.overflows for child in self.children):
            for child in self.children:
                child.keep()
            self._kept = self._parts()
            return self._kept
        children = {child.name: child for child in self.children}
        return {
            name: children[name].overflowing(part) if name in children else part
            for name, part in self._kept.items()
        }

    def _part_from_failed(self) -> None:
        """Let the next run hand over again what a failed child has missed."""
        missed = {child.name for child in self.children if child.missed}
        if not missed:
            return
        for name in self.parents:
            state = self._tap.parent(name).stream_state
            for part in (state, state.get("feed") or {}):
                if part.get("children"):
                    part["children"] = sorted({*part["children"]} - missed)

    def _parts(self) -> dict[str, dict[str, Any]]:
        streams = [*map(self._tap.parent, self.parents), *self.children]
        return {stream.name: deepcopy(stream.stream_state) for stream in streams}


class FanOut:
    """All families of a run.

    Args:
        tap: The tap; its streams must be there.
        children: Those selected, in the order they are read.
    """

    def __init__(self, tap: TapPardot, children: list[Child]) -> None:
        self._tap = tap
        self.children = children
        groups: dict[str, list[Child]] = {}
        for child in children:
            groups.setdefault(child.family, []).append(child)
        self._families = {name: Family(tap, members) for name, members in groups.items()}
        self._begun = False

    def begin(self, *, passing: bool) -> None:
        """Let the children follow their parents, once per run.

        Args:
            passing: Whether the selected parents are still to be read in this run.
        """
        if self._begun:
            return
        self._begun = True
        for family in self._families.values():
            family.begin(passing=passing)
        if passing:
            self._part_from_others()

    def _part_from_others(self) -> None:
        """Let no child follow a parent that reads on without it."""
        for name in SILENT.keys() & self._tap.streams.keys():
            parent = self._tap.parent(name)
            followed = any(name in family.followers for family in self._families.values())
            if parent.selected and not followed and parent.stream_state.get("children"):
                parent.stream_state["children"] = None

    def submit(self) -> None:
        """Create the export jobs of what is read silently."""
        for family in self._families.values():
            family.submit()

    @property
    def overdue(self) -> list[Child]:
        """The children to read before their parents."""
        return [child for child in self.children if child.overdue]

    def passing(
        self, stream: PardotStream, records: Iterator[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """Return a stream's records, which its children are handed as they pass."""
        for family in self._families.values():
            if stream.name in family.followers:
                return handed_over(stream, family.followers[stream.name], records)
        return records

    def make_ready(self, child: Child) -> None:
        """Make sure that a child has all its ids, and is told why if not."""
        self.begin(passing=False)
        family = self._families[child.family]
        family.close_gaps()
        family.note_failures()
        for each in family.children:
            each.ready = True

    def written(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return the STATE to write, in which no parent is ahead of what is kept of its ids."""
        if not self._begun:
            return state
        parts: dict[str, Any] = {}
        for family in self._families.values():
            parts |= family.parts()
        return state | {"bookmarks": state.get("bookmarks", {}) | parts}


def handed_over(
    parent: PardotStream, children: Iterable[Child], records: Iterator[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield a parent's records, without what only its children need of them.

    No child is handed again what it has seen, but by a parent that is to be read whole.
    """
    first = next(records, None)
    if first is None:
        return
    name, time = parent.name, time_column(parent)
    takes: list[tuple[Callable[..., None], str]] = []
    for child in children:
        child.hear(name)
        seen = child.seen(name) if parent.incremental else None
        takes.append((child.take, "" if seen is None else to_iso(seen)))
    superfluous = [column for column in parent.handed if column not in parent.columns]
    for record in chain((first,), records):
        when = record.get(time)
        for take, seen_text in takes:
            if when is None or when >= seen_text:
                take(name, record, when)
        for column in superfluous:
            record.pop(column, None)
        yield record


def time_column(parent: PardotStream) -> str:
    """Return the column by which a parent's windows go; empty if there is none."""
    return "created_at" if parent.bookmark_is_id else parent.declared_key or ""


def columns_for(parent: PardotStream, children: Iterable[Child]) -> tuple[str, ...]:
    """Return what children need of a parent's records."""
    needed = [column for child in children for column in child.feeds[parent.name]]
    return tuple(dict.fromkeys([*needed, *filter(None, [time_column(parent)])]))


def _told(parent: str, error: TapPardotError) -> TapPardotError:
    """Return a parent's failure as it is told of a child."""
    say = f"Not all ids are known, because of {parent}: {error}"
    return StreamSkipped(say) if isinstance(error, StreamSkipped) else StreamFailed(say)
