"""The base classes of streams that exist only through others.

Parents hand over ids (or whole rows) while their records pass, see ``streams.fan_out``; a
child reads its ids afterwards, each once in a run. In a child's part of STATE:

``pending``
    Ids that were handed over and are not read yet, as :func:`tap_pardot.state.id_set.pack`.
``seen``
    By parent, the instant up to which its rows were handed over.
``marks``
    A list only after a run that ended while there were too many ids for STATE, which kept the
    parents' windows open; each is ``{"id", "start", "end", "parents"}``: all ids up to the one
    that rows of these parents named in [start, end) are out.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from tap_pardot.api.codes import UNKNOWN_RECORD
from tap_pardot.errors import Outage, StreamFailed, StreamSkipped, TapPardotError
from tap_pardot.records.times import parse_instant, to_iso
from tap_pardot.sources.prefetch import prefetch
from tap_pardot.state.id_set import MOST_IN_STATE, Pending, pack, unpack
from tap_pardot.streams.base import PardotStream
from tap_pardot.sync.report import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_pardot.tap import TapPardot

_SAVE_EVERY = 20  # calls; so many a killed run makes again at most
DOUBTFUL = 5
"""RejectedFields in a row, after which it may not be the ids."""


class Child(PardotStream):
    """A stream that takes something of other streams' records."""

    feeds: ClassVar[Mapping[str, tuple[str, ...]]]
    """By parent, the columns that are needed of its records."""

    family: ClassVar[str]
    """Children with the same family have the same parents."""

    failure: TapPardotError | None = None
    """What ends this stream, found in another stream's turn."""

    ready = False
    """Whether everything of this run was handed over, as far as it can be."""

    def __init__(self, tap: TapPardot) -> None:
        super().__init__(tap)
        self.unheard: dict[str, TapPardotError] = {}
        """By parent, why not all of its rows were handed over in this run."""
        self.read_up_to = 0
        """All ids of this run up to this one are out."""
        self._earliest = to_iso(datetime.max.replace(tzinfo=UTC))

    # --- what parents hand over ---

    def take(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Take what this stream needs of a parent's record.

        Args:
            parent: The parent stream.
            record: Its record, with at least the columns of :attr:`feeds`.
            when: The record's time, by which the parent's windows go; in UTC.
        """
        raise NotImplementedError

    @cached_property
    def pending(self) -> Pending:
        """The ids still to be read."""
        return Pending(unpack(self.stream_state.get("pending")), once=self._was_overflowing)

    @cached_property
    def _was_overflowing(self) -> bool:
        return self.stream_state.get("marks") is not None

    @cached_property
    def overdue(self) -> bool:
        """Whether the ids in STATE are read before parents hand over more.

        Else runs that end early again and again would read the parents' windows each time, and
        come no further.
        """
        return self._was_overflowing and bool(self.pending.few())

    @property
    def overflows(self) -> bool:
        """Whether there are too many ids for STATE."""
        return self.pending.overflows

    @cached_property
    def _marks(self) -> list[dict[str, Any]]:
        """What interrupted runs have read although STATE does not tell by its windows."""
        return list(self.stream_state.get("marks") or [])

    def hear(self, parent: str) -> None:
        """A parent begins to hand over."""
        self._marks = [mark for mark in self._marks if parent in mark["parents"]]

    def want(self, number: int | None, when: str | None) -> None:
        """Add an id, unless it is out already."""
        if number is None or number <= 0:
            return
        if when is not None:
            self._earliest = min(self._earliest, when)
            for mark in self._marks:
                if number <= mark["id"] and mark["start"] <= when < mark["end"]:
                    return
        self.pending.add(number)

    def stands_in(self, kept: Mapping[str, Any]) -> bool:
        """Whether a reading has handed over to this stream from its beginning.

        Args:
            kept: The part of STATE that is about the reading. Whoever takes a stream out of STATE
                wants it to start over, whatever is said of it elsewhere.
        """
        return self.name in (kept.get("children") or []) and "pending" in self.stream_state

    def seen(self, parent: str) -> datetime | None:
        """Return the instant up to which a parent's rows were handed over."""
        text = (self.stream_state.get("seen") or {}).get(parent)
        return None if text is None else parse_instant(text)

    @property
    def missed(self) -> bool:
        """Whether rows were handed over that are neither out nor kept as pending ids."""
        return False

    def saw(self, parent: str, until: datetime) -> None:
        """Note that a parent's rows were handed over up to an instant, if not further."""
        seen = dict(self.stream_state.get("seen") or {})
        latest = max(self.seen(parent) or until, until)
        self.stream_state["seen"] = seen | {parent: to_iso(latest)}

    def write(self, record: dict[str, Any]) -> None:
        """Write a record in another stream's turn, unless this stream has failed.

        A stream map that fails ends this stream and not the other one.
        """
        if self.failure is not None:
            return
        try:
            super().write(record)
        except StreamFailed as error:
            self.failure = error
        else:
            self.line.rows += 1

    # --- STATE ---

    def keep(self) -> None:
        """Put into STATE what is still to be read; called before STATE is written."""
        self.stream_state["pending"] = pack(self.pending.few())

    def overflowing(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Return this stream's part of STATE while the parents' windows are kept open.

        Args:
            kept: The part that fits to the windows.
        """
        # What was written once is null when it is done, and not gone.
        self.stream_state.setdefault("marks", None)
        marks = list(kept.get("marks") or [])
        heard = sorted(self.feeds.keys() - self.unheard.keys())
        if self.read_up_to and heard:
            end = to_iso(self.run.end)
            mark = {"id": self.read_up_to, "start": self._earliest, "end": end, "parents": heard}
            marks.append(mark)
        rest = [each for each in unpack(kept.get("pending")) if each > self.read_up_to]
        return kept | {"pending": pack(rest), "marks": marks}

    # --- the run ---

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records of all ids that were handed over."""
        if self.overdue:
            try:
                yield from self.read()
            finally:
                self.overdue = False
            return
        self.tap.fan_out.make_ready(self)
        try:
            yield from self.read()
        except StreamSkipped:
            self._give_up()
            raise
        self.pending.clear()
        if "marks" in self.stream_state:
            self.stream_state["marks"] = None
        self.save()
        # What failed is worth an exit code; what was skipped is not.
        for error in sorted(self.unheard.values(), key=lambda e: isinstance(e, StreamSkipped)):
            raise error
        self.line.done(self.tells())

    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log; where the SDK announces a replication method, tell through whom this is read."""
        if message.startswith("Beginning sync of"):
            message, args = "Beginning sync of '%s' through %s", (self.name, ", ".join(self.feeds))
        super().log(message, *args, level=level, **kwargs)

    @property
    def reached_text(self) -> str | None:
        """The run's end, if all ids up to there were read."""
        return to_iso(self.run.end) if self.line.end is Status.DONE else None

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the records of the pending ids; nothing where rows were handed over whole."""
        if self.failure is not None:
            raise self.failure
        yield from ()

    def tells(self) -> str:
        """Return how far the stream is."""
        return f"up to {to_iso(self.run.end)}"

    def done_with(self, number: int, *, all_before: bool = True) -> None:
        """An id is out, and so are all before it, unless one of them is to be tried again."""
        self.pending.discard(number)
        if self.ready and all_before:
            self.read_up_to = number

    def _give_up(self) -> None:
        """Keep no more ids than STATE takes, where the account may not read this object."""
        if let_go := self.pending.shrink():
            self.logger.warning(
                "%s: only the last %d ids are kept until the stream may be read; %d are let go, "
                "which only a full refresh of the stream brings.",
                self.name,
                MOST_IN_STATE,
                let_go,
            )


class ReadChild(Child):
    """One call for each id."""

    def __init__(self, tap: TapPardot) -> None:
        super().__init__(tap)
        self._youngest = 0
        self._youngest_row: dict[str, Any] | TapPardotError | None = None
        self._asking = threading.Lock()

    def fetch(self, number: int) -> dict[str, Any]:
        """Return the row of an id; empty, if Pardot has nothing under it.

        Raises:
            TapPardotError: As the table in ``errors.py`` says.
        """
        raise NotImplementedError

    def probe(self) -> str:
        """Ask for an id that may be anything: that it is unknown shows that one may ask."""
        try:
            self.fetch(1)
        except StreamFailed as error:
            if error.code not in UNKNOWN_RECORD:
                raise
        return ""

    def ids(self) -> Iterator[int]:
        """Yield the ids to read, in their order."""
        yield from self.pending

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the records, a few calls at once, in the order of the ids."""
        tally, ids = Tally(), iter(self.pending) if self.overdue else self.ids()
        self._youngest, self._youngest_row = max(self.pending, default=0), None
        for number, row in prefetch(self._tried, ids, self.run.max_concurrent_requests):
            tally.note(row)
            if tally.doubts and self._all_are_refused(tally):
                break
            if isinstance(row, TapPardotError):
                continue
            if row:
                self.line.rows += 1
                yield self.record(row)
            self.done_with(number, all_before=tally.failed is None)
            if tally.count % _SAVE_EVERY == 0:
                self.save()
        self._close(tally)

    def record(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the record of a row."""
        return self.decoder(row)

    def _tried(self, number: int) -> tuple[int, dict[str, Any] | TapPardotError]:
        """Return the row of an id, or why there is none; empty, if Pardot has none."""
        if number != self._youngest:
            return number, self._answer(number)
        with self._asking:  # its turn may have come while it was to tell of the others
            if self._youngest_row is None:
                self._youngest_row = self._answer(number)
            return number, self._youngest_row

    def _answer(self, number: int) -> dict[str, Any] | TapPardotError:
        try:
            return self.fetch(number)
        except (StreamSkipped, StreamFailed) as error:
            return {} if error.code in UNKNOWN_RECORD else error
        except Outage as outage:
            failure = self.classify(outage)
            if isinstance(failure, StreamFailed):
                return failure  # this id's own, as far as is known
            raise failure from None

    def _all_are_refused(self, tally: Tally) -> bool:
        """Whether it is not these ids that are refused: the youngest one tells."""
        _, row = self._tried(self._youngest)
        tally.trusts = not isinstance(row, TapPardotError)
        return not tally.trusts

    def _close(self, tally: Tally) -> None:
        """Tell what could not be read.

        Raises:
            StreamSkipped: The account may not read the object; the ids are kept.
            StreamFailed: Ids were refused; they are kept.
        """
        if tally.unknown:
            self.logger.warning(
                "%s: Pardot does not know %d of the ids that other records name (any more).",
                self.name,
                tally.unknown,
            )
        if tally.last is not None and (tally.doubts or not tally.answered):
            raise tally.last
        if tally.denied:
            self.logger.warning(
                "%s: the API user may not read %d of the ids that other records name.",
                self.name,
                tally.denied,
            )
        if tally.failed is not None:
            raise tally.failed


@dataclass
class Tally:
    """What became of a stream's ids."""

    count: int = 0
    answered: int = 0
    unknown: int = 0
    denied: int = 0
    in_a_row: int = 0
    last: TapPardotError | None = None
    """The last refusal."""
    failed: StreamFailed | None = None
    """The last refusal that is not a matter of rights."""
    trusts: bool = False
    """Whether a row of refusals is known to be these ids' own."""

    @property
    def doubts(self) -> bool:
        """Whether so many refusals came in a row that it may not be the ids."""
        return self.in_a_row >= DOUBTFUL and not self.trusts

    def note(self, row: dict[str, Any] | TapPardotError) -> None:
        """Count what became of one id."""
        self.count += 1
        if not isinstance(row, TapPardotError):
            self.answered += 1
            self.unknown += not row
            self.in_a_row = 0
            return
        self.in_a_row += 1
        self.last = row
        if isinstance(row, StreamFailed):
            self.failed = row
        else:
            self.denied += 1
