"""One reading of a stream: windows -> source -> decoder -> records -> bookmark."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_pardot.errors import RequestTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_pardot.records.decoder import Decoder
    from tap_pardot.records.times import Window
    from tap_pardot.sources.base import Page, Source
    from tap_pardot.sync.report import StreamResult
    from tap_pardot.sync.windows import Windows

    Record = dict[str, Any]

logger = logging.getLogger("tap-pardot")


@dataclass(frozen=True)
class Reading:
    """Reads a stream once, for one selection of columns, with one bookmark.

    Attributes:
        name: The stream, for the log.
        windows: Yields the windows to read, and moves the bookmark.
        source: Yields the rows of a window.
        decoder: Makes records of rows.
        key: The replication key, which is compared with a page's bounds.
        result: Counts the rows, and stores how far the stream was read.
        write_state: Writes STATE, after all records written so far.
    """

    name: str
    windows: Windows
    source: Source
    decoder: Decoder
    key: str | None
    result: StreamResult
    write_state: Callable[[], None]

    def records(self) -> Iterator[Record]:
        """Yield the records. The bookmark moves when all records of a page were consumed.

        Raises:
            TapPardotError: The stream cannot be read any further.
        """
        for left in self.windows:
            window = None if left is None else self.source.next_window(left)
            try:
                yield from self._window(window)
            except RequestTooLarge as error:
                if window is None:
                    raise
                self.source.split(window, error)
                continue
            self.source.close(window)
            reached = self.windows.close(window)
            self.write_state()
            self.result.mark_done(reached)

    def log_conversion_errors(self) -> None:
        """Log how many values of each column became null, and how many were changed."""
        for column, number in sorted(self.decoder.conversion_errors.items()):
            logger.warning(
                "%s.%s: %d value%s did not fit the column's type and became null.",
                self.name,
                column,
                number,
                "" if number == 1 else "s",
            )
        for column, number in sorted(self.decoder.repaired.items()):
            logger.warning(
                "%s.%s: %d value%s changed: NUL characters were removed, because PostgreSQL "
                "refuses them, and what is not UTF-8 became U+FFFD.",
                self.name,
                column,
                number,
                " was" if number == 1 else "s were",
            )

    def _window(self, window: Window | None) -> Iterator[Record]:
        for page in self.source.pages(window):
            yield from self.page_records(page)

    def page_records(self, page: Page) -> Iterator[Record]:
        """Yield the records of a page; then save the bookmark and write STATE."""
        for record in self._decoded(page):
            yield record
            self.result.rows += 1
        if page.without_id:
            logger.warning(
                "%s: %d rows without a usable id were left out.", self.name, page.without_id
            )
        if page.save is not None:
            page.save()
            self.write_state()

    def _decoded(self, page: Page) -> Iterable[Record]:
        decode = self.decoder if page.fields is None else self.decoder.for_cells(page.fields)
        records: Iterable[Record] = map(decode, page.rows)
        if page.bounds != (None, None) and self.key is not None:
            records = _within(records, self.key, *page.bounds)
        return _with_values(records, page.values) if page.values else records


def _within(
    records: Iterable[Record], key: str, start: str | None, end: str | None
) -> Iterator[Record]:
    """Yield the records whose time is in [start, end), and those without a time.

    ISO 8601 strings in UTC of fixed width compare like instants.
    """
    for record in records:
        moment = record.get(key)
        if moment is None or ((start is None or start <= moment) and (end is None or moment < end)):
            yield record


def _with_values(records: Iterable[Record], values: Any) -> Iterator[Record]:
    for record in records:
        record.update(values)
        yield record
