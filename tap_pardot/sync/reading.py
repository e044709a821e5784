"""One reading of a stream: windows -> source -> decoder -> records -> bookmark."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_pardot.errors import RequestTooLarge
from tap_pardot.records.block import records_of, size_of, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_pardot.records.block import Block
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
        cell_decoder: Makes records of cells, if they have other names than rows.
        refused_columns: Returns the columns of the fields that Pardot has refused so far.
    """

    name: str
    windows: Windows
    source: Source
    decoder: Decoder
    key: str | None
    result: StreamResult
    write_state: Callable[[], None]
    cell_decoder: Decoder | None = None
    refused_columns: Callable[[], frozenset[str]] = frozenset

    def records(self) -> Iterator[Record]:
        """Yield the records of :meth:`blocks`, one by one; errors as of that."""
        for block in self.blocks():
            yield from records_of(block)

    def blocks(self) -> Iterator[Block]:
        """Yield the records; the bookmark covers what was yielded when the next block is asked for.

        Raises:
            TapPardotError: The stream cannot be read on.
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
        decoders = [self.decoder, *filter(None, [self.cell_decoder])]
        errors = sum((each.conversion_errors for each in decoders), Counter[str]())
        repaired = sum((each.repaired for each in decoders), Counter[str]())
        for column, number in sorted(errors.items()):
            logger.warning(
                "%s.%s: %d value%s did not fit the column's type and became null.",
                self.name,
                column,
                number,
                "" if number == 1 else "s",
            )
        for column, number in sorted(repaired.items()):
            logger.warning(
                "%s.%s: %d value%s changed: NUL characters were removed, because PostgreSQL "
                "refuses them, and what is not UTF-8 became U+FFFD.",
                self.name,
                column,
                number,
                " was" if number == 1 else "s were",
            )

    def _window(self, window: Window | None) -> Iterator[Block]:
        for page in self.source.pages(window):
            yield from self.page_blocks(page)

    def page_blocks(self, page: Page) -> Iterator[Block]:
        """Yield the records of a page, and move the bookmark past them."""
        cells = self.cell_decoder or self.decoder
        decode = self.decoder.block if page.fields is None else cells.for_cells(page.fields)
        for rows in page.blocks:
            block = decode(rows)
            if self.key is not None and page.bounds != (None, None):
                block = within(block, self.key, *page.bounds)
            for name in page.lacks:
                block.pop(name, None)
            if size := size_of(block):
                yield block | {name: [value] * size for name, value in page.values.items()}
                self.result.rows += size
        if page.without_id:
            logger.warning(
                "%s: %d rows without a usable id were left out.", self.name, page.without_id
            )
        if page.save is not None:
            page.save()
            self.write_state()
