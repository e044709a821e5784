"""Fan-out: parents' records are passed to the streams that are read through them, the children.

A parent that is read in the run passes its records on as they are emitted. What it has read
before a child was selected, or everything if the parent itself is not selected, is read for the
children only. STATE holds how far each parent's rows were passed to each child, and the ids that
are not read yet. When many ids are pending, the parent pauses while its children read them, so
STATE stays small and a killed run loses nothing.
"""

from __future__ import annotations

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
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.child import Child
    from tap_pardot.tap import TapPardot


class MissedRange(NamedTuple):
    """Rows of one parent that were not passed to some children, from the earliest on."""

    parent: str
    children: list[Child]
    end: datetime


class Taker(NamedTuple):
    """What takes a parent's records, from a time on."""

    child: Child
    take: Callable[[str, dict[str, Any], str | None], None]
    synced: str


class ParentGroup:
    """Children and their common parents.

    Args:
        tap: The tap.
        children: Those selected.
        pass_on: Passes a parent's records to children.
    """

    def __init__(
        self,
        tap: TapPardot,
        children: list[Child],
        pass_on: Callable[..., Iterator[dict[str, Any]]],
    ) -> None:
        self._tap = tap
        self._pass_on = pass_on
        self.children = children
        self.parents = list(dict.fromkeys(name for child in children for name in child.parents))
        self.followers: dict[str, list[Child]] = {}
        """By parent that is read in this run, the children that its records are passed to."""
        self.missed: list[MissedRange] = []
        self._joined: dict[str, datetime] = {}
        """By parent that goes on from its bookmark, where that was."""
        self._silent: dict[str, Silent] = {}

    def begin(self, *, passing: bool) -> None:
        """Find out whose records are passed to whom, and what must be read for children only.

        Args:
            passing: Whether the selected parents are still to be read in this run.
        """
        run = self._tap.run
        for name in self.parents:
            followers = [
                child for child in self.children if name in child.parents and child.is_active
            ]
            parent = self._tap.parent(name)
            end = run.end
            if passing and parent.selected and followers:
                end = min(end, self._follow(parent, followers))
            behind = [child for child in followers if self._synced_until(child, name) < end]
            if behind:
                self.missed.append(MissedRange(name, behind, end))
                self._silent[name] = self._silent_reading(self.missed[-1])

    def _follow(self, parent: PardotStream, followers: list[Child]) -> datetime:
        """Let children follow a parent; return the instant from which on they do."""
        state, names = parent.stream_state, [child.name for child in followers]
        if not all(child.is_covered_by(state) for child in followers):
            # Half of a window may be out already, which was not passed to the new ones.
            parent.bookmark.begin_anew()
        state["children"] = sorted(names)
        parent.extra_columns = columns_for(parent, followers)
        self.followers[parent.name] = followers
        start = self._tap.run.start
        if not parent.incremental:
            return start
        self._joined[parent.name] = parent.reached or start
        return self._joined[parent.name]

    def _synced_until(self, child: Child, parent: str) -> datetime:
        return child.synced_until(parent) or self._tap.run.start

    def _silent_reading(self, missed: MissedRange) -> Silent:
        """Return what reads a missed range, or goes on where an interrupted run was."""
        start = min(self._synced_until(child, missed.parent) for child in missed.children)
        silent = SILENT[missed.parent](
            self._tap, columns_for(self._tap.parent(missed.parent), missed.children)
        )
        silent.begin(Window(start, missed.end), missed.children)
        return silent

    def submit(self) -> None:
        """Create the export jobs of what is read for children only."""
        for silent in self._silent.values():
            silent.submit()

    def read_missed(self) -> None:
        """Read for the children what was not passed to them."""
        while self.missed and not self._tap.report.is_over:
            missed = self.missed[0]
            if not any(child.is_active for child in missed.children):
                self.missed.pop(0)
                continue
            silent = self._silent.pop(missed.parent, None) or self._silent_reading(missed)
            reached = silent.end
            try:
                for _ in self._pass_on(silent, missed.children, silent.records()):
                    if not any(child.is_active for child in missed.children):
                        break
            except TapPardotError as found:
                error = silent.classify(found)
                if isinstance(error, (ConfigurationError, RunStopped)):
                    raise error from None
                for child in missed.children:
                    child.parent_errors[missed.parent] = _as_parent_error(missed.parent, error)
                self.missed.pop(0)
                continue
            for child in filter(_is_active, missed.children):
                child.mark_synced(missed.parent, reached)
            if reached >= missed.end:
                self.missed.pop(0)
            silent.save()

    def note_parent_errors(self) -> None:
        """Tell the children which parents were not read to their end."""
        for name, followers in self.followers.items():
            line = self._tap.report.line(name)
            if line.end is not Status.DONE:
                kind = StreamSkipped if line.end is Status.SKIPPED else StreamFailed
                for child in followers:
                    error = _as_parent_error(name, kind(line.message))
                    child.parent_errors.setdefault(name, error)

    # --- STATE ---

    def update_state(self) -> None:
        """Put into STATE how far the children are."""
        self._detach_failed()
        for name, joined in self._joined.items():
            reached = self._tap.parent(name).reached
            for child in filter(_is_active, self.followers[name]):
                # One that is behind stays so until what it missed is read.
                if reached is not None and self._synced_until(child, name) >= joined:
                    child.mark_synced(name, reached)
        for child in self.children:
            child.source.save_state()

    def _detach_failed(self) -> None:
        """Let the next run pass on again what a child that takes nothing more has missed."""
        failed = {child.name for child in self.children if child.failure is not None}
        if not failed:
            return
        for name in self.parents:
            state = self._tap.parent(name).stream_state
            for part in (state, state.get("feed") or {}):
                if part.get("children"):
                    part["children"] = sorted({*part["children"]} - failed)


class FanOut:
    """All children of a run.

    Args:
        tap: The tap; its streams must be there.
        children: Those selected, in the order they are read.
    """

    def __init__(self, tap: TapPardot, children: list[Child]) -> None:
        self._tap = tap
        self.children = children
        groups: dict[tuple[str, ...], list[Child]] = {}
        for child in children:
            groups.setdefault(tuple(child.parents), []).append(child)
        self._groups = [ParentGroup(tap, members, self._pass_on) for members in groups.values()]
        self._begun = False
        self._takers: list[Taker] = []
        """Those that the parent passes its records to that is being read."""

    def begin(self, *, passing: bool) -> None:
        """Let the children follow their parents, once per run.

        A child that so many ids are pending for that an earlier run could not read them is
        checked first: it takes nothing in this run, if it may still not be read.

        Args:
            passing: Whether the selected parents are still to be read in this run.
        """
        if self._begun:
            return
        for child in self.children:
            if child.source.is_full:
                child.check()
        for group in self._groups:
            group.begin(passing=passing)
        if passing:
            self._detach_from_others()
        self._begun = True

    def _detach_from_others(self) -> None:
        """Let no child follow a parent that reads on without it."""
        for name in SILENT.keys() & self._tap.streams.keys():
            parent = self._tap.parent(name)
            followed = any(name in group.followers for group in self._groups)
            if parent.selected and not followed and parent.stream_state.get("children"):
                parent.stream_state["children"] = None

    def submit(self) -> None:
        """Create the export jobs of what is read for children only."""
        for group in self._groups:
            group.submit()

    def passing(
        self, stream: PardotStream, records: Iterator[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """Return a stream's records, which are passed to its children on the way."""
        for group in self._groups:
            if stream.name in group.followers:
                return self._pass_on(stream, group.followers[stream.name], records)
        return records

    def records_of(self, stream: PardotStream) -> Iterator[dict[str, Any]]:
        """Yield the records of a child, once everything is passed to it that can be."""
        self.begin(passing=False)
        for group in self._groups:
            for child in group.children:
                if child.stream is stream:
                    group.read_missed()
                    group.note_parent_errors()
                    yield from child.records()

    def drain(self) -> None:
        """Read the ids of children that have many, while their parent pauses.

        Called when STATE was just written: it is exact then.
        """
        takers, self._takers = self._takers, []
        try:
            for taker in takers:
                if taker.child.source.is_full:
                    taker.child.read_pending()
        finally:
            takers[:] = [taker for taker in takers if taker.child.is_active]
            self._takers = takers

    def update_state(self) -> None:
        """Put into STATE how far the children are; called before STATE is written."""
        if self._begun:
            for group in self._groups:
                group.update_state()

    def _pass_on(
        self,
        parent: PardotStream,
        children: Sequence[Child],
        records: Iterator[dict[str, Any]],
    ) -> Iterator[dict[str, Any]]:
        """Yield a parent's records, without what only its children need of them.

        A record is not passed again to a child that has it, but by a parent that is read whole.
        """
        first = next(records, None)
        if first is None:
            return
        name, time = parent.name, time_column(parent)
        takers = [
            Taker(child, child.source.on_parent_record, _synced_text(child, parent))
            for child in children
            if child.is_active
        ]
        superfluous = [column for column in parent.extra_columns if column not in parent.columns]
        self._takers = takers
        try:
            for record in chain((first,), records):
                when = record.get(time)
                for _, take, synced in takers:
                    if when is None or when >= synced:
                        take(name, record, when)
                for column in superfluous:
                    record.pop(column, None)
                yield record
        finally:
            self._takers = []


def _synced_text(child: Child, parent: PardotStream) -> str:
    """Return the time from which on a parent's rows are new to a child; empty for all."""
    until = child.synced_until(parent.name) if parent.incremental else None
    return "" if until is None else to_iso(until)


def _is_active(child: Child) -> bool:
    return child.is_active


def time_column(parent: PardotStream) -> str:
    """Return the column by which a parent's windows go; empty if there is none."""
    return "created_at" if parent.bookmark_is_id else parent.declared_key or ""


def columns_for(parent: PardotStream, children: Iterable[Child]) -> tuple[str, ...]:
    """Return what children need of a parent's records."""
    needed = [column for child in children for column in child.parents[parent.name]]
    return tuple(dict.fromkeys([*needed, *filter(None, [time_column(parent)])]))


def _as_parent_error(parent: str, error: TapPardotError) -> TapPardotError:
    """Return a parent's failure as it is reported of a child."""
    message = f"Not all ids are known, because of {parent}: {error}"
    return StreamSkipped(message) if isinstance(error, StreamSkipped) else StreamFailed(message)
