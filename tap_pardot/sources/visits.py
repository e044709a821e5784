"""The source of visits: one call for many visitors, shared by all streams that use visits."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from heapq import merge
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from tap_pardot.api.codes import TOO_MANY_IDS, UNKNOWN_RECORD
from tap_pardot.api.dialect import Filters
from tap_pardot.errors import RequestTooLarge, StreamFailed, TapPardotError
from tap_pardot.sources.base import Page
from tap_pardot.sources.lookup import ChildSource
from tap_pardot.sources.offset_paging import by_offset
from tap_pardot.sources.paging import row_id
from tap_pardot.sources.prefetch import prefetch
from tap_pardot.state.id_set import PendingIds, unpack
from tap_pardot.state.overflow_marks import OverflowMarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from tap_pardot.api.dialect import Row
    from tap_pardot.records.times import Window
    from tap_pardot.sources.paging import QueryCalls

logger = logging.getLogger("tap-pardot")

MAX_UNKNOWN = 5
"""Unknown visitors after which the stream fails, if no visitor is known."""


class VisitCalls:
    """Asks for the visits of some visitors.

    Args:
        calls: Asks for a page.
    """

    def __init__(self, calls: QueryCalls) -> None:
        self._calls = calls
        self._most_ids: int | None = None

    def visits(self, ids: list[int]) -> list[Row]:
        """Return visits; in smaller parts, if Pardot wants fewer ids, from then on.

        Raises:
            TapPardotError: Pardot refuses.
        """
        done, visits = 0, []
        while done < len(ids):
            part = ids[done:][: self._most_ids]
            try:
                visits += self._ask(part, can_split=len(part) > 1)
            except (RequestTooLarge, StreamFailed) as error:
                if error.code in UNKNOWN_RECORD:
                    visits += self._visits_of_known(part)
                elif len(part) > 1 and _needs_fewer_ids(error):
                    self._ask_for_fewer(len(part) // 2, error)
                    continue
                else:
                    raise
            done += len(part)
        return visits

    def probe(self) -> None:
        """Ask for a visit of some visitor; errors as of the client."""
        self._calls.page(Filters(visitor_ids=(1,)), limit=1)

    def _ask(self, ids: list[int], *, can_split: bool = False) -> list[Row]:
        pages = by_offset(self._calls, Filters(visitor_ids=ids), can_split=can_split)
        return [row for rows in pages for row in rows]

    def _ask_for_fewer(self, number: int, error: TapPardotError) -> None:
        self._most_ids = min(self._most_ids or number, number)
        logger.warning("%s: %s Visitors of a call: %d.", self._calls.stream, error, self._most_ids)

    def _visits_of_known(self, ids: list[int]) -> list[Row]:
        """Return the visits of those visitors that Pardot still knows, asked for by halves.

        Args:
            ids: The visitors, among whom is one that Pardot does not know.

        Raises:
            TapPardotError: None of the first visitors is known, so the stream itself is refused.
        """
        visits: list[Row] = []
        parts, unknown, known = [*_halves(ids)], int(len(ids) == 1), False
        while parts:
            part = parts.pop(0)
            try:
                visits += self._ask(part)
                known = True
            except StreamFailed as failure:
                if failure.code not in UNKNOWN_RECORD:
                    raise
                unknown += len(part) == 1
                if unknown >= MAX_UNKNOWN and not known:
                    raise
                parts[:0] = _halves(part)
        logger.warning(
            "%s: Pardot does not know %d of the visitors (any more).", self._calls.stream, unknown
        )
        return visits


def _needs_fewer_ids(error: TapPardotError) -> bool:
    return isinstance(error, RequestTooLarge) or error.code == TOO_MANY_IDS


def _halves(ids: list[int]) -> list[list[int]]:
    """Return two halves of some ids; none of a single one."""
    middle = len(ids) // 2
    return [ids[:middle], ids[middle:]] if middle else []


@dataclass
class SharedVisits:
    """State shared by the streams that use the same visits.

    Attributes:
        batch: Visitors of one call.
        threads: How many calls are made at once.
        sources: The sources.
        failure: Why no more visits can be read in this run.
    """

    batch: int
    threads: int
    sources: list[VisitSource] = field(default_factory=list)
    failure: TapPardotError | None = None


class VisitSource(ChildSource):
    """Visits of pending visitors. The first stream that is read makes the calls for all.

    Args:
        calls: Asks for visits.
        state: The stream's part of STATE, changed in place.
        shared: What is shared with the other streams.
        rows_of: Returns the stream's rows in a visit; those without an id are left out.
        write_rows: Writes rows in another stream's turn.
        is_active: Returns whether the stream has not failed.
        classify: Returns what a failure ends, the stream or the run.
    """

    def __init__(  # noqa: PLR0913
        self,
        calls: QueryCalls,
        state: dict[str, Any],
        shared: SharedVisits,
        *,
        rows_of: Callable[[Mapping[str, Any]], Iterable[Row]],
        write_rows: Callable[[Iterable[Row]], None],
        is_active: Callable[[], bool],
        classify: Callable[[TapPardotError], TapPardotError],
    ) -> None:
        self._name = calls.stream
        self._calls = VisitCalls(calls)
        self._state = state
        self._shared = shared
        self._rows_of = rows_of
        self._write_rows = write_rows
        self._is_active = is_active
        self._classify = classify
        self._marks = OverflowMarks(state.get("marks"))
        self._without_id = 0
        self.pending = PendingIds(unpack(state.get("pending")))
        shared.sources.append(self)

    @property
    def is_full(self) -> bool:
        """Whether ids should be read before parents pass more records."""
        return self.pending.is_full

    def on_parent_record(self, parent: str, record: Mapping[str, Any], when: str | None) -> None:
        """Add the id of a visitor."""
        number = record["id"]
        if number is not None and number > 0 and not self._marks.cover(parent, number, when):
            self.pending.add(number)

    def probe(self) -> None:
        """Ask for a visit of some visitor; errors as of the client."""
        self._calls.probe()

    def check(self) -> Iterator[Page]:
        """Yield the rows of one call; errors as of the base."""
        yield from self._pages(islice(self._batches(), 1))

    def pages(self, window: Window | None) -> Iterator[Page]:  # noqa: ARG002
        """Yield the stream's rows of all pending visitors, those of one call in a page.

        Raises:
            TapPardotError: Pardot refuses; the ids stay pending.
        """
        yield from self._pages(self._batches())

    def close(self, window: Window | None) -> None:  # noqa: ARG002
        """Report rows without a key."""
        if "marks" in self._state:
            self._state["marks"] = None
        if self._without_id:
            logger.warning(
                "%s: %d rows without a usable id were left out.", self._name, self._without_id
            )

    def save_state(self) -> None:
        """Put into STATE whose visits are still to be read."""
        self._state["pending"] = self.pending.to_state()

    def _batches(self) -> Iterator[list[int]]:
        """Yield the visitors of all streams, as many at a time as one call takes."""
        waiting = (source.pending.waiting() for source in self._active())
        ids = (number for number, _ in groupby(merge(*waiting)))
        while batch := list(islice(ids, self._shared.batch)):
            yield batch

    def _active(self) -> list[VisitSource]:
        return [source for source in self._shared.sources if source._is_active()]  # noqa: SLF001

    def _pages(self, batches: Iterator[list[int]]) -> Iterator[Page]:
        if self._shared.failure is not None:
            raise self._shared.failure

        def ask(batch: list[int]) -> tuple[list[int], list[Row]]:
            return batch, self._calls.visits(batch)

        try:
            for batch, visits in prefetch(ask, batches, self._shared.threads):
                for source in self._active():
                    if source is not self:
                        source._write_rows(source.rows(visits))  # noqa: SLF001
                rows = [*self.rows(visits)]
                yield Page([rows] if rows else (), save=partial(self._done, batch))
        except TapPardotError as error:
            self._shared.failure = self._classify(error)
            raise self._shared.failure from None

    def rows(self, visits: Iterable[Row]) -> Iterator[Row]:
        """Yield the stream's rows in some visits."""
        for visit in visits:
            for row in self._rows_of(visit):
                if row_id(row) > 0:
                    yield row
                else:
                    self._without_id += 1

    def _done(self, batch: list[int]) -> None:
        """Note that the visits of these visitors are written."""
        for source in self._active():
            for number in batch:
                source.pending.mark_read(number)
