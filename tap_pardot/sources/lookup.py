"""Sources of rows that exist only through other streams' records: one call per id.

Parents' records pass to :meth:`ChildSource.on_parent_record`. The ids that they name are read a
few at a time, in their order, when many are pending and when all parents are through.
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

    from tap_pardot.api.dialect import Dialect, Lookup, Row
    from tap_pardot.errors import TapPardotError
    from tap_pardot.records.times import Window
    from tap_pardot.sources.base import Call

logger = logging.getLogger("tap-pardot")

SAVE_EVERY = 20
"""Calls between two STATEs; a killed run makes so many again at most."""

_SOME_ID = 1
"""An id to ask for where no other is known: that it is unknown shows that one may ask."""


class ChildSource(Source):
    """A source whose rows exist only through other streams' records."""

    @property
    def is_full(self) -> bool:
        """Whether ids should be read before parents pass more records."""
        return False

    @abstractmethod
    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Take what is needed of a parent's record.

        Args:
            parent: The parent stream.
            record: Its record, with at least the columns that the endpoint names.
            when: The record's time in UTC, by which the parent's windows go.
        """

    def complete(self) -> None:
        """Add what no parent names; called once, when all parents are through.

        Raises:
            TapPardotError: Pardot was asked, and refuses.
        """

    def check(self) -> Iterator[Page]:
        """Yield the rows of a few pending ids, to see whether the stream may be read.

        Raises:
            StreamSkipped: The account may not read the object.
            StreamFailed: The ids are refused.
        """
        yield from ()

    @abstractmethod
    def probe(self) -> None:
        """Make one small call that shows whether the stream may be read.

        Raises:
            TapPardotError: It may not.
        """

    def save_state(self) -> None:
        """Put into STATE what is still to be read; called before STATE is written."""


class RowsOfParents(ChildSource):
    """Rows that are part of parents' records: written while these pass, at no call.

    Args:
        rows_of: Returns the rows in a parent's record.
        write: Writes a record.
        columns: The selected columns.
        state: The stream's part of STATE, changed in place.
        probe: Asks whether the parent's object may be read.
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
        """Yield nothing: all rows are out."""
        yield from ()

    def probe(self) -> None:
        """Ask for the parent's object."""
        self._probe()

    def save_state(self) -> None:
        """Note that the stream follows its parents."""
        self._state["pending"] = None


class Answer(NamedTuple):
    """What was found under an id.

    Attributes:
        row: The row; None if Pardot has none.
        values: Columns that Pardot does not send.
    """

    row: Row | None
    values: Mapping[str, Any] = {}


@dataclass
class IdLookup:
    """Which ids a stream reads, and how one of them is read.

    A subclass is what is special about one stream.

    Attributes:
        name: The stream, for the log.
        call: Makes the calls.
        dialect: Builds the requests.
        endpoint: What is asked.
        state: The stream's part of STATE, changed in place.
        columns: The selected columns.
        now: Returns Pardot's time.
        recent_days: The setting ``email_stats_days``.
    """

    name: str
    call: Call
    dialect: Dialect
    endpoint: Lookup
    state: dict[str, Any]
    columns: Sequence[str]
    now: Callable[[], datetime]
    recent_days: int
    pending: PendingIds = field(init=False)

    def __post_init__(self) -> None:
        """Take up what an earlier run left."""
        self.pending = PendingIds(unpack(self.state.get("pending")))
        self._marks = OverflowMarks(self.state.get("marks"))

    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Add the id that a parent's record names, if it names one."""
        self.enqueue(record.get(self.endpoint.parents[parent][0]), parent, when)

    def enqueue(self, number: int | None, parent: str, when: str | None) -> None:
        """Add an id, unless there is none, or it was read already."""
        if number is None or number <= 0:
            return
        if not (self._marks and self._marks.cover(parent, number, when)):
            self.pending.add(number)

    def complete(self) -> None:
        """Add the ids that no parent names; called once, when all parents are through."""

    def waiting(self) -> list[int]:
        """Return the ids to read now, in their order."""
        return self.pending.waiting()

    def ask(self, number: int) -> Answer:
        """Return what is found under an id; errors as of the client."""
        return Answer(self.call(self.dialect.lookup(self.endpoint, number)) or None)

    def probe(self) -> None:
        """Ask for some id."""
        self.ask(_SOME_ID)

    def mark_read(self, number: int) -> None:
        """Note that an id is out, or that there is nothing to be read under it."""
        self.pending.mark_read(number)

    def finish(self) -> None:
        """Forget what was needed only until all ids were read."""
        if "marks" in self.state:
            self.state["marks"] = None

    def save_state(self) -> None:
        """Put into STATE what is still to be read."""
        self.state["pending"] = self.pending.to_state()


class LookupSource(ChildSource):
    """Reads pending ids, one call for each.

    An id that Pardot does not know or may not give out costs only itself. Where the oldest and
    the newest pending id are both refused, it is not the ids: the stream ends and keeps them.

    Args:
        lookup: The ids, and how one is read.
        threads: How many calls are made at once.
        classify: Returns what a failure ends, the stream or the run.
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
        """Whether ids should be read before parents pass more records."""
        return self._lookup.pending.is_full

    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Add the ids that a parent's record names."""
        self._lookup.on_parent_record(parent, record, when)

    def complete(self) -> None:
        """Add the ids that no parent names; errors as of the client."""
        self._lookup.complete()

    def probe(self) -> None:
        """Ask for some id; errors as of the client."""
        try:
            self._lookup.probe()
        except StreamFailed as error:
            if error.code not in UNKNOWN_RECORD:
                raise

    def save_state(self) -> None:
        """Put into STATE what is still to be read."""
        self._lookup.save_state()

    def check(self) -> Iterator[Page]:
        """Yield the rows of the oldest pending id, or else of the newest; errors as of the base."""
        numbers = self._lookup.waiting()
        if numbers:
            for number, answer in self._first_answers(numbers).items():
                if number in numbers:
                    yield self._page(number, answer, is_saved=True)

    def pages(self, window: Window | None) -> Iterator[Page]:  # noqa: ARG002
        """Yield the rows of the pending ids, one in a page, in the order of the ids.

        Raises:
            StreamSkipped: The account may not read the object; the ids stay pending.
            StreamFailed: It is not single ids that are refused; they stay pending.
        """
        numbers = self._lookup.waiting()
        if not numbers:
            return
        first = self._first_answers(numbers)
        good = next(number for number, answer in first.items() if isinstance(answer, Answer))

        def ask(number: int) -> tuple[int, Answer | TapPardotError]:
            return number, first[number] if number in first else self._answer(number)

        answers = prefetch(ask, numbers, self._threads)
        for count, (number, answer) in enumerate(answers, start=1):
            if isinstance(answer, Answer):
                good = number
            elif isinstance(answer, StreamFailed):
                self._check_still_answered(good, answer)
            page = self._page(number, answer, is_saved=count % SAVE_EVERY == 0)
            yield page
            if page.save is None:
                self._done(number, answer)

    def close(self, window: Window | None) -> None:  # noqa: ARG002
        """Report what could not be read.

        Raises:
            StreamFailed: Ids were refused; they stay pending.
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

    def _page(self, number: int, answer: Answer | TapPardotError, *, is_saved: bool) -> Page:
        save = partial(self._done, number, answer) if is_saved else None
        if isinstance(answer, Answer) and answer.row is not None:
            return Page([answer.row], values=answer.values, save=save)
        return Page((), save=save)

    def _done(self, number: int, answer: Answer | TapPardotError) -> None:
        """Note what became of an id."""
        if isinstance(answer, StreamFailed):
            self._failure = answer
            self._lookup.pending.postpone(number)
            return
        if isinstance(answer, StreamSkipped):
            self._denied += 1
        elif isinstance(answer, Answer) and answer.row is None:
            self._unknown += 1
        self._lookup.mark_read(number)

    def _answer(self, number: int) -> Answer | TapPardotError:
        """Return what is found under an id, or why it is refused."""
        try:
            return self._lookup.ask(number)
        except (StreamSkipped, StreamFailed) as error:
            return Answer(None) if error.code in UNKNOWN_RECORD else error
        except Outage as outage:
            failure = self._classify(outage)
            if isinstance(failure, StreamFailed):
                return failure
            raise failure from None

    def _first_answers(self, numbers: Sequence[int]) -> dict[int, Answer | TapPardotError]:
        """Ask for the oldest id and, if that is refused, for the newest.

        Raises:
            StreamSkipped: The account may read neither of them.
            StreamFailed: Both are refused.
        """
        oldest, newest = numbers[0], numbers[-1]
        answers = {oldest: self._answer(oldest)}
        if not isinstance(answers[oldest], Answer):
            other = newest if newest != oldest else _SOME_ID
            if other not in answers:
                answers[other] = self._answer(other)
            _raise_if_all_refused(answers.values())
        return answers

    def _check_still_answered(self, good: int, failure: StreamFailed) -> None:
        """Ask again for an id that was answered: if that fails too, the stream has failed."""
        _raise_if_all_refused([self._answer(good), failure])


def _raise_if_all_refused(answers: Collection[Answer | TapPardotError]) -> None:
    """Raise a refusal, if there are only refusals; a failure rather than a missing right."""
    refusals = [answer for answer in answers if not isinstance(answer, Answer)]
    if len(refusals) == len(answers):
        raise next((each for each in refusals if isinstance(each, StreamFailed)), refusals[-1])
