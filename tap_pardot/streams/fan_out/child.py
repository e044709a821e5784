"""A child stream in a run: what its parents have passed to it, and its part of STATE.

``pending``
    Ids that parents named and that are not read yet, as :func:`tap_pardot.state.id_set.pack`.
``seen``
    By parent, the instant up to which its rows were passed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_pardot.errors import ENDS_RUN, StreamFailed, TapPardotError
from tap_pardot.records.block import size_of
from tap_pardot.records.times import parse_instant, to_iso
from tap_pardot.streams.assembly import new_decoder
from tap_pardot.streams.fan_out.child_sources import child_source
from tap_pardot.sync.reading import Reading
from tap_pardot.sync.report import Status, unexpected
from tap_pardot.sync.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_pardot.api.dialect import Row
    from tap_pardot.records.block import Block
    from tap_pardot.records.times import Window
    from tap_pardot.sources.base import Page
    from tap_pardot.sources.visits import SharedVisits
    from tap_pardot.streams.base import PardotStream
    from tap_pardot.streams.variants import Variant
    from tap_pardot.sync.context import SyncContext

_UNFINISHED = "the run ended before everything was read"


class Child:
    """One child in a run.

    Args:
        stream: The stream.
        sync: What is fixed for the run.
        shared: By object, what the streams of the run share that take the same answers.
        read_parents: Reads what parents still have to pass on, in the stream's own turn.
        parents: The parents that can be read, with the columns needed; None for all.
        variant: How the stream is read as a child; None if it is read as one in this run.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        stream: PardotStream,
        sync: SyncContext,
        shared: dict[str, SharedVisits],
        read_parents: Callable[[Child], None] = lambda _: None,
        parents: Mapping[str, tuple[str, ...]] | None = None,
        variant: Variant | None = None,
    ) -> None:
        variant = variant or stream.variant
        columns = [name for name in stream.columns if name not in variant.lacks]
        self.stream = stream
        self.name = stream.name
        self.parents = variant.parents if parents is None else parents
        self.source = child_source(stream, sync, self, shared, variant)
        self.parent_errors: dict[str, TapPardotError] = {}
        """Why not all rows of a parent were passed on in this run, by parent."""
        self.failure: TapPardotError | None = None
        """Why the stream takes nothing more in this run, found in another stream's turn."""
        self._sync = sync
        self._read_parents = read_parents
        self._state: dict[str, Any] = stream.stream_state
        self.reading = Reading(
            name=stream.name,
            windows=ChildWindows(self, sync.end),
            source=self.source,
            decoder=new_decoder(stream, sync, columns, variant=variant),
            key=None,
            result=sync.report.result_of(stream.name),
            write_state=sync.write_state,
        )

    @property
    def is_active(self) -> bool:
        """Whether the stream has not failed."""
        return self.failure is None and self.reading.result.status is not Status.FAILED

    # --- what parents have passed on ---

    def is_covered_by(self, part: Mapping[str, Any]) -> bool:
        """Return whether a reading has passed its records to this stream from its beginning.

        A stream that was taken out of STATE starts over, whatever the parent's part says.

        Args:
            part: The part of STATE that is about the reading.
        """
        return self.name in (part.get("children") or []) and "pending" in self._state

    def synced_until(self, parent: str) -> datetime:
        """Return the instant up to which a parent's rows were passed on."""
        text = (self._state.get("seen") or {}).get(parent)
        return self._sync.start if text is None else parse_instant(text)

    def is_new(self, parent: str) -> bool:
        """Return whether no row of a parent was ever passed on."""
        return parent not in (self._state.get("seen") or {})

    def mark_synced(self, parent: str, until: datetime) -> None:
        """Note that a parent's rows were passed on up to an instant, if not further."""
        seen = dict(self._state.get("seen") or {})
        latest = until if self.is_new(parent) else max(self.synced_until(parent), until)
        self._state["seen"] = seen | {parent: to_iso(latest)}

    def leave_out_history(self) -> None:
        """Let parents begin at the run's end if another parent names all ids, in the first run.

        What the first lookups find holds all that the records before have changed. Where another
        version of the API has read the stream before, that parent begins where the others stand.
        """
        complete: str | None = getattr(self.stream.endpoint, "complete_parent", None)
        if complete is None:
            self._go_back_to_others()
        if complete is None or not self.is_new(complete):
            return
        others = [name for name in self.parents if name != complete]
        are_known = not any(map(self.is_new, others))
        start = min(map(self.synced_until, others)) if others and are_known else self._sync.start
        self.mark_synced(complete, start)
        for name in filter(self.is_new, others):
            self.mark_synced(name, self._sync.end)

    def _go_back_to_others(self) -> None:
        """Let parents begin where one stands that only another version of the API has.

        If the reading of the parent that names all ids was interrupted, the ids are those that the
        other parents have named since.
        """
        seen: dict[str, str] = self._state.get("seen") or {}
        others = seen.keys() - self.parents.keys()
        if not others:
            return
        start = min(self.synced_until(name) for name in others)
        known = self.parents.keys() & seen.keys()
        earlier = {name: to_iso(min(self.synced_until(name), start)) for name in known}
        self._state["seen"] = seen | earlier | dict.fromkeys(others, to_iso(self._sync.end))

    # --- in another stream's turn ---

    def check(self) -> None:
        """Read a few pending ids, to see whether the stream may be read.

        Errors as of :meth:`read_pending`.
        """
        self._read(self.source.check())

    def read_pending(self) -> None:
        """Read the pending ids.

        Raises:
            RunStopped: Pardot ended the run early.
            ConfigurationError: No stream can be read.
        """
        self._read(self.source.pages(None))

    def _read(self, pages: Iterable[Page]) -> None:
        self.reading.result.message = _UNFINISHED
        try:
            for page in pages:
                for block in self.reading.page_blocks(page):
                    self.stream.write_block(block)
        except TapPardotError as error:
            self._fail(self._sync.classify(error))
        except Exception as error:  # noqa: BLE001 - it must not end the stream whose turn it is
            self._fail(StreamFailed(unexpected(error)))
        self.reading.write_state()

    def write_rows(self, rows: Iterable[Row]) -> None:
        """Write rows, unless the stream has failed."""
        if found := [*rows]:
            self._write(self.reading.decoder.block(found))

    def write(self, record: Mapping[str, Any]) -> None:
        """Write a record, unless the stream has failed."""
        self._write({name: [value] for name, value in record.items()})

    def _write(self, block: Block) -> None:
        """Write records. A stream map that fails ends this stream, not the one being read."""
        if self.failure is not None:
            return
        try:
            self.stream.write_block(block)
        except StreamFailed as error:
            self._fail(error)
        else:
            self.reading.result.rows += size_of(block)
            self.reading.result.message = _UNFINISHED

    def _fail(self, error: TapPardotError) -> None:
        if isinstance(error, ENDS_RUN):
            raise error
        self.failure = error

    # --- in its own turn ---

    def complete(self) -> None:
        """Let parents pass on all that they can, and add the ids that no parent names.

        Raises:
            TapPardotError: The stream has failed before.
        """
        self._read_parents(self)
        if self.failure is not None:
            raise self.failure
        self.source.complete()

    def raise_parent_errors(self) -> None:
        """Raise the error of a parent, because not all ids are known.

        Raises:
            StreamFailed: A parent has failed; this comes before a skipped one.
            StreamSkipped: A parent was skipped.
        """
        errors = self.parent_errors.values()
        for error in sorted(errors, key=lambda each: not isinstance(each, StreamFailed)):
            raise error


class ChildWindows(Windows):
    """The one window of a child: all pending ids, after its parents were read.

    Args:
        child: The child.
        end: The run's end.
    """

    def __init__(self, child: Child, end: datetime) -> None:
        self._child = child
        self._end = end

    def __iter__(self) -> Iterator[None]:
        """Yield None once; errors as of :meth:`Child.complete`."""
        self._child.complete()
        yield None

    def close(self, window: Window | None) -> str:  # noqa: ARG002
        """Return the run's end; errors as of :meth:`Child.raise_parent_errors`."""
        self._child.raise_parent_errors()
        return f"up to {to_iso(self._end)}"
