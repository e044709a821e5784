"""Sources of child streams: the ids come from the records of parent streams; one call per id.

Each record of a parent is passed to :meth:`ChildSource.on_parent_record`, which adds its ids to
the pending ones. Pending ids are looked up in their order, several at a time, when there are many
and when all parents are read.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_pardot.api.codes import UNKNOWN_RECORD
from tap_pardot.errors import Outage, StreamFailed, StreamSkipped
from tap_pardot.sources.base import Page, Source
from tap_pardot.sources.prefetch import prefetch
from tap_pardot.state.id_set import PendingIds, unpack
from tap_pardot.state.overflow_marks import OverflowMarks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_pardot.api.dialect import Lookup, Row
    from tap_pardot.api.protocols import LookupDialect
    from tap_pardot.errors import TapPardotError
    from tap_pardot.records.times import Window
    from tap_pardot.sources.base import Call

logger = logging.getLogger("tap-pardot")

SAVE_EVERY = 20
"""Calls after which STATE is written; a killed run repeats at most that many."""

_ANY_ID = 1
"""The id to look up when no other is known. The answer "unknown record" shows the right to read."""


class ChildSource(Source):
    """The source of a child stream, whose ids or rows come from the records of parent streams."""

    @property
    def is_full(self) -> bool:
        """Whether so many ids are pending that they should be read before parents go on."""
        return False

    @abstractmethod
    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Add the ids, or write the rows, of a parent's record.

        Args:
            parent: The parent stream.
            record: Its record, with at least the columns that the endpoint names.
            when: The time of the record that the parent's windows are filtered by, in UTC.
        """

    def complete(self) -> None:
        """Add the ids that no parent names; called once, when all parents are read.

        Raises:
            TapPardotError: Pardot refuses the call that lists them.
        """

    def check(self) -> Iterator[Page]:
        """Yield the rows of one or two pending ids, as a check whether the stream may be read.

        Raises:
            StreamSkipped: The account may not read the object.
            StreamFailed: The ids are refused.
        """
        yield from ()

    @abstractmethod
    def probe(self) -> None:
        """Make one small call that shows whether the stream may be read.

        Raises:
            TapPardotError: The stream cannot be read.
        """

    def save_state(self) -> None:
        """Put the pending ids into STATE; called before STATE is written."""


class RowsOfParents(ChildSource):
    """Rows that are part of parents' records. They are written when a parent's record is passed.

    Args:
        rows_of: Returns the rows in a parent's record.
        write: Writes a record.
        columns: The selected columns.
        state: The stream's part of STATE, changed in place.
        probe: Makes a call that shows whether the parent's object may be read.
    """

    def __init__(
        self,
        rows_of: Callable[[Mapping[str, Any]], Iterable[Row]],
        write: Callable[[Row], None],
        columns: Sequence[str],
        state: dict[str, Any],
        probe: Callable[[], object],
    ) -> None:
        self._rows_of = rows_of
        self._write = write
        self._columns = columns
        self._state = state
        self._probe = probe

    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:  # noqa: ARG002
        """Write the rows of a parent's record."""
        for row in self._rows_of(record):
            self._write({name: row[name] for name in self._columns})

    def pages(self, window: Window | None) -> Iterator[Page]:  # noqa: ARG002
        """Yield nothing: all rows were written with their parents' records."""
        yield from ()

    def probe(self) -> None:
        """Make a call for the parent's object; errors as of the base."""
        self._probe()

    def save_state(self) -> None:
        """Mark in STATE that the stream was read: ``Child.is_covered_by`` looks for the key."""
        self._state["pending"] = None


class LookupResult(NamedTuple):
    """The result of looking up an id.

    Attributes:
        row: The row; None if Pardot has no record with the id.
        values: Values of columns that Pardot does not send.
    """

    row: Row | None
    values: Mapping[str, Any] = {}


@dataclass
class IdLookup:
    """The pending ids of a stream, and how one id is looked up.

    Subclasses hold the special rules of single streams.

    Attributes:
        name: The stream, for the log.
        call: Makes the calls.
        dialect: Builds the requests.
        endpoint: The stream's declaration.
        state: The stream's part of STATE, changed in place.
        columns: The selected columns.
        now: Returns Pardot's time.
        recent_days: The setting ``email_stats_days``.
        other: Another dialect and its declaration, for ids that the first one refuses; None if
            there is none.
        pending: The ids that are still to be read.
    """

    name: str
    call: Call
    dialect: LookupDialect
    endpoint: Lookup
    state: dict[str, Any]
    columns: Sequence[str]
    now: Callable[[], datetime]
    recent_days: int
    other: tuple[LookupDialect, Lookup] | None = None
    pending: PendingIds = field(init=False)

    def __post_init__(self) -> None:
        """Load the pending ids of an earlier run from STATE."""
        self.pending = PendingIds(unpack(self.state.get("pending")))
        self._marks = OverflowMarks(self.state.get("marks"))

    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Add the id that a parent's record names, if it names one."""
        self.enqueue(record.get(self.endpoint.parents[parent][0]), parent, when)

    def enqueue(self, number: int | None, parent: str, when: str | None) -> None:
        """Add an id, unless it is None, no valid id, or was read already."""
        if number is None or number <= 0:
            return
        if not (self._marks and self._marks.cover(parent, number, when)):
            self.pending.add(number)

    def complete(self) -> None:
        """Add the ids that no parent names; called once, when all parents are read."""

    def waiting(self) -> list[int]:
        """Return the ids to read now, in ascending order."""
        return self.pending.waiting()

    def ask(self, number: int) -> LookupResult:
        """Look up an id and return the result; errors as of the client."""
        return LookupResult(self.call(self.dialect.lookup(self.endpoint, number)) or None)

    def probe(self) -> None:
        """Look up any id; errors as of the client."""
        self.ask(_ANY_ID)

    def mark_read(self, number: int) -> None:
        """Remove an id from the pending ones: its row is written, or Pardot has none."""
        self.pending.mark_read(number)

    def finish(self) -> None:
        """Drop from STATE what was needed only until all ids were read."""
        if "marks" in self.state:
            self.state["marks"] = None

    def save_state(self) -> None:
        """Put the pending ids into STATE."""
        self.state["pending"] = self.pending.to_state()


class LookupSource(ChildSource):
    """Looks up the pending ids, one call for each.

    An id that Pardot does not know, or that the API user may not read, is dropped and counted. If
    the oldest and the newest pending id are both refused, the stream itself is refused: it ends,
    and its ids stay pending.

    Args:
        lookup: The ids, and how one is looked up.
        threads: How many calls are made at once.
        classify: Returns an outage as a failure of the stream or of the run.
    """

    def __init__(
        self,
        lookup: IdLookup,
        threads: int,
        classify: Callable[[TapPardotError], TapPardotError],
    ) -> None:
        self._lookup = lookup
        self._threads = threads
        self._classify = classify
        self._unknown = 0
        self._denied = 0
        self._failure: StreamFailed | None = None

    @property
    def is_full(self) -> bool:
        """Whether so many ids are pending that they should be read before parents go on."""
        return self._lookup.pending.is_full

    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Add the ids that a parent's record names."""
        self._lookup.on_parent_record(parent, record, when)

    def complete(self) -> None:
        """Add the ids that no parent names; errors as of the client."""
        self._lookup.complete()

    def probe(self) -> None:
        """Look up any id; errors as of the client, but an unknown record is no error."""
        try:
            self._lookup.probe()
        except StreamFailed as error:
            if error.code not in UNKNOWN_RECORD:
                raise

    def save_state(self) -> None:
        """Put the pending ids into STATE."""
        self._lookup.save_state()

    def check(self) -> Iterator[Page]:
        """Yield the row of the oldest pending id, and if that is refused, of the newest.

        Errors as of the base.
        """
        numbers = self._lookup.waiting()
        if numbers:
            for number, found in self._first_results(numbers).items():
                if number in numbers:
                    yield self._page(number, found, is_saved=True)

    def pages(self, window: Window | None) -> Iterator[Page]:  # noqa: ARG002
        """Yield the rows of the pending ids, one row in a page, in the order of the ids.

        Raises:
            StreamSkipped: The account may not read the object; the ids stay pending.
            StreamFailed: The stream is refused, not single ids; the ids stay pending.
        """
        numbers = self._lookup.waiting()
        if not numbers:
            return
        first = self._first_results(numbers)
        answered = next(n for n, found in first.items() if isinstance(found, LookupResult))

        def look_up(number: int) -> tuple[int, LookupResult | TapPardotError]:
            return number, first[number] if number in first else self._look_up(number)

        results = prefetch(look_up, numbers, self._threads)
        for count, (number, found) in enumerate(results, start=1):
            if isinstance(found, LookupResult):
                answered = number
            elif isinstance(found, StreamFailed):
                self._check_still_answered(answered, found)
            page = self._page(number, found, is_saved=count % SAVE_EVERY == 0)
            yield page
            if page.save is None:
                self._record_result(number, found)

    def close(self, window: Window | None) -> None:  # noqa: ARG002
        """Log how many ids were dropped.

        Raises:
            StreamFailed: Single ids failed; they stay pending.
        """
        self._lookup.finish()
        if self._unknown:
            logger.warning(
                "%s: Pardot does not know %d of the ids that other records name (any more).",
                self._lookup.name,
                self._unknown,
            )
        if self._denied:
            logger.warning(
                "%s: the API user may not read %d of the ids that other records name.",
                self._lookup.name,
                self._denied,
            )
        if self._failure is not None:
            raise self._failure

    def _page(self, number: int, found: LookupResult | TapPardotError, *, is_saved: bool) -> Page:
        save = partial(self._record_result, number, found) if is_saved else None
        if not isinstance(found, LookupResult) or found.row is None:
            return Page((), save=save)
        rows_of = self._lookup.endpoint.rows_of
        rows = [found.row] if rows_of is None else [*rows_of(found.row)]
        return Page([rows] if rows else (), values=found.values, save=save)

    def _record_result(self, number: int, found: LookupResult | TapPardotError) -> None:
        """Remove an id from the pending ones, or postpone it to the next run if it failed."""
        if isinstance(found, StreamFailed):
            self._failure = found
            self._lookup.pending.postpone(number)
            return
        if isinstance(found, StreamSkipped):
            self._denied += 1
        elif isinstance(found, LookupResult) and found.row is None:
            self._unknown += 1
        self._lookup.mark_read(number)

    def _look_up(self, number: int) -> LookupResult | TapPardotError:
        """Return the result of looking up an id, or the error if it is refused or fails.

        Raises:
            TapPardotError: The run cannot go on.
        """
        try:
            return self._lookup.ask(number)
        except (StreamSkipped, StreamFailed) as error:
            return LookupResult(None) if error.code in UNKNOWN_RECORD else error
        except Outage as outage:
            failure = self._classify(outage)
            if isinstance(failure, StreamFailed):
                return failure
            raise failure from None

    def _first_results(self, numbers: Sequence[int]) -> dict[int, LookupResult | TapPardotError]:
        """Look up the oldest id and, if that is refused, the newest; return the results by id.

        Raises:
            StreamSkipped: The account may read neither of them.
            StreamFailed: Both are refused.
        """
        oldest, newest = numbers[0], numbers[-1]
        results = {oldest: self._look_up(oldest)}
        if not isinstance(results[oldest], LookupResult):
            other = newest if newest != oldest else _ANY_ID
            if other not in results:
                results[other] = self._look_up(other)
            _raise_if_all_refused(results.values())
        return results

    def _check_still_answered(self, answered: int, failure: StreamFailed) -> None:
        """Look up an id again that was answered before.

        Raises:
            StreamFailed: It fails too, so the stream has failed and not a single id.
        """
        _raise_if_all_refused([self._look_up(answered), failure])


def _raise_if_all_refused(results: Collection[LookupResult | TapPardotError]) -> None:
    """Raise one of the errors if all results are errors; a StreamFailed, if there is one."""
    refusals = [found for found in results if not isinstance(found, LookupResult)]
    if len(refusals) == len(results):
        raise next((each for each in refusals if isinstance(each, StreamFailed)), refusals[-1])
